package jpegdct

// A table is one Huffman table of the output. Scans share a table where a table of its
// own would cost more than the worse fit.
type table struct {
	hist        histogram
	bits        uint64 // with its best code, the table's own bytes included
	first, last int    // scans that use it
	slot        int    // destination 0…3
	code        *huffCode
}

// plannedScan is a scan whose symbols are counted and whose tables are settled.
type plannedScan struct {
	coder  *scanWriter
	tables [2][]*table // DC and AC, by component of the scan; nil where not needed
}

// plan decides on scans and tables.
func (w *writer) plan(o Options) ([]*plannedScan, error) {
	script := o.Script
	slots := 4
	if o.Progressive {
		w.lists = sparseLists(w.f)
	}
	switch {
	case !o.Progressive:
		script = w.sequentialScript()
		slots = 2 // all that baseline allows
	case script == nil:
		script = searchScript(w.f, w.lists)
	default:
		if err := checkScript(w.f, script); err != nil {
			return nil, err
		}
	}
	p := &planner{slots: slots}
	var scans []*plannedScan
	for i, s := range script {
		e := newScanWriter(w.f, s)
		e.pass(w.coded(s))
		ps := &plannedScan{coder: e}
		for j := range s.Components {
			ps.tables[0] = append(ps.tables[0], p.add(0, i, &e.dc[j]))
			ps.tables[1] = append(ps.tables[1], p.add(1, i, &e.ac[j]))
		}
		e.dc, e.ac = nil, nil
		scans = append(scans, ps)
	}
	p.settle(len(scans))
	for _, ps := range scans {
		for class := range ps.tables {
			for j, t := range ps.tables[class] {
				ps.tables[class][j] = p.final(t)
			}
		}
		e := ps.coder
		for j := range e.scan.Components {
			e.dcCode = append(e.dcCode, ps.tables[0][j].huffCode())
			e.acCode = append(e.acCode, ps.tables[1][j].huffCode())
		}
	}
	return scans, nil
}

// coded is the list of coefficients that an AC scan codes from, or nil.
func (w *writer) coded(s Scan) *sparse {
	if s.First == 0 {
		return nil
	}
	return w.lists[s.Components[0]]
}

func (t *table) huffCode() *huffCode {
	if t == nil {
		return nil
	}
	return t.code
}

// sequentialScript is one interleaved scan where its MCU is small enough, else one scan
// for each component.
func (w *writer) sequentialScript() (script []Scan) {
	var all []int
	for i := range w.f.Components {
		all = append(all, i)
	}
	if w.f.fits(all) {
		return []Scan{sequentialScan(all)}
	}
	for i := range all {
		script = append(script, sequentialScan(all[i:i+1]))
	}
	return script
}

// checkScript checks that a caller's script brings every coefficient to full precision,
// step by step.
func checkScript(f *File, script []Scan) error {
	level := make([][64]int, len(f.Components)) // one above the level; 0 is unknown
	for i := range script {
		s := &script[i]
		if err := s.valid(len(f.Components)); err != nil {
			return err
		}
		if !f.fits(s.Components) {
			return errScript("too many blocks in one MCU")
		}
		for _, c := range s.Components {
			for k := s.First; k <= s.Last; k++ {
				known := level[c][k] - 1
				if s.Ah == 0 && known >= 0 || s.Ah > 0 && known != s.Ah || s.First > 0 && level[c][0] == 0 {
					return errScript("scans out of order")
				}
				level[c][k] = s.Al + 1
			}
		}
	}
	for c := range level {
		for _, l := range level[c] {
			if l != 1 {
				return errScript("coefficients left out")
			}
		}
	}
	return nil
}

// planner merges tables and gives them destinations.
type planner struct {
	slots  int
	tree   huffTree
	tables [2][]*table
	merged map[*table]*table
	// savings keeps what saving has worked out.
	savings map[[2]*table]int64
}

// add makes the table of one component of a scan, or nil when it has no symbols.
func (p *planner) add(class, scan int, h *histogram) *table {
	if *h == (histogram{}) {
		return nil
	}
	t := &table{hist: *h, first: scan, last: scan}
	t.bits = p.bits(h)
	p.tables[class] = append(p.tables[class], t)
	return t
}

// bits is the size of symbols and table. What its DHT segment costs is left out: tables
// of one scan share it.
func (p *planner) bits(h *histogram) uint64 {
	symbols, bytes := p.tree.cost(h)
	return symbols + 8*uint64(bytes)
}

// settle merges tables while that saves bits or destinations are lacking, then gives
// each its destination and code.
func (p *planner) settle(scans int) {
	p.merged, p.savings = map[*table]*table{}, map[[2]*table]int64{}
	for class := range p.tables {
		p.merge(class, scans)
		for p.crowded(class, scans) {
			p.mergePair(class, scans, true)
		}
		var busy [4]int // scan behind the last use
		for scan := range scans {
			for _, t := range p.tables[class] {
				if t.first != scan {
					continue
				}
				for busy[t.slot] > scan {
					t.slot++
				}
				busy[t.slot] = t.last + 1
				t.code = p.tree.code(&t.hist)
			}
		}
	}
}

// merge joins tables for as long as that saves bits.
func (p *planner) merge(class, scans int) {
	for p.mergePair(class, scans, false) {
	}
}

// mergePair joins the two tables whose union saves most, and says whether it did. Unless
// forced, it must save something and leave enough destinations. Among equals the earlier
// pair is taken.
func (p *planner) mergePair(class, scans int, forced bool) bool {
	tables := p.tables[class]
	var bestA, bestB int
	var best int64
	for a := range tables {
		for b := a + 1; b < len(tables); b++ {
			saving := p.saving(tables[a], tables[b])
			if bestB > 0 && saving <= best || !forced && (saving <= 0 || !p.joinable(class, a, b, scans)) {
				continue
			}
			best, bestA, bestB = saving, a, b
		}
	}
	if bestB == 0 {
		return false
	}
	union := join(tables[bestA], tables[bestB])
	union.bits = p.bits(&union.hist)
	p.merged[tables[bestA]], p.merged[tables[bestB]] = union, union
	tables[bestA] = union
	p.tables[class] = append(tables[:bestB:bestB], tables[bestB+1:]...)
	return true
}

// saving is how many bits a and b take less when they share a table.
func (p *planner) saving(a, b *table) int64 {
	key := [2]*table{a, b}
	if d, ok := p.savings[key]; ok {
		return d
	}
	union := join(a, b)
	d := int64(a.bits) + int64(b.bits) - int64(p.bits(&union.hist))
	if a.first != b.first {
		d += 8 * dhtHeaderBytes
	}
	p.savings[key] = d
	return d
}

func join(a, b *table) *table {
	t := &table{hist: a.hist, first: min(a.first, b.first), last: max(a.last, b.last)}
	t.hist.plus(&b.hist)
	return t
}

// joinable says whether joining tables a and b leaves enough destinations.
func (p *planner) joinable(class, a, b, scans int) bool {
	before := p.tables[class]
	after := append([]*table(nil), before...)
	after[a], after[b] = join(before[a], before[b]), &table{first: scans, last: scans}
	p.tables[class] = after
	defer func() { p.tables[class] = before }()
	return !p.crowded(class, scans)
}

// crowded says whether more tables are in use at once than there are destinations.
func (p *planner) crowded(class, scans int) bool {
	for scan := range scans {
		alive := 0
		for _, t := range p.tables[class] {
			if t.first <= scan && scan <= t.last {
				alive++
			}
		}
		if alive > p.slots {
			return true
		}
	}
	return false
}

// final is the table that t was merged into.
func (p *planner) final(t *table) *table {
	for p.merged[t] != nil {
		t = p.merged[t]
	}
	return t
}
