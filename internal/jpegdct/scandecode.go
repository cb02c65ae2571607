package jpegdct

// maxValue bounds the magnitude of coefficients: what an 8 bit DCT can yield (T.81
// F.1.2.1, F.1.2.2) and one bit more. Parse checks it once more when all scans are read.
const maxValue = 2047

// decoder picks the procedure for the blocks of a scan and checks that its tables exist.
func (r *scanReader) decoder(progressive bool) (func(int, *Block) error, error) {
	needDC := r.First == 0 && r.Ah == 0
	needAC := r.Last > 0
	for i := range r.comps {
		if needDC && r.dc[i] == nil || needAC && r.ac[i] == nil {
			return nil, corrupt("a missing Huffman table")
		}
	}
	switch {
	case !progressive:
		return r.sequential, nil
	case r.First == 0 && r.Ah == 0:
		return r.firstDC, nil
	case r.First == 0:
		return r.refineDC, nil
	case r.Ah == 0:
		return r.firstAC, nil
	default:
		return r.refineAC, nil
	}
}

// sequential decodes one whole block (T.81 F.2.2).
func (r *scanReader) sequential(i int, blk *Block) error {
	b := &r.bits
	b.fill()
	if err := r.nextDC(i); err != nil {
		return err
	}
	blk[0] = int16(r.pred[i])
	ac := r.ac[i]
	for k := 1; k < 64; k++ {
		if b.n < 32 {
			b.fill()
		}
		rs := ac.decode(b)
		s := uint(rs & 15)
		if s == 0 {
			if rs != 0xF0 {
				break
			}
			k += 15
			continue
		}
		k += int(rs >> 4)
		if k > 63 || s > 11 {
			return corrupt("a coefficient that cannot be")
		}
		blk[k] = int16(b.extend(s))
	}
	if b.overrun() {
		return corrupt("a scan ends early")
	}
	return nil
}

// nextDC decodes a DC difference and adds it to the prediction; 32 bits must be
// available.
func (r *scanReader) nextDC(i int) error {
	b := &r.bits
	s := uint(r.dc[i].decode(b))
	if s > 12 {
		return corrupt("a coefficient that cannot be")
	}
	if s > 0 {
		r.pred[i] += b.extend(s)
		if v := r.pred[i] << r.Al; v > maxValue || v < -maxValue-1 {
			return corrupt("a coefficient that cannot be")
		}
	}
	return nil
}

// firstDC decodes the DC coefficient's first bits (T.81 G.1.2.1).
func (r *scanReader) firstDC(i int, blk *Block) error {
	r.bits.fill()
	if err := r.nextDC(i); err != nil {
		return err
	}
	blk[0] = int16(r.pred[i] << r.Al)
	if r.bits.overrun() {
		return corrupt("a scan ends early")
	}
	return nil
}

// refineDC decodes one more bit of the DC coefficient.
func (r *scanReader) refineDC(_ int, blk *Block) error {
	if r.bits.bit() {
		blk[0] |= 1 << r.Al
	}
	if r.bits.overrun() {
		return corrupt("a scan ends early")
	}
	return nil
}

// firstAC decodes the first bits of a band (T.81 G.1.2.2).
func (r *scanReader) firstAC(_ int, blk *Block) error {
	if r.eobRun > 0 {
		r.eobRun--
		return nil
	}
	b := &r.bits
	ac := r.ac[0]
	for k := r.First; k <= r.Last; k++ {
		if b.n < 32 {
			b.fill()
		}
		rs := ac.decode(b)
		run, s := int(rs>>4), uint(rs&15)
		if s == 0 {
			if run == 15 {
				k += 15
				continue
			}
			r.eobRun = r.endOfBand(run) - 1
			break
		}
		k += run
		if k > r.Last || int(s)+r.Al > 11 {
			return corrupt("a coefficient that cannot be")
		}
		blk[k] = int16(b.extend(s) << r.Al)
	}
	if b.overrun() {
		return corrupt("a scan ends early")
	}
	return nil
}

// endOfBand decodes the length of a run of finished blocks, this one included (T.81
// table G.1).
func (r *scanReader) endOfBand(size int) int {
	if size == 0 {
		return 1
	}
	return 1<<size + int(r.bits.take(uint(size)))
}

// refineAC decodes one more bit of a band (T.81 G.1.2.3).
func (r *scanReader) refineAC(_ int, blk *Block) error {
	b := &r.bits
	k := r.First
	if r.eobRun == 0 {
		for ; k <= r.Last; k++ {
			if b.n < 32 {
				b.fill()
			}
			rs := r.ac[0].decode(b)
			run, s := int(rs>>4), rs&15
			if s > 1 {
				return corrupt("a coefficient that cannot be")
			}
			if s == 0 && run < 15 {
				r.eobRun = r.endOfBand(run)
				break
			}
			value := int16(0)
			if s == 1 {
				value = -1 << r.Al
				if b.bit() {
					value = 1 << r.Al
				}
			}
			k = r.refineRun(blk, k, run)
			if value != 0 {
				if k > r.Last {
					return corrupt("a coefficient that cannot be")
				}
				blk[k] = value
			}
		}
	}
	if r.eobRun > 0 {
		r.refineRun(blk, k, 64)
		r.eobRun--
	}
	if b.overrun() {
		return corrupt("a scan ends early")
	}
	return nil
}

// refineRun corrects the known coefficients from k on until it has passed the given
// number of zero ones, and returns where the next zero one stands, or Last+1.
func (r *scanReader) refineRun(blk *Block, k, zeros int) int {
	bit := int16(1) << r.Al
	for ; k <= r.Last; k++ {
		v := blk[k]
		if v == 0 {
			if zeros == 0 {
				break
			}
			zeros--
			continue
		}
		if !r.bits.bit() {
			continue
		}
		if v > 0 {
			blk[k] = v + bit
		} else {
			blk[k] = v - bit
		}
	}
	return k
}
