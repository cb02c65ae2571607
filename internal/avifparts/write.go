package avifparts

import (
	"encoding/binary"
	"math"

	"compressor/internal/problem"
)

// Contents is what Write puts into a file.
type Contents struct {
	Color      *Picture
	Alpha      *Picture // nil: opaque
	Transforms []Transform
	CICP       CICP
	ICC        []byte
	EXIF, XMP  []byte
	Name       string // free text for the handler box, which no program shows
}

// Write makes a file of the fewest boxes that MIAF (ISO/IEC 23000-22) and the AVIF
// specification ask for. The bitstreams are taken over as they are.
func Write(c Contents) ([]byte, error) {
	w := &writer{shared: map[string]int{}}
	w.picture(c)
	if c.Alpha != nil {
		w.alpha(c)
	}
	w.metadata(c)
	return w.file(c.Name)
}

// entry is one item of the file that is made.
type entry struct {
	info       []byte // its information entry, without the number
	flags      uint32
	properties []byte // indices into the shared properties, with the mark of the essential
	data       []byte
}

// writer gathers items and the properties they share.
type writer struct {
	entries    []entry
	container  []byte         // the property boxes
	shared     map[string]int // box to index
	references []byte
}

// property gives the association to a box, which is stored once.
func (w *writer) property(essential bool, kind string, parts ...[]byte) byte {
	raw := appendBox(nil, kind, parts...)
	index, found := w.shared[string(raw)]
	if !found {
		index = len(w.shared) + 1
		w.shared[string(raw)] = index
		w.container = append(w.container, raw...)
	}
	if essential {
		return byte(index) | 0x80
	}
	return byte(index)
}

// add appends an item and gives its number.
func (w *writer) add(e entry) uint16 {
	w.entries = append(w.entries, e)
	return uint16(len(w.entries))
}

// refer notes a reference from an item to others.
func (w *writer) refer(kind string, from uint16, to ...uint16) {
	body := binary.BigEndian.AppendUint16(nil, from)
	body = binary.BigEndian.AppendUint16(body, uint16(len(to)))
	for _, id := range to {
		body = binary.BigEndian.AppendUint16(body, id)
	}
	w.references = appendBox(w.references, kind, body)
}

// plane describes one coded picture or grid: the properties that come first, those that
// both it and its tiles have, and those it has as a whole.
func (w *writer) plane(p *Picture, common, whole []byte) uint16 {
	id := uint16(len(w.entries) + 1)
	e := entry{info: []byte("av01\x00"), data: p.Data}
	e.properties = append(w.size(p), common...)
	if p.Tiles == nil {
		e.properties = append(append(e.properties, w.config(p)), whole...)
		return w.add(e)
	}
	e.info = []byte("grid\x00")
	e.properties = append(e.properties, whole...)
	w.add(e)
	var tiles []uint16
	for _, t := range p.Tiles {
		const hidden = 1
		tile := entry{info: []byte("av01\x00"), flags: hidden, data: t.Data}
		tile.properties = append(append(w.size(t), common...), w.config(t))
		tiles = append(tiles, w.add(tile))
	}
	w.refer("dimg", id, tiles...)
	return id
}

// size is the spatial extents and the bits of each channel.
func (w *writer) size(p *Picture) []byte {
	sides := make([]byte, 4, 12)
	sides = binary.BigEndian.AppendUint32(sides, uint32(p.Width))
	sides = binary.BigEndian.AppendUint32(sides, uint32(p.Height))
	depth := byte(p.Depth)
	channels := []byte{0, 0, 0, 0, 3, depth, depth, depth}
	if p.Gray {
		channels = []byte{0, 0, 0, 0, 1, depth}
	}
	return []byte{w.property(false, "ispe", sides), w.property(false, "pixi", channels)}
}

func (w *writer) config(p *Picture) byte { return w.property(true, "av1C", p.Config) }

// turns is the transforms, in their order.
func (w *writer) turns(c Contents) []byte {
	var out []byte
	for _, t := range c.Transforms {
		kind := "irot"
		if t.Mirror {
			kind = "imir"
		}
		out = append(out, w.property(true, kind, []byte{byte(t.Value)}))
	}
	return out
}

func (w *writer) picture(c Contents) {
	nclx := []byte("nclx")
	for _, v := range []int{c.CICP.Primaries, c.CICP.Transfer, c.CICP.Matrix} {
		nclx = binary.BigEndian.AppendUint16(nclx, uint16(v))
	}
	full := byte(0)
	if c.CICP.Full {
		full = 0x80
	}
	colors := []byte{w.property(false, "colr", append(nclx, full))}
	if len(c.ICC) > 0 {
		colors = append(colors, w.property(false, "colr", []byte("prof"), c.ICC))
	}
	w.plane(c.Color, colors, w.turns(c))
}

// primary is the number of the colour item, which comes first.
const primary = 1

func (w *writer) alpha(c Contents) {
	kind := w.property(true, "auxC", []byte{0, 0, 0, 0}, []byte(auxAlpha[0]+"\x00"))
	id := w.plane(c.Alpha, []byte{kind}, w.turns(c))
	w.refer("auxl", id, primary)
}

func (w *writer) metadata(c Contents) {
	if len(c.EXIF) > 0 {
		id := w.add(entry{info: []byte("Exif\x00"), data: append(make([]byte, 4), c.EXIF...)})
		w.refer("cdsc", id, primary)
	}
	if len(c.XMP) > 0 {
		id := w.add(entry{info: []byte("mime\x00application/rdf+xml\x00"), data: c.XMP})
		w.refer("cdsc", id, primary)
	}
}

// file puts the boxes together.
func (w *writer) file(name string) ([]byte, error) {
	if len(w.entries) > math.MaxUint16-1 || len(w.shared) > 127 {
		return nil, problem.New(problem.Internal).Because(corrupt("%d items with %d properties", len(w.entries), len(w.shared)))
	}
	head := appendBox(nil, "ftyp", []byte("avif\x00\x00\x00\x00avifmif1miaf"))
	size := 8
	for _, e := range w.entries {
		size += len(e.data)
	}
	// The locations hold offsets, whose size does not depend on their values.
	start := len(head) + len(w.meta(name, 0)) + 8
	if int64(start)+int64(size) > math.MaxUint32 {
		return nil, problem.New(problem.LimitExceeded)
	}
	out := append(make([]byte, 0, start+size), head...)
	out = append(out, w.meta(name, start)...)
	out = binary.BigEndian.AppendUint32(out, uint32(size))
	out = append(out, "mdat"...)
	for _, e := range w.entries {
		out = append(out, e.data...)
	}
	return out, nil
}

// meta writes the meta box for item data that begins at start.
func (w *writer) meta(name string, start int) []byte {
	var info, associations, locations []byte
	count := binary.BigEndian.AppendUint16(nil, uint16(len(w.entries)))
	associated := 0
	for i, e := range w.entries {
		id := binary.BigEndian.AppendUint16(nil, uint16(i+1))
		info = fullBox(info, "infe", 2, e.flags, id, []byte{0, 0}, e.info)
		if len(e.properties) > 0 {
			associated++
			associations = append(append(associations, id...), byte(len(e.properties)))
			associations = append(associations, e.properties...)
		}
		locations = append(append(locations, id...), 0, 0, 0, 1) // in this file, in one piece
		locations = binary.BigEndian.AppendUint32(locations, uint32(start))
		locations = binary.BigEndian.AppendUint32(locations, uint32(len(e.data)))
		start += len(e.data)
	}
	body := fullBox(nil, "hdlr", 0, 0, make([]byte, 4), []byte("pict"), make([]byte, 12), []byte(name+"\x00"))
	body = fullBox(body, "pitm", 0, 0, []byte{0, primary})
	body = fullBox(body, "iloc", 0, 0, []byte{0x44, 0}, count, locations)
	body = fullBox(body, "iinf", 0, 0, count, info)
	if len(w.references) > 0 {
		body = fullBox(body, "iref", 0, 0, w.references)
	}
	properties := appendBox(nil, "ipco", w.container)
	properties = fullBox(properties, "ipma", 0, 0, binary.BigEndian.AppendUint32(nil, uint32(associated)), associations)
	body = appendBox(body, "iprp", properties)
	return fullBox(nil, "meta", 0, 0, body)
}
