package metric_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"compressor/internal/codec"
	"compressor/internal/engine"
	"compressor/internal/metric"
	"compressor/internal/zipfile/ziptest"
)

// TestMembers: the finished archive holds what each part was or became, and nothing that
// the archive said of it has changed.
func TestMembers(t *testing.T) {
	text, small := bytes.Repeat([]byte("some text "), 50), []byte("its result")
	sets := func(change func(e []ziptest.Entry) []ziptest.Entry) []byte {
		entries := []ziptest.Entry{
			ziptest.File("a", text), {Name: "dir/", Mode: 0o040755}, ziptest.File("b", text),
			{Name: "link", Data: []byte("target"), Mode: 0o120777}, ziptest.File("broken", text),
		}
		wrong := uint32(7)
		entries[4].CRC = &wrong
		return ziptest.Archive{Comment: "c", Entries: change(entries)}.Bytes()
	}
	one := func(i int, change func(*ziptest.Entry)) []byte {
		return sets(func(e []ziptest.Entry) []ziptest.Entry { change(&e[i]); return e })
	}
	original := one(0, func(*ziptest.Entry) {})
	wrong, size := uint32(9), uint32(len(small)+1)
	ref := stored(t, original)
	for _, data := range [][]byte{text, text} {
		b := stored(t, data).Blob
		ref.Parts = append(ref.Parts, codec.Done{Source: b, Result: b})
	}
	ref.Parts[1].Result = stored(t, small).Blob
	ref.Parts = append(ref.Parts, codec.Done{}, codec.Done{}) // link and broken were not read
	for name, test := range map[string]struct {
		got   []byte
		equal bool
	}{
		"itself":                {original, true},
		"stored":                {one(0, func(e *ziptest.Entry) { e.Method = ziptest.Stored }), true},
		"with a descriptor":     {one(0, func(e *ziptest.Entry) { e.Descriptor = 16 }), true},
		"a result":              {one(2, func(e *ziptest.Entry) { e.Data = small }), true},
		"another's result":      {one(0, func(e *ziptest.Entry) { e.Data = small }), false},
		"other contents":        {one(0, func(e *ziptest.Entry) { e.Data = append([]byte("S"), text[1:]...) }), false},
		"a wrong checksum":      {one(2, func(e *ziptest.Entry) { e.Data, e.CRC = small, &wrong }), false},
		"a wrong size":          {one(2, func(e *ziptest.Entry) { e.Data, e.Size = small, &size }), false},
		"another name":          {one(0, func(e *ziptest.Entry) { e.Name = "A" }), false},
		"another time":          {one(0, func(e *ziptest.Entry) { e.Time++ }), false},
		"another mode":          {one(0, func(e *ziptest.Entry) { e.Mode = 0o100755 }), false},
		"a comment":             {one(0, func(e *ziptest.Entry) { e.Comment = "new" }), false},
		"a central field":       {one(0, func(e *ziptest.Entry) { e.Extra = "ab\x00\x00" }), false},
		"a local field":         {one(0, func(e *ziptest.Entry) { e.Local = "ab\x00\x00" }), false},
		"another link":          {one(3, func(e *ziptest.Entry) { e.Data = []byte("tarGet") }), false},
		"a folder with data":    {one(1, func(e *ziptest.Entry) { e.Data = []byte("x") }), false},
		"a healed member":       {one(4, func(e *ziptest.Entry) { e.CRC = nil }), false},
		"a member less":         {sets(func(e []ziptest.Entry) []ziptest.Entry { return e[:4] }), false},
		"a member more":         {sets(func(e []ziptest.Entry) []ziptest.Entry { return append(e, ziptest.File("z", nil)) }), false},
		"another order":         {sets(func(e []ziptest.Entry) []ziptest.Entry { e[0], e[2] = e[2], e[0]; return e }), false},
		"without its comment":   {bytes.Replace(original, []byte("\x01\x00c"), []byte("\x00\x00"), 1), false},
		"no archive":            {[]byte(strings.Repeat("text", 20)), false},
		"a bomb":                {ziptest.Overlapping(5), false},
		"a prefixed, sound one": {append([]byte("PK\x03\x04 stub"), original...), false},
	} {
		r, err := metric.Members{}.Reference(t.Context(), ref)
		if err != nil {
			t.Fatal(err)
		}
		got := stored(t, test.got)
		equal, err := r.Equal(t.Context(), got)
		if equal != test.equal || equal && err != nil {
			t.Errorf("%s: equal %t, %v", name, equal, err)
		}
		if kept := r.(engine.Keeper).Kept(); test.equal && slices.Equal(kept, []int{1}) != (name != "a result") {
			t.Errorf("%s: kept %v", name, kept) // all but that one hold the source of part 1
		}
		score, err := r.Score(t.Context(), got)
		if (err == nil) != test.equal || test.equal && score.Mean != 100 {
			t.Errorf("%s: score %v, %v", name, score, err)
		}
		r.Close()
	}
	ref.Parts = ref.Parts[:3]
	r, err := metric.Members{}.Reference(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if equal, err := r.Equal(t.Context(), stored(t, original)); equal || err == nil {
		t.Errorf("fewer parts than members: %t, %v", equal, err)
	}
	if _, err := (metric.Members{}).Reference(t.Context(), stored(t, []byte("text"))); err == nil {
		t.Error("text is a reference")
	}
}
