package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"

	"compressor/internal/blob"
	"compressor/internal/format"
	"compressor/internal/recipe"
)

// strips are the pictures of the page on images: a photo, text, transparency.
func strips() []strip {
	return []strip{
		{name: "levels-photo", from: "testdata/image/jpeg/progressive-cat.jpg", crop: image.Rect(80, 36, 190, 118), zoom: 2},
		{name: "levels-text", from: "testdata/image/png/screenshot-document.png", crop: image.Rect(10, 404, 120, 486), zoom: 2},
		{name: "levels-alpha", from: "testdata/image/png/palette-dinosaur.png", crop: image.Rect(990, 420, 1210, 584), zoom: 1},
	}
}

// writeDocs writes what the pages show of a section: of the levels the table with its
// pictures and, where the corpus has the files, the tables and the picture of README.md; of
// the drawings the tables; of any other its tables into the page on benchmarks, under the
// head, which says what they were measured on.
func (b *bench) writeDocs(ctx context.Context, folder string, p part, head string) error {
	page := filepath.Join(folder, "images.md")
	switch p.Name {
	default:
		return replace(filepath.Join(folder, "benchmarks.md"), p.Name, p.Title+". "+head+".\n\n"+p.markdown())
	case "svg":
		return replace(page, "drawings", p.markdown())
	case "levels":
		var pictures strings.Builder
		for _, s := range strips() {
			name, err := b.writeStrip(ctx, s, filepath.Join(folder, "images"))
			if err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			fmt.Fprintf(&pictures, "![%s before, and at three levels, with the differences](images/%s)\n\n", filepath.Base(s.from), name)
		}
		if err := replace(page, "levels", pictures.String()+p.markdown()); err != nil {
			return err
		}
		return b.writeReadme(ctx, folder)
	}
}

// markdown is what the section found, as a page shows it.
func (p *part) markdown() string {
	var out strings.Builder
	for _, t := range p.Tables {
		if t.Title != "" {
			fmt.Fprintf(&out, "%s:\n\n", strings.ToUpper(t.Title[:1])+t.Title[1:])
		}
		out.WriteString(t.markdown() + "\n")
	}
	for _, note := range p.Notes {
		out.WriteString(note + "\n\n")
	}
	return out.String()
}

// replace writes a text between two marks of a page.
func replace(page, name, text string) error {
	old, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	now, err := between(old, name, text)
	if err != nil {
		return fmt.Errorf("%s: %w", page, err)
	}
	return os.WriteFile(page, now, 0o644)
}

// between replaces what stands between the two marks of a name, which are comments on
// lines of their own.
func between(page []byte, name, text string) ([]byte, error) {
	first, rest, found := bytes.Cut(page, []byte("<!-- "+name+":"))
	comment, rest, closed := bytes.Cut(rest, []byte("-->\n"))
	_, last, ended := bytes.Cut(rest, []byte("<!-- end of "+name+" -->"))
	if !found || !closed || !ended {
		return nil, fmt.Errorf("no place marked %q", name)
	}
	return fmt.Appendf(nil, "%s<!-- %s:%s-->\n\n%s\n<!-- end of %s -->%s", first, name, comment, strings.TrimSpace(text)+"\n", name, last), nil
}

// writeStrip makes one strip and gives the name of its file.
func (b *bench) writeStrip(ctx context.Context, s strip, folder string) (string, error) {
	src, err := blob.Of(s.from)
	if err != nil {
		return "", err
	}
	before, err := pictureOf(src)
	if err != nil {
		return "", err
	}
	s.cells = []stripCell{{title: "before", detail: thousands(src.Size) + " bytes", picture: before}}
	for _, level := range levels() {
		if level == recipe.CompressionLossless {
			continue // nothing to be seen
		}
		got, result, err := b.result(ctx, src, filepath.Base(s.from), atLevel(level), b.fresh(""))
		if err != nil {
			return "", err
		}
		after, err := pictureOf(result)
		if err != nil {
			return "", err
		}
		s.cells = append(s.cells, stripCell{title: string(level), detail: thousands(got.bytes) + " bytes",
			below: fmt.Sprintf("score %.1f, saved %.0f %%", got.score, 100*(1-float64(got.bytes)/float64(src.Size))), picture: after})
	}
	drawn, err := s.render()
	if err != nil {
		return "", err
	}
	return b.packed(ctx, drawn, s.name, folder, "png", "webp")
}

// packed writes a picture without loss in the smallest of some formats.
func (b *bench) packed(ctx context.Context, im image.Image, name, folder string, formats ...format.ID) (string, error) {
	var plain bytes.Buffer
	if err := png.Encode(&plain, im); err != nil {
		return "", err
	}
	path := b.fresh(".png")
	if err := os.WriteFile(path, plain.Bytes(), 0o600); err != nil {
		return "", err
	}
	src, err := blob.Of(path)
	if err != nil {
		return "", err
	}
	var best blob.Blob
	var kind format.ID
	for _, to := range formats {
		r := atLevel(recipe.CompressionLossless)
		r.Image.Format = recipe.Formats{to}
		_, result, err := b.result(ctx, src, name, r, b.fresh(""))
		if err != nil {
			return "", err
		}
		if kind == "" || result.Size < best.Size {
			best, kind = result, to
		}
	}
	if kind == "" {
		return "", errors.New("no format")
	}
	data, err := best.Bytes(1 << 24)
	if err != nil {
		return "", err
	}
	for _, other := range formats { // of an earlier run
		if err := os.Remove(filepath.Join(folder, name+"."+string(other))); err != nil && !os.IsNotExist(err) {
			return "", err
		}
	}
	file := name + "." + string(kind)
	return file, os.WriteFile(filepath.Join(folder, file), data, 0o644)
}

// markdown is the table as a page shows it.
func (t *table) markdown() string {
	var out strings.Builder
	fmt.Fprintf(&out, "| %s |\n|%s\n", strings.Join(t.Columns, " | "), strings.Repeat(" --- |", len(t.Columns)))
	for _, row := range t.Rows {
		var cells []string
		for _, cell := range row {
			cells = append(cells, text(cell))
		}
		fmt.Fprintf(&out, "| %s |\n", strings.Join(cells, " | "))
	}
	return out.String()
}
