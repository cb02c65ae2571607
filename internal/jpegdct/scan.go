package jpegdct

import "compressor/internal/problem"

// Scan is one scan of a progressive script (T.81 G.1.1.1). Components are indices into
// File.Components, ascending. First is 0 for a DC scan, whose Last is then 0 as well; AC
// scans have one component. Ah is the level the coefficients are known at, 0 for their
// first scan; Al the level this scan brings them to.
type Scan struct {
	Components  []int
	First, Last int // zigzag indices
	Ah, Al      int
}

// scanReader decodes the entropy-coded data of one scan.
type scanReader struct {
	Scan
	bits   bitReader
	comps  []*Component
	dc, ac []*huffDecoder // by component of the scan; nil when not needed
	pred   [4]int32
	eobRun int
	decode func(i int, b *Block) error
}

// scan reads a scan whose header is payload and whose data starts at pos. It returns the
// position of the marker behind it.
func (p *parser) scan(payload []byte, pos int) (next int, err error) {
	if p.frame == nil {
		return 0, corrupt("a scan without frame")
	}
	p.file.Scans++
	if p.file.Scans > p.limits.Scans {
		return 0, problem.Over("image.scans", "more", p.limits.Scans)
	}
	r, err := p.scanHeader(payload)
	if err != nil {
		return 0, err
	}
	if err := p.advance(&r.Scan); err != nil {
		return 0, err
	}
	if r.decode, err = r.decoder(p.file.Progressive); err != nil {
		return 0, err
	}
	return p.intervals(r, pos)
}

// scanHeader parses a scan header (T.81 B.2.3) and finds its tables.
func (p *parser) scanHeader(payload []byte) (*scanReader, error) {
	if len(payload) < 1 || payload[0] < 1 || payload[0] > 4 || len(payload) != 4+2*int(payload[0]) {
		return nil, corrupt("a bad scan header")
	}
	n := int(payload[0])
	r := &scanReader{}
	for i := range n {
		id, tables := payload[1+2*i], payload[2+2*i]
		index := -1
		for j := range p.file.Components {
			if p.file.Components[j].ID == id {
				index = j
			}
		}
		if index < 0 || tables>>4 > 3 || tables&15 > 3 {
			return nil, corrupt("a bad component in a scan header")
		}
		if i > 0 && index <= r.Components[i-1] {
			return nil, corrupt("components out of order in a scan header")
		}
		r.Components = append(r.Components, index)
		r.comps = append(r.comps, &p.file.Components[index])
		r.dc = append(r.dc, p.huff[0][tables>>4])
		r.ac = append(r.ac, p.huff[1][tables&15])
		if err := p.latchQuant(index); err != nil {
			return nil, err
		}
	}
	if !p.file.fits(r.Components) {
		return nil, notHandled("more than ten blocks in an MCU")
	}
	tail := payload[1+2*n:]
	r.First, r.Last = int(tail[0]), int(tail[1])
	r.Ah, r.Al = int(tail[2]>>4), int(tail[2]&15)
	if !p.file.Progressive { // decoders ignore what a sequential file says here
		r.First, r.Last, r.Ah, r.Al = 0, 63, 0, 0
	}
	return r, nil
}

// latchQuant gives a component the table that its destination holds when its first scan
// starts, as decoders do.
func (p *parser) latchQuant(index int) error {
	c := &p.file.Components[index]
	if c.Quant[0] != 0 {
		return nil
	}
	q := p.quant[p.frame.components[index].table]
	if q == nil {
		return corrupt("a missing quantization table")
	}
	c.Quant = *q
	return nil
}

// advance checks a scan against what is known of the coefficients so far, and notes what
// is known after it.
func (p *parser) advance(s *Scan) error {
	if p.file.Progressive {
		if err := s.valid(len(p.file.Components)); err != nil {
			return corrupt("a bad scan header")
		}
	}
	for _, index := range s.Components {
		for k := s.First; k <= s.Last; k++ {
			level := &p.level[index][k]
			if s.Ah == 0 && *level != unknown || s.Ah != 0 && int(*level) != s.Ah {
				return notHandled("an unusual order of scans")
			}
			*level = int8(s.Al)
		}
		if s.First > 0 && p.level[index][0] == unknown {
			return notHandled("an unusual order of scans")
		}
	}
	return nil
}

// maxAl is the highest level used: values have eleven bits.
const maxAl = 10

// valid checks a scan by itself, for a frame of n components.
func (s *Scan) valid(n int) error {
	for i, c := range s.Components {
		if c < 0 || c >= n || i > 0 && c <= s.Components[i-1] {
			return errScript("components of a scan out of order")
		}
	}
	switch {
	case len(s.Components) == 0:
		return errScript("a scan without components")
	case s.First == 0 && s.Last != 0:
		return errScript("a progressive scan of both DC and AC")
	case s.First < 0 || s.First > s.Last || s.Last > 63:
		return errScript("a band that is none")
	case s.First > 0 && len(s.Components) != 1:
		return errScript("an AC scan of several components")
	case s.Al < 0 || s.Al > maxAl || s.Ah != 0 && s.Ah != s.Al+1:
		return errScript("a level that does not follow")
	}
	return nil
}

// intervals decodes the restart intervals of a scan.
func (p *parser) intervals(r *scanReader, pos int) (next int, err error) {
	total := p.units(r)
	if p.scratch == nil {
		p.scratch = make([]byte, 0, len(p.data)-pos)
	}
	interval := total
	if p.file.RestartInterval > 0 {
		interval = p.file.RestartInterval
	}
	for done, count := 0, 0; ; count++ {
		p.scratch, next, err = entropyData(p.scratch[:0], p.data, pos)
		if err != nil {
			return 0, err
		}
		r.bits.reset(p.scratch)
		r.pred, r.eobRun = [4]int32{}, 0
		n := min(interval, total-done)
		if err := p.run(r, done, n); err != nil {
			return 0, err
		}
		if err := r.bits.finish(); err != nil {
			return 0, err
		}
		if r.eobRun > 0 {
			return 0, corrupt("a run of empty blocks that passes the end of a scan")
		}
		if done += n; done == total {
			return next, nil
		}
		for p.data[next] == 0xFF { // entropyData saw another byte behind
			next++
		}
		if p.data[next] != markerRST0+byte(count&7) {
			return 0, corrupt("a scan ends early")
		}
		pos = next + 1
	}
}

// units is the number of MCUs of a scan: of one component, its blocks (T.81 A.2).
func (p *parser) units(r *scanReader) int {
	if len(r.comps) == 1 {
		return r.comps[0].Width * r.comps[0].Height
	}
	across, down := p.file.mcus()
	return across * down
}

// run decodes n MCUs from number first on.
func (p *parser) run(r *scanReader, first, n int) error {
	if len(r.comps) == 1 {
		c := r.comps[0]
		for unit := first; unit < first+n; unit++ {
			if err := r.decode(0, &c.Blocks[unit/c.Width*c.Stride+unit%c.Width]); err != nil {
				return err
			}
		}
		return nil
	}
	across, _ := p.file.mcus()
	for unit := first; unit < first+n; unit++ {
		my, mx := unit/across, unit%across
		for i, c := range r.comps {
			for v := range c.V {
				row := c.Blocks[(my*c.V+v)*c.Stride+mx*c.H:][:c.H]
				for h := range row {
					if err := r.decode(i, &row[h]); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}
