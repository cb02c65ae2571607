package codectest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"compressor/internal/blob"
	"compressor/internal/codec"
	"compressor/internal/engine"
	"compressor/internal/problem"
	"compressor/internal/recipe"
)

func scratch(t testing.TB) *blob.Scratch {
	t.Helper()
	return blob.NewScratch(t.TempDir())
}

// expected says whether err is one that a bad file may lead to.
func expected(err error) bool {
	var p *problem.Problem
	if !errors.As(err, &p) {
		return false
	}
	switch p.Code {
	case problem.FileCorrupt, problem.FileEmpty, problem.FileEncrypted,
		problem.FormatUnsupported, problem.FormatUnsafe, problem.LimitExceeded:
		return true
	}
	return false
}

// foreign hands the codec files of other kinds, as a wrong suffix or a lying container
// would: each is refused as what it is, a file problem.
func (b *bench) foreign(t *testing.T) {
	magic := ""
	if len(b.row.Magic) > 0 {
		magic = b.row.Magic[0].Bytes
	}
	for name, data := range map[string]string{
		"empty": "", "a byte": "x", "text": "Dear Sir or Madam,\n", "magic only": magic,
		"magic and zeros": magic + strings.Repeat("\x00", 4096),
		"magic and ones":  magic + strings.Repeat("\xff", 4096),
		"gif":             "GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;",
		"zip":             "PK\x03\x04\x14\x00\x00\x00\x00\x00" + strings.Repeat("\x00", 20),
		"html":            "<!doctype html><title>x</title><script>alert(1)</script>",
		"zeros":           strings.Repeat("\x00", 4096),
	} {
		_, err := b.codec.Inspect(t.Context(), store(t, []byte(data)), codec.Limits{Pixels: 1 << 20, Frames: 10})
		if err == nil || !expected(err) {
			t.Errorf("%s: Inspect says %v, want a problem with the file", name, err)
		}
	}
}

// damaged gives sixteen truncations of data and sixteen copies with a flipped byte. Where
// the bytes are is fixed, and different for each sample.
func damaged(data []byte) map[string][]byte {
	out := map[string][]byte{}
	spread := uint32(len(data))
	for i := range 16 {
		cut := len(data) * i / 16
		out[fmt.Sprintf("cut at %d", cut)] = data[:cut]
		spread = spread*1664525 + 1013904223 // Numerical Recipes, the "quick and dirty" generator
		at := (len(data)*i + int(spread>>8)%len(data)) / 16
		flipped := bytes.Clone(data)
		flipped[at] ^= 1 << (spread >> 29)
		out[fmt.Sprintf("bit %d of byte %d flipped", spread>>29, at)] = flipped
	}
	return out
}

// damage lets the codec look at damaged files: a problem with the file, or sound facts.
// Half a file or less is never sound.
func (c *specimen) damage(t *testing.T) {
	for name, data := range damaged(c.Data) {
		facts, err := c.codec.Inspect(t.Context(), store(t, data), codec.Limits{Pixels: 1 << 24})
		switch {
		case err != nil && !expected(err):
			t.Errorf("%s: Inspect: %v", name, err)
		case err == nil && (facts.Width < 0 || facts.Height < 0 || facts.Frames < 0):
			t.Errorf("%s: facts %+v", name, facts)
		case err == nil && facts.NotHandled == "" && strings.HasPrefix(name, "cut") && len(data) <= len(c.Data)/2:
			t.Errorf("%s of %d: taken for a whole file", name, len(c.Data))
		}
	}
}

// damageThrough sends damaged files through the engine: the result is a problem with the
// file, or one that is no larger and decodes to what the damaged file does.
func (c *specimen) damageThrough(t *testing.T) {
	for name, data := range damaged(c.Data) {
		for _, level := range []recipe.Compression{recipe.CompressionLossless, recipe.CompressionUltra} {
			src := store(t, data)
			out, err := c.engine.Compress(t.Context(), c.request(src, at(level)), scratch(t))
			if err != nil {
				if !expected(err) {
					t.Errorf("%s, %s: %v", name, level, err)
				}
				continue
			}
			if out.Result.Size > src.Size {
				t.Errorf("%s, %s: %d bytes became %d", name, level, src.Size, out.Result.Size)
			}
			if level == recipe.CompressionLossless {
				c.sameDecoded(t, name, src, out)
			}
		}
	}
}

// sameDecoded compares input and result where the independent decoder reads the input.
func (c *specimen) sameDecoded(t *testing.T, name string, src blob.Blob, out engine.Outcome) {
	t.Helper()
	before, err := c.look(t, src)
	if err != nil || before.pixels.pix == nil {
		return // our decoder is more forgiving than the other one
	}
	after, err := c.look(t, out.Result)
	if err != nil {
		t.Errorf("%s: the result does not decode: %v", name, err)
		return
	}
	if far := before.pixels.far(after.pixels); far != 0 {
		t.Errorf("%s: lossless, yet %g apart", name, far)
	}
}

// limits asks for one pixel less than the sample has.
func (c *specimen) limits(t *testing.T) {
	most := int64(c.facts.Width) * int64(c.facts.Height)
	if most < 2 {
		return
	}
	_, err := c.codec.Inspect(t.Context(), c.src, codec.Limits{Pixels: most - 1})
	if !problem.Has(err, problem.LimitExceeded) {
		t.Errorf("%d pixels with a limit of %d: %v, want limit-exceeded", most, most-1, err)
	}
	if _, err := c.codec.Inspect(t.Context(), c.src, codec.Limits{Pixels: most}); err != nil {
		t.Errorf("%d pixels with a limit of as many: %v", most, err)
	}
	q := c.request(c.src, at(recipe.CompressionHigh))
	q.Limits.Pixels = most - 1
	if _, err := c.engine.Compress(t.Context(), q, scratch(t)); !problem.Has(err, problem.LimitExceeded) {
		t.Errorf("through the engine: %v, want limit-exceeded", err)
	}
}

// equalBytes makes each candidate twice in a row, and fifty of them at once. Each run has
// a plan of its own, as each request has.
func (c *specimen) equalBytes(t *testing.T) {
	first := c.encodeAll(t)
	for i, again := range c.encodeAll(t) {
		if !bytes.Equal(first[i], again) {
			t.Errorf("candidate %d gives other bytes the second time", i)
		}
	}
	var wait sync.WaitGroup
	for n := range 50 {
		wait.Go(func() {
			i := n % len(first)
			data, err := c.encodeOne(t, i)
			if err != nil || !bytes.Equal(data, first[i]) {
				t.Errorf("candidate %d gives other bytes beside others (%v)", i, err)
			}
		})
	}
	wait.Wait()
}

// encodeAll makes every candidate of one plan.
func (c *specimen) encodeAll(t *testing.T) [][]byte {
	t.Helper()
	plan, err := c.plan(t.Context(), c.row.ID, at(recipe.CompressionHigh))
	if err != nil {
		t.Fatal(err)
	}
	defer closePlan(plan)
	var files [][]byte
	for _, candidate := range candidates(plan) {
		data, err := encode(t.Context(), t, candidate)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, data)
	}
	return files
}

// encodeOne makes candidate i of a fresh plan.
func (c *specimen) encodeOne(t *testing.T, i int) ([]byte, error) {
	plan, err := c.plan(t.Context(), c.row.ID, at(recipe.CompressionHigh))
	if err != nil {
		return nil, err
	}
	defer closePlan(plan)
	return encode(t.Context(), t, candidates(plan)[i])
}

// countdown is a context that ends when it has been asked so many times.
type countdown struct {
	context.Context
	left *atomic.Int64
	end  context.CancelFunc
}

func (c countdown) Err() error {
	if c.left.Add(-1) < 0 {
		c.end()
	}
	return c.Context.Err()
}

// cancellation ends the context at one look at it after the other, first each, then ever
// fewer: the run fails with it at once, and leaves nothing half-written.
func (c *specimen) cancellation(t *testing.T) {
	for _, r := range []recipe.Recipe{at(recipe.CompressionHigh), at(recipe.CompressionLossless)} {
		looks := int64(0)
		for !c.canceledAt(t, r, looks) {
			if looks += 1 + looks/3; looks > 1e6 {
				t.Fatal("a run never ended")
			}
		}
		if looks == 0 {
			t.Error("the context is never looked at")
		}
	}
}

// canceledAt runs r with a context that ends after so many looks; true if that was late
// enough for the run to succeed.
func (c *specimen) canceledAt(t *testing.T, r recipe.Recipe, looks int64) bool {
	inner, end := context.WithCancel(t.Context())
	defer end()
	ctx := countdown{Context: inner, left: &atomic.Int64{}, end: end}
	ctx.left.Store(looks)
	s := scratch(t)
	q := c.request(c.src, r)
	late := ""
	q.Progress = func(p engine.Progress) {
		if inner.Err() != nil && p.Phase != "verify" {
			late = p.Phase
		}
	}
	_, err := c.engine.Compress(ctx, q, s)
	if err == nil {
		return true
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("canceled at look %d: %v", looks, err)
	}
	if late != "" {
		t.Errorf("canceled at look %d: went on with %q", looks, late)
	}
	entries, err := os.ReadDir(s.Dir())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if finished, _ := filepath.Match("blob-*[0-9]", e.Name()); !finished {
			t.Errorf("canceled at look %d: %s is left", looks, e.Name())
		}
	}
	return false
}
