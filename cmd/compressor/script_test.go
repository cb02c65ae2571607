package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// The commands of the script tests. Pictures are made and judged by Go's own encoders and
// decoders, which share no code with what is tested.

// scriptPhoto writes a JPEG, quality 95, of soft shapes under fine grain: photo FILE W H.
func scriptPhoto(ts *testscript.TestScript, _ bool, args []string) {
	width, height := sides(ts, args, 3)
	im := image.NewRGBA(image.Rect(0, 0, width, height))
	grain := uint32(1)
	for y := range height {
		for x := range width {
			grain = grain*1664525 + 1013904223 // Numerical Recipes
			n := float64(grain>>24)/32 - 4
			fx, fy := float64(x)/40, float64(y)/30
			im.SetRGBA(x, y, color.RGBA{
				level(128 + 90*math.Sin(fx)*math.Cos(fy) + n), level(120 + 70*math.Sin(fx+fy) + n), level(110 + 60*math.Cos(fx*0.7-fy) + n), 255,
			})
		}
	}
	var out bytes.Buffer
	ts.Check(jpeg.Encode(&out, im, &jpeg.Options{Quality: 95}))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), out.Bytes(), 0o644))
}

func level(v float64) uint8 { return uint8(min(255, max(0, v))) }

// scriptGraphic writes a PNG of flat areas, barely compressed: graphic FILE W H.
func scriptGraphic(ts *testscript.TestScript, _ bool, args []string) {
	width, height := sides(ts, args, 3)
	im := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			c := color.NRGBA{uint8(x / 16 * 40), uint8(y / 16 * 30), 90, 255}
			if (x/8+y/8)%5 == 0 {
				c = color.NRGBA{}
			}
			im.SetNRGBA(x, y, c)
		}
	}
	var out bytes.Buffer
	ts.Check((&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&out, im))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), out.Bytes(), 0o644))
}

func sides(ts *testscript.TestScript, args []string, want int) (width, height int) {
	if len(args) != want {
		ts.Fatalf("%d arguments are needed", want)
	}
	width, err := strconv.Atoi(args[want-2])
	ts.Check(err)
	height, err = strconv.Atoi(args[want-1])
	ts.Check(err)
	return width, height
}

// scriptDecodes checks that a file decodes whole: decodes FILE FORMAT W H.
func scriptDecodes(ts *testscript.TestScript, _ bool, args []string) {
	width, height := sides(ts, args, 4)
	im, format := decode(ts, args[0])
	if size := im.Bounds().Size(); format != args[1] || size.X != width || size.Y != height {
		ts.Fatalf("%s is %s, %d×%d", args[0], format, size.X, size.Y)
	}
}

func decode(ts *testscript.TestScript, name string) (image.Image, string) {
	im, format, err := image.Decode(strings.NewReader(ts.ReadFile(name)))
	ts.Check(err)
	return im, format
}

// scriptSmaller compares the sizes of files: [!] smaller FILE THAN.
func scriptSmaller(ts *testscript.TestScript, not bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("two files are needed")
	}
	a, b := len(ts.ReadFile(args[0])), len(ts.ReadFile(args[1]))
	if (a < b) == not || a == 0 {
		ts.Fatalf("%s has %d bytes, %s has %d", args[0], a, args[1], b)
	}
}

// scriptSamePixels compares decoded pictures: [!] samepixels A B.
func scriptSamePixels(ts *testscript.TestScript, not bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("two files are needed")
	}
	a, _ := decode(ts, args[0])
	b, _ := decode(ts, args[1])
	same := a.Bounds() == b.Bounds()
	for y := a.Bounds().Min.Y; same && y < a.Bounds().Max.Y; y++ {
		for x := a.Bounds().Min.X; same && x < a.Bounds().Max.X; x++ {
			ar, ag, ab, aa := a.At(x, y).RGBA()
			br, bg, bb, ba := b.At(x, y).RGBA()
			same = ar == br && ag == bg && ab == bb && aa == ba
		}
	}
	if same == not {
		ts.Fatalf("the same pixels: %v", same)
	}
}

// scriptExits runs a command and checks its exit code: exits CODE COMMAND ARGS...
func scriptExits(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("an exit code and a command are needed")
	}
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("exit code %d", code)
	}
}

// scriptJSON checks a value of a document: json FILE PATH VALUE, where PATH is like
// files.0.output.format, and VALUE may be * for any that is there, or be the
// length of a list as len:N. With ! the path must not exist.
func scriptJSON(ts *testscript.TestScript, not bool, args []string) {
	if len(args) != 3 && (!not || len(args) != 2) {
		ts.Fatalf("a file, a path and a value are needed")
	}
	var v any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &v))
	found := true
	for part := range strings.SplitSeq(args[1], ".") {
		switch in := v.(type) {
		case map[string]any:
			v, found = in[part]
		case []any:
			i, err := strconv.Atoi(part)
			if found = err == nil && i >= 0 && i < len(in); found {
				v = in[i]
			}
		default:
			found = false
		}
		if !found {
			break
		}
	}
	if not {
		if found {
			ts.Fatalf("%s is %v", args[1], v)
		}
		return
	}
	if !found {
		ts.Fatalf("there is no %s", args[1])
	}
	text := fmt.Sprint(v)
	if list, ok := v.([]any); ok {
		text = fmt.Sprintf("len:%d", len(list))
	}
	if args[2] != "*" && text != args[2] {
		ts.Fatalf("%s is %s", args[1], text)
	}
}

// scriptNothing checks that a folder has no entries: nothing FOLDER.
func scriptNothing(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("a folder is needed")
	}
	found, err := filepath.Glob(filepath.Join(ts.MkAbs(args[0]), "*"))
	ts.Check(err)
	hidden, err := filepath.Glob(filepath.Join(ts.MkAbs(args[0]), ".*"))
	ts.Check(err)
	if found = append(found, hidden...); len(found) > 0 {
		ts.Fatalf("%s holds %q", args[0], found)
	}
}
