package avifparts

import (
	"bytes"

	"compressor/internal/bitstream"
)

// item is one entry of the item information box, with all that the other boxes say of it
// (ISO/IEC 14496-12, 8.11).
type item struct {
	id          uint32
	kind        string
	contentType string // of a mime item
	encoding    string
	hidden      bool
	protected   bool

	extents    []extent
	inner      bool // extents lie in the item data box, not in the file
	elsewhere  bool // in another file, or in another item
	properties []property
}

// extent is a piece of an item, in bytes.
type extent struct{ offset, length uint64 }

// property is one that an item is associated with; the box is shared.
type property struct {
	box
	essential bool
}

// reference says that item from refers to items to.
type reference struct {
	kind string
	from uint32
	to   []uint32
}

// meta is the file's meta box (ISO/IEC 14496-12, 8.11.1).
type meta struct {
	handler    string
	name       string // of the handler: free text
	primary    uint32
	items      []*item
	byID       map[uint32]*item
	references []reference
	inner      []byte // the item data box
	groups     []string
	unknown    string // a box that is not known, and may matter
}

// readMeta reads the body of the meta box.
func readMeta(body []byte) (*meta, error) {
	r := reader{bitstream.Bytes{Data: body}}
	if version, _ := r.full(); r.Short || version != 0 {
		return nil, corrupt("meta box of version %d", version)
	}
	children, err := boxes(r.Data, false)
	if err != nil {
		return nil, err
	}
	m := &meta{byID: map[uint32]*item{}}
	seen := map[string]bool{}
	for _, b := range children {
		if seen[b.kind] && b.kind != "free" {
			return nil, corrupt("two boxes %q", b.kind)
		}
		seen[b.kind] = true
	}
	// Items first: whatever the order in the file, the other boxes speak of them.
	for _, step := range []struct {
		kind string
		read func(*meta, []byte) error
	}{
		{"hdlr", (*meta).readHandler}, {"pitm", (*meta).readPrimary}, {"iinf", (*meta).readItems},
		{"iloc", (*meta).readLocations}, {"iprp", (*meta).readProperties}, {"iref", (*meta).readReferences},
		{"idat", (*meta).readInner}, {"grpl", (*meta).readGroups},
	} {
		for _, b := range children {
			if b.kind != step.kind {
				continue
			}
			if err := step.read(m, b.body); err != nil {
				return nil, err
			}
		}
		delete(seen, step.kind)
	}
	delete(seen, "free")
	delete(seen, "skip")
	for _, b := range children {
		if seen[b.kind] {
			m.unknown = b.kind
			break
		}
	}
	if m.handler != "pict" || m.byID[m.primary] == nil {
		return nil, corrupt("no primary picture")
	}
	return m, nil
}

func (m *meta) readHandler(body []byte) error {
	r := reader{bitstream.Bytes{Data: body}}
	r.full()
	r.Take(4)
	m.handler = string(r.Take(4))
	r.Take(12)
	if r.Short {
		return corrupt("short handler box")
	}
	m.name = r.text()
	return nil
}

func (m *meta) readPrimary(body []byte) error {
	r := reader{bitstream.Bytes{Data: body}}
	version, _ := r.full()
	m.primary = r.id(version >= 1)
	if r.Short {
		return corrupt("short primary item box")
	}
	return nil
}

// id takes an item's number, of 32 or 16 bits.
func (r *reader) id(long bool) uint32 {
	if long {
		return r.U32()
	}
	return uint32(r.U16())
}

func (m *meta) readItems(body []byte) error {
	r := reader{bitstream.Bytes{Data: body}}
	version, _ := r.full()
	r.id(version > 0) // the count; the boxes themselves tell
	if r.Short {
		return corrupt("short item information box")
	}
	entries, err := boxes(r.Data, false)
	if err != nil {
		return err
	}
	if len(entries) > maxItems {
		return corrupt("%d items", len(entries))
	}
	for _, e := range entries {
		it, err := readItem(e)
		if err != nil {
			return err
		}
		if m.byID[it.id] != nil {
			return corrupt("item %d is listed twice", it.id)
		}
		m.items = append(m.items, it)
		m.byID[it.id] = it
	}
	return nil
}

// readItem reads an item information entry of version 2 or 3; older ones have no type.
func readItem(e box) (*item, error) {
	r := reader{bitstream.Bytes{Data: e.body}}
	version, flags := r.full()
	if e.kind != "infe" || version < 2 || version > 3 {
		return nil, corrupt("item information entry %q of version %d", e.kind, version)
	}
	it := &item{id: r.id(version == 3), hidden: flags&1 != 0}
	it.protected = r.U16() != 0
	it.kind = string(r.Take(4))
	if r.Short {
		return nil, corrupt("short item information entry")
	}
	r.text() // the name
	if it.kind == "mime" {
		it.contentType = r.text()
		it.encoding = r.text()
	}
	return it, nil
}

// readLocations reads the item location box (8.11.3), versions 0 to 2.
func (m *meta) readLocations(body []byte) error {
	r := reader{bitstream.Bytes{Data: body}}
	version, _ := r.full()
	sizes := r.U16()
	size := func(shift int) int { return sizes >> shift & 15 }
	offset, length, base, index := size(12), size(8), size(4), size(0)
	for _, n := range []int{offset, length, base, index} {
		if n != 0 && n != 4 && n != 8 {
			return corrupt("item locations in numbers of %d bytes", n)
		}
	}
	if version > 2 {
		return corrupt("item location box of version %d", version)
	}
	if version == 0 {
		index = 0
	}
	count, total := int(r.id(version == 2)), 0
	for range count {
		it := m.byID[r.id(version == 2)]
		if it == nil {
			if r.Short {
				break
			}
			it = &item{} // a location for no item: read over
		}
		if it.extents != nil {
			return corrupt("item %d is located twice", it.id)
		}
		if version > 0 {
			how := r.U16() & 15
			it.inner, it.elsewhere = how == 1, how > 1
		}
		it.elsewhere = r.U16() != 0 || it.elsewhere
		start := r.Number(base)
		extents := r.U16()
		if total += extents; total > maxExtents {
			return corrupt("more than %d extents", maxExtents)
		}
		it.extents = make([]extent, 0, min(extents, len(r.Data)))
		for range extents {
			r.Number(index)
			from := start + r.Number(offset)
			it.extents = append(it.extents, extent{from, r.Number(length)})
		}
	}
	if r.Short {
		return corrupt("short item location box")
	}
	return nil
}

// readProperties reads the item properties box (ISO/IEC 23008-12, 9.3).
func (m *meta) readProperties(body []byte) error {
	children, err := boxes(body, false)
	if err != nil {
		return err
	}
	var all []box
	for _, b := range children {
		if b.kind != "ipco" {
			continue
		}
		if all != nil {
			return corrupt("two property containers")
		}
		if all, err = boxes(b.body, false); err != nil {
			return err
		}
	}
	if len(all) > maxProperties {
		return corrupt("%d properties", len(all))
	}
	for _, b := range children {
		if b.kind != "ipma" {
			continue
		}
		if err := m.associate(b.body, all); err != nil {
			return err
		}
	}
	return nil
}

// associate reads an item property association box (9.3.1).
func (m *meta) associate(body []byte, all []box) error {
	r := reader{bitstream.Bytes{Data: body}}
	version, flags := r.full()
	for range r.U32() {
		it := m.byID[r.id(version >= 1)]
		if it == nil {
			it = &item{}
		}
		for range r.U8() {
			v := r.U8()
			essential, index := v&0x80 != 0, v&0x7f
			if flags&1 != 0 {
				index = index<<8 | r.U8()
			}
			if index > len(all) || len(it.properties) >= maxProperties {
				return corrupt("property %d of %d", index, len(all))
			}
			if index > 0 {
				it.properties = append(it.properties, property{all[index-1], essential})
			}
		}
		if r.Short {
			return corrupt("short property association box")
		}
	}
	return nil
}

// readReferences reads the item reference box (ISO/IEC 14496-12, 8.11.12).
func (m *meta) readReferences(body []byte) error {
	r := reader{bitstream.Bytes{Data: body}}
	version, _ := r.full()
	if r.Short {
		return corrupt("short item reference box")
	}
	entries, err := boxes(r.Data, false)
	if err != nil {
		return err
	}
	total := 0
	for _, e := range entries {
		r := reader{bitstream.Bytes{Data: e.body}}
		ref := reference{kind: e.kind, from: r.id(version > 0)}
		count := r.U16()
		if total += count; total > maxReferences {
			return corrupt("more than %d references", maxReferences)
		}
		for range count {
			ref.to = append(ref.to, r.id(version > 0))
		}
		if r.Short {
			return corrupt("short item reference")
		}
		m.references = append(m.references, ref)
	}
	return nil
}

func (m *meta) readInner(body []byte) error {
	m.inner = body
	return nil
}

// readGroups notes the kinds of entity groups (ISO/IEC 14496-12, 8.18).
func (m *meta) readGroups(body []byte) error {
	groups, err := boxes(body, false)
	for _, g := range groups {
		m.groups = append(m.groups, g.kind)
	}
	return err
}

// property gives the first property of a kind, or nil.
func (it *item) property(kind string) *property {
	for i := range it.properties {
		if it.properties[i].kind == kind {
			return &it.properties[i]
		}
	}
	return nil
}

// data puts an item's extents together. spent counts what all items together have taken:
// more than the file holds means that they overlap.
func (m *meta) data(it *item, file []byte, spent *int) ([]byte, error) {
	from := file
	if it.inner {
		from = m.inner
	}
	var parts [][]byte
	for _, e := range it.extents {
		if e.offset > uint64(len(from)) {
			return nil, corrupt("item %d lies outside the file", it.id)
		}
		left := uint64(len(from)) - e.offset
		if e.length == 0 && len(it.extents) == 1 {
			e.length = left // the whole of it
		}
		if e.length > left {
			return nil, corrupt("item %d goes on beyond the end", it.id)
		}
		parts = append(parts, from[e.offset:e.offset+e.length])
		if *spent += int(e.length); *spent > len(file) {
			return nil, corrupt("items overlap")
		}
	}
	if len(parts) == 1 {
		return parts[0], nil
	}
	return bytes.Join(parts, nil), nil
}
