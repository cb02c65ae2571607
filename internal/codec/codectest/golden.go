package codectest

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"compressor/internal/codec"
	"compressor/internal/format"
	"compressor/internal/recipe"
)

// update is -update: write the golden files instead of comparing.
var update = flag.Bool("update", false, "rewrite the golden files of the codecs' samples")

// golden compares what the codec says of the sample, and would try, with a stored text.
func (c *specimen) golden(t *testing.T) {
	got := c.describe(t)
	path := filepath.Join("testdata", c.Name+".golden")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (go test -update writes it)", err)
	}
	if got != string(want) {
		t.Errorf("%s differs (go test -update accepts):\n--- got\n%s--- want\n%s", path, got, want)
	}
}

// describe writes facts and plans as text.
func (c *specimen) describe(t *testing.T) string {
	var b strings.Builder
	f := c.facts
	fmt.Fprintf(&b, "size %d×%d frames %d pages %d seconds %g\n", f.Width, f.Height, f.Frames, f.Pages, f.Seconds)
	fmt.Fprintf(&b, "depth %d gray %t subsampled %t alpha %t animated %t quality %d\n",
		f.Depth, f.Gray, f.Subsampled, f.Alpha, f.Animated, f.Quality)
	if f.NotHandled != "" {
		fmt.Fprintf(&b, "not handled: %s\n", f.NotHandled)
	}
	for _, tag := range f.Tags {
		fmt.Fprintf(&b, "tag %s %d bytes\n", tag.Name, len(tag.Value))
	}
	if f.Metadata != nil {
		groups := f.Metadata()
		fmt.Fprintf(&b, "groups %s\n", strings.Join(slices.Sorted(maps.Keys(groups)), " "))
		if pixels, ok := groups["pixels"].(map[string]any); ok {
			for _, key := range slices.Sorted(maps.Keys(pixels)) {
				fmt.Fprintf(&b, "pixels.%s %v\n", key, pixels[key])
			}
		}
	}
	for _, level := range []recipe.Compression{recipe.CompressionHigh, recipe.CompressionLossless, recipe.CompressionNone} {
		fmt.Fprintf(&b, "plan %s %s:\n", c.row.ID, level)
		c.describePlan(t, &b, c.row.ID, at(level))
		if c.Untouched != "" {
			continue
		}
		// Plans for other formats are looked at, but not stored: a new format must not touch
		// the golden files of all others.
		for _, row := range c.siblings() {
			c.describePlan(t, new(strings.Builder), row.ID, at(level))
		}
	}
	return b.String()
}

// describePlan plans twice: labels must be unique, and equal for equal arguments.
func (c *specimen) describePlan(t *testing.T, b *strings.Builder, to format.ID, r recipe.Recipe) {
	var texts [2]string
	for i := range texts {
		plan, err := c.plan(t.Context(), to, r)
		if err != nil {
			t.Fatalf("plan %s: %v", to, err)
		}
		texts[i] = planText(plan)
		unique(t, plan)
		closePlan(plan)
	}
	if texts[0] != texts[1] {
		t.Errorf("plan %s: two calls differ:\n%s---\n%s", to, texts[0], texts[1])
	}
	b.WriteString(texts[0])
}

func planText(plan codec.Plan) string {
	var b strings.Builder
	for _, candidate := range plan.Candidates {
		fmt.Fprintf(&b, "  %s -> %s", candidate.Label, candidate.Format)
		if candidate.Lossless {
			b.WriteString(" lossless")
		}
		lost := candidate.Lost
		if k := candidate.Knob; k != nil {
			// Where a search starts is tuned often, and changes nothing that is promised.
			fmt.Fprintf(&b, " levels %d to %d, such as %q", k.Low, k.High, k.At(k.Low).Label)
			lost = k.At(k.Low).Lost
		}
		if len(lost) > 0 {
			fmt.Fprintf(&b, " lost: %s", strings.Join(lost, ", "))
		}
		b.WriteString("\n")
	}
	for _, note := range plan.Notes {
		fmt.Fprintf(&b, "  note: %s\n", note)
	}
	if len(plan.Candidates) == 0 {
		b.WriteString("  left as it is\n")
	}
	return b.String()
}

// unique fails on labels that repeat: a report could not be read.
func unique(t *testing.T, plan codec.Plan) {
	t.Helper()
	seen := map[string]bool{}
	see := func(label string) {
		if label == "" || seen[label] {
			t.Errorf("label %q repeats or is empty", label)
		}
		seen[label] = true
	}
	for _, candidate := range plan.Candidates {
		see(candidate.Label)
		if k := candidate.Knob; k != nil {
			if candidate.Encode != nil {
				t.Errorf("%s has both Encode and Knob", candidate.Label)
			}
			for _, level := range []int{k.Low, k.High} {
				see(k.At(level).Label)
			}
			if k.Start < k.Low || k.Start > k.High {
				t.Errorf("%s starts at %d, outside %d to %d", candidate.Label, k.Start, k.Low, k.High)
			}
		}
	}
}

// candidates lists all that a plan can make without a search: its plain candidates, and
// those of knobs at their starting level.
func candidates(plan codec.Plan) []codec.Candidate {
	var out []codec.Candidate
	for _, c := range plan.Candidates {
		if c.Knob != nil {
			if c.Knob.Draft != nil {
				out = append(out, c.Knob.Draft(c.Knob.Start))
			}
			c = c.Knob.At(c.Knob.Start)
		}
		out = append(out, c)
	}
	return out
}

// encode runs one candidate into bytes.
func encode(ctx context.Context, t testing.TB, c codec.Candidate) ([]byte, error) {
	s, err := scratch(t).Create()
	if err != nil {
		return nil, err
	}
	defer s.Discard()
	if err := c.Encode(ctx, s); err != nil {
		return nil, fmt.Errorf("%s: %w", c.Label, err)
	}
	b, err := s.Commit()
	if err != nil {
		return nil, err
	}
	return b.Bytes(1 << 30)
}
