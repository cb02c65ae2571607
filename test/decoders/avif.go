package decoders

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// AVIF decodes by libavif and dav1d, and then turns as libavif says that the file asks
// for: the program itself leaves that to others.
func AVIF(r io.Reader) (image.Image, error) {
	dir, err := os.MkdirTemp("", "avifdec")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	in, out := filepath.Join(dir, "in.avif"), filepath.Join(dir, "out.png")
	if err := os.WriteFile(in, data, 0o600); err != nil {
		return nil, err
	}
	said, err := exec.Command("avifdec", "-j", "1", in, out).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("avifdec (package libavif-bin, by scripts/setup.sh): %w: %s", err, said)
	}
	drawn, err := os.ReadFile(out)
	if err != nil {
		return nil, err
	}
	im, err := png.Decode(bytes.NewReader(drawn))
	if err != nil {
		return nil, err
	}
	return shown(im, string(said))
}

// shown applies the turn and then the reflection that avifdec has printed.
func shown(im image.Image, said string) (image.Image, error) {
	number := func(what string) int {
		_, rest, found := strings.Cut(said, what)
		n := -1
		if found {
			fmt.Sscan(rest, &n)
		}
		return n
	}
	for range max(0, number("irot (Rotation)      :")) {
		im = redrawn(im, true, func(x, y, w, _ int) (int, int) { return w - 1 - y, x })
	}
	switch number("imir (Mirror)        : Mode") {
	case 0:
		im = redrawn(im, false, func(x, y, _, h int) (int, int) { return x, h - 1 - y })
	case 1:
		im = redrawn(im, false, func(x, y, w, _ int) (int, int) { return w - 1 - x, y })
	}
	return im, nil
}

// redrawn takes each pixel from another place of a picture of width w and height h.
func redrawn(im image.Image, swap bool, from func(x, y, w, h int) (int, int)) image.Image {
	w, h := im.Bounds().Dx(), im.Bounds().Dy()
	box := image.Rect(0, 0, w, h)
	if swap {
		box = image.Rect(0, 0, h, w)
	}
	out := image.NewNRGBA64(box)
	for y := range box.Dy() {
		for x := range box.Dx() {
			fx, fy := from(x, y, w, h)
			out.Set(x, y, im.At(fx, fy))
		}
	}
	return out
}
