package main

import (
	"bytes"
	"image"
	"image/png"
	"strings"
	"testing"

	"compressor/internal/config"
	"compressor/internal/jobprocess"
)

// noise is a PNG that takes long to handle.
func noise(t *testing.T, width, height int) []byte {
	t.Helper()
	im := image.NewRGBA(image.Rect(0, 0, width, height))
	state := uint32(7)
	for i := range im.Pix {
		state = state*1664525 + 1013904223 // Numerical Recipes
		im.Pix[i] = uint8(state >> 24)
	}
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.NoCompression}).Encode(&out, im); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestSize(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 B", 999: "999 B", 1000: "1.0 kB", 122_609: "122.6 kB", 999_949: "999.9 kB", 999_950: "1.0 MB",
		8 << 30: "8.6 GB", -1500: "-1.5 kB", 5_000_000_000_000_000: "5000.0 TB",
	} {
		if got := size(n); got != want {
			t.Errorf("size(%d) is %q, not %q", n, got, want)
		}
	}
}

func TestTable(t *testing.T) {
	var out bytes.Buffer
	err := terminal{out: &out}.table([]string{"NAME", ">SIZE", "WHY"}, [][]string{{"größe", "1 B", "x"}, {"b", "100.0 kB", ""}})
	const want = "NAME       SIZE  WHY\ngröße       1 B  x\nb      100.0 kB\n"
	if err != nil || out.String() != want {
		t.Errorf("%v:\n%s", err, out.String())
	}
}

func TestPrintable(t *testing.T) {
	if got := printable("a\x1b[2Jb\nc\u202ed\xffé"); got != "a�[2Jb�c�d�é" {
		t.Errorf("got %q", got)
	}
}

func TestBar(t *testing.T) {
	var out bytes.Buffer
	b := &bar{w: &out, width: 60, total: 4}
	first, second := b.begin("a.jpg"), b.begin("b\x1b.png")
	first.progress(jobprocess.Progress{Phase: "search", Percent: 50})
	second.progress(jobprocess.Progress{Phase: "inspect", Percent: 0})
	if got, want := b.line(), "[===                     ]  12 %  0 of 4  a.jpg: search"; got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	first.end()
	b.finished()
	if got, want := b.line(), "[======                  ]  25 %  1 of 4  b�.png: inspect"; got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	b.width = 20
	if got := b.line(); len(got) != 19 {
		t.Errorf("%q does not fit", got)
	}
	b.clear()
	if !strings.HasSuffix(out.String(), "\r\x1b[K") {
		t.Errorf("not cleared: %q", out.String())
	}
}

// TestNoBar has no terminal: nothing is drawn.
func TestNoBar(t *testing.T) {
	var out bytes.Buffer
	b := newBar(&out, 3)
	task := b.begin("a")
	task.progress(jobprocess.Progress{Phase: "search", Percent: 50})
	task.end()
	b.finished()
	b.clear()
	if out.Len() > 0 {
		t.Errorf("drawn: %q", out.String())
	}
}

func TestParseFlags(t *testing.T) {
	for _, c := range []struct{ args, rest, name, on, truth, wrong string }{
		{"a --name x b", "a b", "x", "", "", ""},
		{"--name=x=y -n z", "", "z", "", "", ""},
		{"--on a", "a", "", "yes", "", ""},
		{"--truth a --truth false b", "a b", "", "", "true false", ""},
		{"--truth=false", "", "", "", "false", ""},
		{"- -- --on -n", "- --on -n", "", "", "", ""},
		{"--name", "", "", "", "", "--name: Needs a value."},
		{"--on=x --nme --what", "", "", "", "", "--on: Takes no value.; --nme: Unknown flag; did you mean '--name'?; --what: Unknown flag; --help lists those there are."},
		{"--lissten x", "x", "", "", "", "--lissten: Unknown flag; did you mean '--listen'?"},
	} {
		var name string
		var on bool
		var truths []string
		flags := []flag{
			textFlag("--name", "X", "", &name), onFlag("--on", "", &on),
			{name: "--truth", truth: true, set: func(s string) error { truths = append(truths, s); return nil }},
		}
		flags[0].short = "-n"
		rest, fields := parseFlags(flags, config.Loaded{Rest: strings.Fields(c.args), Settings: []config.Setting{{Flag: "--listen"}}})
		var wrong []string
		for _, f := range fields {
			wrong = append(wrong, f.Path+": "+f.Message)
		}
		if got := strings.Join(rest, " "); got != c.rest {
			t.Errorf("%s: rest %q", c.args, got)
		}
		if name != c.name || on != (c.on != "") || strings.Join(truths, " ") != c.truth {
			t.Errorf("%s: name %q, on %v, truth %v", c.args, name, on, truths)
		}
		if got := strings.Join(wrong, "; "); got != c.wrong {
			t.Errorf("%s: wrong %q", c.args, got)
		}
	}
}
