package codectest

import (
	"bytes"
	"slices"
	"strings"
	"sync"
	"testing"

	"compressor/internal/blob"
	"compressor/internal/engine"
	"compressor/internal/format"
	"compressor/internal/recipe"
	"compressor/internal/report"
)

// Unpacked is a member of a container, as an independent reader sees it.
type Unpacked struct {
	Name       string
	Attributes string // all that the reader knows beside the contents, as text
	Data       []byte
	Unread     bool // the reader could not read the contents
}

// container runs the suite of a format that holds other files.
func (c *specimen) container(t *testing.T, first bool) {
	t.Run("levels", c.containerLevels)
	t.Run("members alone", c.repacked)
	if first {
		t.Run("equal bytes", c.equalContainers)
		t.Run("damaged through the engine", c.damagedContainers)
		t.Run("cancellation", c.cancellation)
	}
}

// unpack reads a container that must be good.
func (b *bench) unpack(t *testing.T, file blob.Blob) []Unpacked {
	t.Helper()
	data, err := file.Bytes(1 << 30)
	if err != nil {
		t.Fatal(err)
	}
	members, err := b.suite.Unpack(data)
	if err != nil {
		t.Fatalf("the independent reader: %v", err)
	}
	return members
}

// containerLevels runs each level, and each twice.
func (c *specimen) containerLevels(t *testing.T) {
	for _, level := range []recipe.Compression{recipe.CompressionHigh, recipe.CompressionLossless, recipe.CompressionNone} {
		m := c.make(t, c.src, at(level))
		if level == recipe.CompressionNone {
			if !m.same() || m.out.Report.Reason != report.NotAsked {
				t.Errorf("none: %s, %s", m.out.Report.Chosen, m.out.Report.Reason)
			}
			continue
		}
		m.members(t, level)
		m.again(t)
	}
}

// members: the same ones in the same order, with the same attributes; each as it was
// where nothing may be lost, else of its old format.
func (m made) members(t *testing.T, level recipe.Compression) {
	t.Helper()
	before, after := m.unpack(t, m.in), m.unpack(t, m.out.Result)
	if len(before) != len(after) {
		t.Fatalf("%s: %d members became %d", level, len(before), len(after))
	}
	reports := m.out.Report.Parts // in the order of the members, folders left out
	for i, was := range before {
		is := after[i]
		var told report.Report
		if !strings.HasSuffix(was.Name, "/") && len(reports) > 0 {
			told, reports = reports[0], reports[1:]
		}
		if is.Name != was.Name || is.Attributes != was.Attributes || is.Unread != was.Unread {
			t.Errorf("%s: %q %s became %q %s", level, was.Name, was.Attributes, is.Name, is.Attributes)
		}
		if len(is.Data) > len(was.Data) {
			t.Errorf("%s: %q: %d bytes became %d", level, was.Name, len(was.Data), len(is.Data))
		}
		if bytes.Equal(is.Data, was.Data) {
			continue
		}
		if told.Chosen == "" || told.Chosen == report.Original {
			t.Errorf("%s: %q changed, and its report says %+v", level, was.Name, told)
		}
		m.member(t, level, was, is, told)
	}
	if len(reports) > 0 {
		t.Errorf("%s: %d reports are of no member", level, len(reports))
	}
}

// member compares a changed member by the decoders of pictures, or as the container it is.
func (m made) member(t *testing.T, level recipe.Compression, was, is Unpacked, told report.Report) {
	t.Helper()
	src, result := store(t, was.Data), store(t, is.Data)
	before, err := m.look(t, src)
	if err != nil {
		t.Errorf("%s: %q: %v, yet it changed", level, was.Name, err)
		return
	}
	after, err := m.look(t, result)
	if err != nil || after.row.ID != before.row.ID {
		t.Errorf("%s: %q became %s, %v", level, was.Name, after.row.ID, err)
		return
	}
	if before.row.ID == m.row.ID {
		inner := m
		inner.in, inner.out = src, engine.Outcome{Result: result, Report: told}
		inner.members(t, level)
		return
	}
	if before.pixels.pix == nil {
		return
	}
	far := after.pixels.far(before.pixels)
	if far > near || level == recipe.CompressionLossless && far != 0 {
		t.Errorf("%s: %q: %g apart", level, was.Name, far)
	}
}

// repacked asks for no change of the members' contents.
func (c *specimen) repacked(t *testing.T) {
	r := at(recipe.CompressionHigh)
	r.Archive.Contents = false
	m := c.make(t, c.src, r)
	before, after := c.unpack(t, c.src), c.unpack(t, m.out.Result)
	same := func(a, b Unpacked) bool {
		return a.Name == b.Name && a.Attributes == b.Attributes && a.Unread == b.Unread && bytes.Equal(a.Data, b.Data)
	}
	if !slices.EqualFunc(before, after, same) {
		t.Error("contents false: the members differ")
	}
	m.again(t)
}

// equalContainers compresses twice in a row with all members, and fifty times at once
// without.
func (c *specimen) equalContainers(t *testing.T) {
	whole := at(recipe.CompressionHigh)
	packing := at(recipe.CompressionHigh)
	packing.Archive.Contents = false
	run := func(r recipe.Recipe) blob.Sum {
		out, err := c.engine.Compress(t.Context(), c.request(c.src, r), scratch(t))
		if err != nil {
			t.Error(err)
		}
		return out.Result.Sum
	}
	if first := run(whole); run(whole) != first {
		t.Error("other bytes the second time")
	}
	want := run(packing)
	var wait sync.WaitGroup
	for range 50 {
		wait.Go(func() {
			if run(packing) != want {
				t.Error("other bytes beside others")
			}
		})
	}
	wait.Wait()
}

// damagedContainers sends damaged files through the engine: a problem with the file, or
// a result that is no larger and holds what the independent reader found before.
func (c *specimen) damagedContainers(t *testing.T) {
	for name, data := range damaged(c.Data) {
		src := store(t, data)
		out, err := c.engine.Compress(t.Context(), c.request(src, at(recipe.CompressionLossless)), scratch(t))
		if err != nil {
			if !expected(err) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if out.Result.Size > src.Size {
			t.Errorf("%s: %d bytes became %d", name, src.Size, out.Result.Size)
		}
		before, err := c.suite.Unpack(data)
		if err != nil {
			continue
		}
		made{bench: c.bench, in: src, out: out}.sameReadable(t, name, before)
	}
}

// sameReadable: what could be read of a damaged container can be read of the result.
func (m made) sameReadable(t *testing.T, name string, before []Unpacked) {
	t.Helper()
	after := m.unpack(t, m.out.Result)
	if len(after) != len(before) {
		t.Errorf("%s: %d members became %d", name, len(before), len(after))
		return
	}
	for i, was := range before {
		if is := after[i]; is.Name != was.Name || is.Attributes != was.Attributes || is.Unread != was.Unread {
			t.Errorf("%s: %q %s became %q %s", name, was.Name, was.Attributes, is.Name, is.Attributes)
		}
	}
}

// Compress runs the real engine on one file: for what a codec's own tests ask beside the
// suite. The name has the extension of the format.
func Compress(t *testing.T, id format.ID, data []byte, r recipe.Recipe) (engine.Outcome, error) {
	t.Helper()
	b := newBench(t, Suite{Format: id})
	return b.engine.Compress(t.Context(), b.request(store(t, data), r), scratch(t))
}
