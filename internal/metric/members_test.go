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

// small is what the second text of an archive became.
const small = "its result"

// text is what the archives hold.
func text() []byte { return bytes.Repeat([]byte("some text "), 50) }

// archive is one with five members, changed: two texts, a folder, a link, and a broken text.
func archive(change func(e []ziptest.Entry) []ziptest.Entry) []byte {
	wrong := uint32(7)
	entries := []ziptest.Entry{
		ziptest.File("a", text()), {Name: "dir/", Mode: 0o040755}, ziptest.File("b", text()),
		{Name: "link", Data: []byte("target"), Mode: 0o120777}, ziptest.File("broken", text()),
	}
	entries[4].CRC = &wrong
	return ziptest.Archive{Comment: "c", Entries: change(entries)}.Bytes()
}

// with is the archive of which one member is changed.
func with(i int, change func(*ziptest.Entry)) []byte {
	return archive(func(e []ziptest.Entry) []ziptest.Entry { change(&e[i]); return e })
}

// original is the archive as it was, with what became of its texts.
func original(t *testing.T) (codec.Subject, []byte) {
	t.Helper()
	data := with(0, func(*ziptest.Entry) {})
	ref := stored(t, data)
	for range 2 {
		b := stored(t, text()).Blob
		ref.Parts = append(ref.Parts, codec.Done{Source: b, Result: b})
	}
	ref.Parts[1].Result = stored(t, []byte(small)).Blob
	ref.Parts = append(ref.Parts, codec.Done{}, codec.Done{}) // link and broken were not read
	return ref, data
}

// TestMembers: the finished archive holds what each part was or became, and nothing that
// the archive said of it has changed.
func TestMembers(t *testing.T) {
	ref, was := original(t)
	wrong, size := uint32(9), uint32(len(small)+1)
	for name, test := range map[string]struct {
		got   []byte
		equal bool
	}{
		"itself":                {was, true},
		"stored":                {with(0, func(e *ziptest.Entry) { e.Method = ziptest.Stored }), true},
		"with a descriptor":     {with(0, func(e *ziptest.Entry) { e.Descriptor = 16 }), true},
		"a result":              {with(2, func(e *ziptest.Entry) { e.Data = []byte(small) }), true},
		"another's result":      {with(0, func(e *ziptest.Entry) { e.Data = []byte(small) }), false},
		"other contents":        {with(0, func(e *ziptest.Entry) { e.Data = append([]byte("S"), text()[1:]...) }), false},
		"a wrong checksum":      {with(2, func(e *ziptest.Entry) { e.Data, e.CRC = []byte(small), &wrong }), false},
		"a wrong size":          {with(2, func(e *ziptest.Entry) { e.Data, e.Size = []byte(small), &size }), false},
		"another name":          {with(0, func(e *ziptest.Entry) { e.Name = "A" }), false},
		"another time":          {with(0, func(e *ziptest.Entry) { e.Time++ }), false},
		"another mode":          {with(0, func(e *ziptest.Entry) { e.Mode = 0o100755 }), false},
		"a comment":             {with(0, func(e *ziptest.Entry) { e.Comment = "new" }), false},
		"a central field":       {with(0, func(e *ziptest.Entry) { e.Extra = "ab\x00\x00" }), false},
		"a local field":         {with(0, func(e *ziptest.Entry) { e.Local = "ab\x00\x00" }), false},
		"another link":          {with(3, func(e *ziptest.Entry) { e.Data = []byte("tarGet") }), false},
		"a folder with data":    {with(1, func(e *ziptest.Entry) { e.Data = []byte("x") }), false},
		"a healed member":       {with(4, func(e *ziptest.Entry) { e.CRC = nil }), false},
		"a member less":         {archive(func(e []ziptest.Entry) []ziptest.Entry { return e[:4] }), false},
		"a member more":         {archive(func(e []ziptest.Entry) []ziptest.Entry { return append(e, ziptest.File("z", nil)) }), false},
		"another order":         {archive(func(e []ziptest.Entry) []ziptest.Entry { e[0], e[2] = e[2], e[0]; return e }), false},
		"without its comment":   {bytes.Replace(was, []byte("\x01\x00c"), []byte("\x00\x00"), 1), false},
		"no archive":            {[]byte(strings.Repeat("text", 20)), false},
		"a bomb":                {ziptest.Overlapping(5), false},
		"a prefixed, sound one": {append([]byte("PK\x03\x04 stub"), was...), false},
	} {
		t.Run(name, func(t *testing.T) { judged(t, ref, stored(t, test.got), test.equal, name == "a result") })
	}
}

// judged holds an archive against what it was made of. replaced says that it has the result of
// part 1, rather than its source.
func judged(t *testing.T, ref, got codec.Subject, want, replaced bool) {
	r, err := metric.Members{}.Reference(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	equal, err := r.Equal(t.Context(), got)
	if equal != want || equal && err != nil {
		t.Errorf("equal %t, %v", equal, err)
	}
	if kept := r.(engine.Keeper).Kept(); want && slices.Equal(kept, []int{1}) == replaced {
		t.Errorf("kept %v", kept)
	}
	score, err := r.Score(t.Context(), got)
	if (err == nil) != want || want && score.Mean != 100 {
		t.Errorf("score %v, %v", score, err)
	}
}

// TestMembersWithoutParts: an archive of which too little is known equals nothing.
func TestMembersWithoutParts(t *testing.T) {
	ref, was := original(t)
	ref.Parts = ref.Parts[:3]
	r, err := metric.Members{}.Reference(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if equal, err := r.Equal(t.Context(), stored(t, was)); equal || err == nil {
		t.Errorf("fewer parts than members: %t, %v", equal, err)
	}
	if _, err := (metric.Members{}).Reference(t.Context(), stored(t, []byte("text"))); err == nil {
		t.Error("text is a reference")
	}
}
