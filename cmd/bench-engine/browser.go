package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// browser is Chromium without a window, started anew for each page: many drawings in a
// grid, as <img>, which is how most drawings are shown.
type browser struct {
	program string
	dir     string // for pages and pictures of them
}

// across is how many drawings stand in a row of a page, and perPage how many on all of it:
// the browser's time grows faster than the number.
const (
	across  = 16
	perPage = across * across
)

// behind is the colour of the page: neither black nor white, so that both are seen on it.
const behind = "#8fa3b5"

// newBrowser finds Chromium; Debian's package chromium-headless-shell is the smallest.
func newBrowser(dir string) (*browser, error) {
	for _, name := range []string{"chromium-headless-shell", "chromium", "google-chrome-stable"} {
		if program, err := exec.LookPath(name); err == nil {
			return &browser{program: program, dir: dir}, nil
		}
	}
	return nil, errors.New("missing: chromium-headless-shell (make bench-engine installs it)")
}

// version is the program's own name.
func (w *browser) version(ctx context.Context) string {
	said, _ := exec.CommandContext(ctx, w.program, "--version").Output()
	return strings.TrimSpace(string(said))
}

// run shows a page and gives what the program prints.
func (w *browser) run(ctx context.Context, page string, flags ...string) ([]byte, error) {
	dir, err := os.MkdirTemp(w.dir, "page-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "page.html")
	if err := os.WriteFile(path, []byte(page), 0o600); err != nil {
		return nil, err
	}
	flags = append(flags, "--disable-gpu", "--hide-scrollbars", "--force-device-scale-factor=1",
		"--allow-file-access-from-files", "--user-data-dir="+dir)
	if os.Geteuid() == 0 {
		flags = append(flags, "--no-sandbox") // its sandbox refuses root
	}
	cmd := exec.CommandContext(ctx, w.program, append(flags, "file://"+path)...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s", filepath.Base(w.program), err, said.String())
	}
	return out, nil
}

// source is the address of a file.
func source(path string) (string, error) {
	full, err := filepath.Abs(path)
	return (&url.URL{Scheme: "file", Path: full}).String(), err
}

// images is the HTML of the files, in order.
func images(files []string) (string, error) {
	var out strings.Builder
	for _, file := range files {
		address, err := source(file)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&out, "<img decoding=sync alt='' src=%q>\n", address)
	}
	return out.String(), nil
}

// draw gives one picture of all files, at most perPage, each in a square cell, as large
// as fits; cellAt tells where each is.
func (w *browser) draw(ctx context.Context, files []string, cell int) (*image.RGBA, error) {
	list, err := images(files)
	if err != nil {
		return nil, err
	}
	width, height := across*cell, (len(files)+across-1)/across*cell
	page := fmt.Sprintf("<!doctype html><meta charset=utf-8><style>*{margin:0}body{background:%s;width:%dpx}"+
		"img{float:left;width:%dpx;height:%dpx;object-fit:contain}</style>\n%s", behind, width, cell, cell, list)
	shot, err := os.CreateTemp(w.dir, "shot-*.png")
	if err != nil {
		return nil, err
	}
	defer os.Remove(shot.Name())
	defer shot.Close()
	if _, err := w.run(ctx, page, "--screenshot="+shot.Name(), fmt.Sprintf("--window-size=%d,%d", width, height)); err != nil {
		return nil, err
	}
	im, err := png.Decode(shot)
	if err != nil {
		return nil, err
	}
	if got := im.Bounds(); got.Dx() != width || got.Dy() != height {
		return nil, fmt.Errorf("the browser drew %v instead of %d×%d", got, width, height)
	}
	out := image.NewRGBA(im.Bounds())
	draw.Draw(out, out.Rect, im, im.Bounds().Min, draw.Src)
	return out, nil
}

// cellAt is where the file of that number is drawn.
func cellAt(i, cell int) image.Rectangle {
	return image.Rect(0, 0, cell, cell).Add(image.Pt(i%across*cell, i/across*cell))
}

// difference is the root of the mean squared difference of two pictures within a part, in
// units of 8-bit samples of red, green and blue.
func difference(a, b *image.RGBA, part image.Rectangle) float64 {
	var sum int
	for y := part.Min.Y; y < part.Max.Y; y++ {
		from, to := a.PixOffset(part.Min.X, y), a.PixOffset(part.Max.X, y)
		first, second := a.Pix[from:to], b.Pix[from:to]
		for i, v := range first {
			d := int(v) - int(second[i])
			sum += d * d // alpha is 255 everywhere
		}
	}
	return math.Sqrt(float64(sum) / float64(3*part.Dx()*part.Dy()))
}

// blank says whether a part shows nothing but the page.
func blank(im *image.RGBA, part image.Rectangle) bool {
	var page color.RGBA
	if _, err := fmt.Sscanf(behind, "#%02x%02x%02x", &page.R, &page.G, &page.B); err != nil {
		return false
	}
	for y := part.Min.Y; y < part.Max.Y; y++ {
		for x := part.Min.X; x < part.Max.X; x++ {
			if at := im.RGBAAt(x, y); at.R != page.R || at.G != page.G || at.B != page.B {
				return false
			}
		}
	}
	return true
}

// sizes gives the size that each drawing has by itself, as the browser says it, such as
// "16x16"; "0x0" for one that it cannot show.
func (w *browser) sizes(ctx context.Context, files []string) ([]string, error) {
	var all []string
	for part := range slices.Chunk(files, perPage) {
		sizes, err := w.sizesOf(ctx, part)
		if err != nil {
			return nil, err
		}
		all = append(all, sizes...)
	}
	return all, nil
}

func (w *browser) sizesOf(ctx context.Context, files []string) ([]string, error) {
	list, err := images(files)
	if err != nil {
		return nil, err
	}
	out, err := w.run(ctx, "<!doctype html><meta charset=utf-8><style>img{float:left;width:9px;height:9px}</style><body>"+list+
		"<script>onload = () => { document.body.textContent = "+
		"'<<' + [...document.images].map(i => i.naturalWidth + 'x' + i.naturalHeight).join(' ') + '>>' }</script>", "--dump-dom")
	if err != nil {
		return nil, err
	}
	found := regexp.MustCompile(`&lt;&lt;([0-9x ]*)&gt;&gt;`).FindSubmatch(out)
	if found == nil {
		return nil, errors.New("the browser tells no sizes")
	}
	sizes := strings.Fields(string(found[1]))
	if len(sizes) != len(files) {
		return nil, fmt.Errorf("the browser tells the sizes of %d files of %d", len(sizes), len(files))
	}
	return sizes, nil
}
