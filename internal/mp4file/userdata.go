package mp4file

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
)

// markID names the box that holds a mark; the text follows.
const markID = "Compressor mark."

// Kinds of what stands beside the streams, as in Carries.
const (
	Location = "location"
	Creation = "creation-date"
	Chapters = "chapters"
	Tags     = "tags"
)

// userData notes what a udta or meta box of the film carries.
func (m *Movie) userData(b box) {
	for _, item := range items(b) {
		m.carry(item.about)
	}
}

// item is one thing that a udta or meta box holds.
type item struct {
	about string // one of the kinds
	raw   []byte
}

// items lists what a udta box holds, or that a meta box holds something. What cannot be
// read is a tag like any other: it is dropped, or kept as it is.
func items(b box) []item {
	if b.kind == "meta" {
		about := []item{{about: Tags, raw: b.raw}}
		if bytes.Contains(b.body, []byte("location")) {
			about = append(about, item{about: Location, raw: nil})
		}
		return about
	}
	list, err := boxes(b.body)
	if err != nil {
		return []item{{about: Tags, raw: b.raw}}
	}
	var out []item
	for _, child := range list {
		switch child.kind {
		case "\xa9xyz", "loci":
			out = append(out, item{Location, child.raw})
		case "\xa9day":
			out = append(out, item{Creation, child.raw})
		case "chpl":
			out = append(out, item{Chapters, child.raw})
		case "free", "skip", "wide":
		default:
			out = append(out, item{Tags, child.raw})
		}
	}
	return out
}

// Keep says which kinds stay.
type Keep struct{ Location, Creation, All bool }

func (k Keep) kind(about string) bool {
	switch about {
	case Location:
		return k.Location || k.All
	case Creation:
		return k.Creation || k.All
	case Chapters:
		return true // they are for the viewer
	}
	return k.All
}

// Lost names what the film carries and k does not keep.
func (m *Movie) Lost(k Keep) []string {
	var lost []string
	for _, about := range m.Carries {
		if !k.kind(about) {
			lost = append(lost, about)
		}
	}
	for i := range m.Tracks {
		if t := &m.Tracks[i]; k.drops(t) && !slices.Contains(lost, t.name()) {
			lost = append(lost, t.name())
		}
	}
	return lost
}

// Impossible names what k asks for and cannot be kept alone.
func (m *Movie) Impossible(k Keep) []string {
	if k.All || !k.Location {
		return nil
	}
	for _, b := range m.moov {
		if b.kind == "meta" && bytes.Contains(b.body, []byte("location")) {
			return []string{Location}
		}
	}
	return nil
}

// beside says whether a track holds neither pictures nor sound nor text for people, but
// what devices note: time codes, positions, other data.
func (t *Track) beside() bool {
	switch t.Handler {
	case "tmcd", "meta", "data", "gmhd", "camm":
		return true
	}
	return false
}

// drops says whether a track does not go along.
func (k Keep) drops(t *Track) bool { return t.beside() && !k.All }

func (t *Track) name() string {
	if t.Handler == "tmcd" {
		return "time-code-track"
	}
	return "data-track"
}

// kept writes the udta and meta boxes of the film as k has them.
func (m *Movie) kept(k Keep) []byte {
	var out []byte
	for _, b := range m.moov {
		if b.kind != "udta" && b.kind != "meta" {
			continue
		}
		if k.All {
			out = append(out, b.raw...)
			continue
		}
		var body []byte
		for _, it := range items(b) {
			if k.kind(it.about) {
				body = append(body, it.raw...)
			}
		}
		if b.kind == "udta" && len(body) > 0 {
			out = append(out, wrap("udta", body)...)
		}
	}
	return out
}

// undated gives a header box (mvhd, tkhd, mdhd) without the times of making and change.
func undated(b box) []byte {
	out := bytes.Clone(b.raw)
	body := out[len(out)-len(b.body):]
	width := 8
	if len(body) > 0 && body[0] == 1 {
		width = 16
	}
	if len(body) >= 4+width {
		clear(body[4 : 4+width])
	}
	return out
}

// markBox holds what [Movie.Mark] gives back.
func markBox(text string) []byte {
	if text == "" {
		return nil
	}
	return wrap("uuid", []byte(markID), []byte(text))
}

// mark reads one.
func mark(b box) string {
	text, found := strings.CutPrefix(string(b.body), markID)
	if !found || len(text) > 64 {
		return ""
	}
	return text
}

// put32 writes a number over the four bytes at a place.
func put32(data []byte, at int, v uint32) { binary.BigEndian.PutUint32(data[at:], v) }
