package jpegdct

import "math/bits"

// scanWriter codes one scan, twice: first it counts symbols, then, given codes, it writes
// them. Both passes run the same procedures, so the codes always fit.
type scanWriter struct {
	f        *File
	scan     Scan
	counting bool
	dc, ac   []histogram // by component of the scan
	dcCode   []*huffCode
	acCode   []*huffCode
	raw      uint64 // bits beside the Huffman codes, while counting
	w        bitWriter
	pred     [4]int

	eobRun  int
	runBits []byte // correction bits that belong to the run of finished blocks
	bits    []byte // correction bits of the current block
}

// newScanWriter makes a writer in its counting pass.
func newScanWriter(f *File, s Scan) *scanWriter {
	n := len(s.Components)
	return &scanWriter{f: f, scan: s, counting: true, dc: make([]histogram, n), ac: make([]histogram, n)}
}

// sequentialScan is the whole-block scan of sequential files, which no progressive script
// can hold.
func sequentialScan(components []int) Scan { return Scan{Components: components, First: 0, Last: 63} }

// pass codes all blocks in the order of T.81 A.2. coded lists the coefficients of an AC
// scan's component; other scans need none.
func (e *scanWriter) pass(coded *sparse) {
	e.pred, e.eobRun = [4]int{}, 0
	switch s := &e.scan; {
	case s.First > 0:
		e.band(coded)
	case s.Last > 0:
		e.blocks(e.sequential)
	case s.Ah == 0:
		e.blocks(e.firstDC)
	default:
		e.blocks(e.refineDC)
	}
	if !e.counting {
		e.w.finish()
	}
}

// blocks codes every block of the scan: of one component those of the picture, of
// several whole MCUs.
func (e *scanWriter) blocks(code func(int, *Block)) {
	if len(e.scan.Components) > 1 {
		e.interleaved(code)
		return
	}
	c := &e.f.Components[e.scan.Components[0]]
	for y := range c.Height {
		row := c.Blocks[y*c.Stride:][:c.Width]
		for x := range row {
			code(0, &row[x])
		}
	}
}

func (e *scanWriter) interleaved(code func(int, *Block)) {
	across, down := e.f.mcus()
	for my := range down {
		for mx := range across {
			for i, index := range e.scan.Components {
				c := &e.f.Components[index]
				for v := range c.V {
					row := c.Blocks[(my*c.V+v)*c.Stride+mx*c.H:][:c.H]
					for h := range row {
						code(i, &row[h])
					}
				}
			}
		}
	}
}

// putDC writes or counts a DC symbol of component i and n bits behind it.
func (e *scanWriter) putDC(i, symbol int, extra uint32, n int) {
	if e.counting {
		e.dc[i][symbol]++
		e.raw += uint64(n)
		return
	}
	c := e.dcCode[i]
	e.w.put(uint32(c.code[symbol])<<n|extra, uint(c.length[symbol])+uint(n))
}

// putAC does the same for AC.
func (e *scanWriter) putAC(i, symbol int, extra uint32, n int) {
	if e.counting {
		e.ac[i][symbol]++
		e.raw += uint64(n)
		return
	}
	c := e.acCode[i]
	e.w.put(uint32(c.code[symbol])<<n|extra, uint(c.length[symbol])+uint(n))
}

// value gives size and bits of a signed value (T.81 F.1.2.1).
func value(v int) (size int, extra uint32) {
	sign := v >> (bits.UintSize - 1)
	size = sizeOf((v ^ sign) - sign)
	return size, uint32(v+sign) & (1<<size - 1)
}

// sequential codes a whole block (T.81 F.1.2).
func (e *scanWriter) sequential(i int, b *Block) {
	e.firstDC(i, b)
	last := 0
	for k := 1; k < 64; k++ {
		v := int(b[k])
		if v == 0 {
			continue
		}
		run := k - last - 1
		last = k
		for ; run > 15; run -= 16 {
			e.putAC(i, 0xF0, 0, 0)
		}
		size, extra := value(v)
		e.putAC(i, run<<4|size, extra, size)
	}
	if last < 63 {
		e.putAC(i, 0, 0, 0)
	}
}

// firstDC codes the DC difference (T.81 F.1.2.1, G.1.2.1).
func (e *scanWriter) firstDC(i int, b *Block) {
	dc := int(b[0]) >> e.scan.Al
	size, extra := value(dc - e.pred[i])
	e.pred[i] = dc
	e.putDC(i, size, extra, size)
}

// refineDC codes one more bit of DC.
func (e *scanWriter) refineDC(_ int, b *Block) { e.putRaw(uint32(b[0]>>e.scan.Al) & 1) }

// putRaw writes or counts one bit.
func (e *scanWriter) putRaw(bit uint32) {
	if e.counting {
		e.raw++
		return
	}
	e.w.put(bit, 1)
}

// band codes an AC scan from the list of coefficients that are not zero.
func (e *scanWriter) band(coded *sparse) {
	code := e.firstAC
	if e.scan.Ah > 0 {
		code = e.refineAC
	}
	c := &e.f.Components[e.scan.Components[0]]
	entries, n := coded.entries, 0
	for y := range c.Height {
		row := c.Blocks[y*c.Stride:][:c.Width]
		for x := range row {
			count := coded.count[n]
			code(entries[:count], &row[x])
			entries = entries[count:]
			n++
		}
	}
	if e.eobRun > 0 {
		e.flushRun()
	}
}

// firstAC codes the first bits of a band (T.81 G.1.2.2).
func (e *scanWriter) firstAC(entries []uint16, b *Block) {
	s := &e.scan
	last := s.First - 1
	for _, entry := range entries {
		k, size := int(entry>>4), int(entry&15)-s.Al
		if size <= 0 || k < s.First {
			continue
		}
		if k > s.Last {
			break
		}
		if e.eobRun > 0 {
			e.flushRun()
		}
		run := k - last - 1
		last = k
		for ; run > 15; run -= 16 {
			e.putAC(0, 0xF0, 0, 0)
		}
		// AC is divided by 2^Al towards zero (T.81 G.1.2.1).
		v := int(b[k&63])
		extra := uint32(v >> s.Al)
		if v < 0 {
			extra = ^uint32(-v >> s.Al)
		}
		e.putAC(0, run<<4|size, extra&(1<<size-1), size)
	}
	if last < s.Last {
		e.endBlock()
	}
}

// endBlock adds the block to the run of blocks that are finished for this band.
func (e *scanWriter) endBlock() {
	e.eobRun++
	if e.eobRun == maxRun {
		e.flushRun()
	}
}

// maxRun is the longest run of finished blocks one symbol can state (T.81 table G.1).
const maxRun = 1<<15 - 1

// flushRun writes the run of finished blocks and the correction bits collected in it.
func (e *scanWriter) flushRun() {
	size := sizeOf(e.eobRun) - 1
	e.putAC(0, size<<4, uint32(e.eobRun)&(1<<size-1), size)
	e.eobRun = 0
	e.putBits(&e.runBits)
}

// putBits writes and empties collected correction bits.
func (e *scanWriter) putBits(collected *[]byte) {
	if e.counting {
		e.raw += uint64(len(*collected))
	} else {
		for _, bit := range *collected {
			e.w.put(uint32(bit), 1)
		}
	}
	*collected = (*collected)[:0]
}

// refineAC codes one more bit of a band (T.81 G.1.2.3).
func (e *scanWriter) refineAC(entries []uint16, b *Block) {
	s := &e.scan
	lastNew := 0
	for i := len(entries) - 1; i >= 0 && int(entries[i]>>4) >= s.First; i-- {
		if k := int(entries[i] >> 4); k <= s.Last && int(entries[i]&15) == s.Al+1 {
			lastNew = k
			break
		}
	}
	run, last := 0, s.First-1
	for _, entry := range entries {
		k, size := int(entry>>4), int(entry&15)-s.Al
		if size <= 0 || k < s.First {
			continue
		}
		if k > s.Last {
			break
		}
		run += k - last - 1
		last = k
		for ; run > 15 && k <= lastNew; run -= 16 {
			e.refineSymbol(0xF0, 0, 0)
		}
		v := b[k&63]
		if size > 1 {
			e.bits = append(e.bits, byte(max(v, -v)>>s.Al)&1)
			continue
		}
		sign := uint32(1)
		if v < 0 {
			sign = 0
		}
		e.refineSymbol(run<<4|1, sign, 1)
		run = 0
	}
	if lastNew < s.Last {
		e.runBits = append(e.runBits, e.bits...)
		e.bits = e.bits[:0]
		e.endBlock()
	}
}

// refineSymbol writes a symbol of a refinement scan, what was collected before it, and
// the correction bits passed by its run.
func (e *scanWriter) refineSymbol(symbol int, extra uint32, n int) {
	if e.eobRun > 0 {
		e.flushRun()
	}
	e.putAC(0, symbol, extra, n)
	e.putBits(&e.bits)
}
