package main

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"compressor/internal/blob"
	"compressor/internal/raster"
	"compressor/internal/vips"
)

// picture is a file to measure with.
type picture struct {
	name          string
	blob          blob.Blob // the file as it was found
	plain         blob.Blob // its pixels in sRGB as PNG, scaled; empty until plainOf
	width, height int       // of plain
}

// resized is the picture before plainOf.
func (p picture) resized() picture { return picture{name: p.name, blob: p.blob} }

func (p picture) megapixels() float64 { return float64(p.width) * float64(p.height) / 1e6 }

// gather finds the photos and graphics. Graphics are few in most folders, so those within
// documents and archives count, too.
func (b *bench) gather() error {
	seen := map[[sha256.Size]byte]bool{}
	take := func(list *[]picture, name, path string) error {
		found, err := blob.Of(path)
		if err != nil || seen[found.Sum] || b.options.limit > 0 && len(*list) >= b.options.limit {
			return err
		}
		seen[found.Sum] = true
		*list = append(*list, picture{name: name, blob: found})
		return nil
	}
	return filepath.WalkDir(b.options.corpus, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		switch strings.ToLower(filepath.Ext(path)) {
		case ".jpg", ".jpeg":
			return take(&b.photos, filepath.Base(path), path)
		case ".png":
			return take(&b.graphics, filepath.Base(path), path)
		case ".zip", ".docx", ".pptx", ".xlsx", ".odt", ".odp", ".epub":
			return b.members(path, func(name, path string) error { return take(&b.graphics, name, path) })
		}
		return nil
	})
}

// members hands over the PNG files within a ZIP archive.
func (b *bench) members(path string, take func(name, path string) error) error {
	archive, err := zip.OpenReader(path)
	if err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	defer archive.Close()
	for _, member := range archive.File {
		if strings.ToLower(filepath.Ext(member.Name)) != ".png" || strings.HasPrefix(member.Name, "__MACOSX") {
			continue
		}
		copied := b.fresh(".png")
		if err := extract(member, copied); err != nil {
			return fmt.Errorf("%s: %w", member.Name, err)
		}
		name := filepath.Base(path) + ":" + filepath.Base(member.Name)
		if err := take(name, copied); err != nil {
			return err
		}
	}
	return nil
}

func extract(member *zip.File, to string) error {
	from, err := member.Open()
	if err != nil {
		return err
	}
	defer from.Close()
	data, err := io.ReadAll(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o600)
}

// slowMost bounds the megapixels where the other side needs minutes a picture.
const slowMost = 0.6

// plainOf writes the picture once as a PNG of 8-bit sRGB and nothing else, of at most so
// many megapixels, so that both sides compress the same pixels.
func (b *bench) plainOf(p *picture, megapixels float64) error {
	if p.width > 0 {
		return nil
	}
	im, err := raster.Open(p.blob)
	if err != nil {
		return err
	}
	defer func() { im.Close() }()
	if over := float64(im.Width()) * float64(im.Height()) / (megapixels * 1e6); over > 1 {
		shrink := math.Sqrt(over)
		small, err := im.Resize(int(float64(im.Width())/shrink), int(float64(im.Height())/shrink))
		if err != nil {
			return err
		}
		im.Close()
		im = small
	}
	srgb, err := im.SRGB()
	if err != nil {
		return err
	}
	defer srgb.Close()
	pix, err := srgb.Pixels()
	if err != nil {
		return err
	}
	bare, err := vips.FromPixels(srgb.Width(), srgb.Height(), srgb.Bands(), pix) // without profile
	if err != nil {
		return err
	}
	defer bare.Close()
	data, err := bare.PNG()
	if err != nil {
		return err
	}
	path := b.fresh(".png")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		return err
	}
	p.width, p.height = bare.Width(), bare.Height()
	p.plain, err = blob.Of(path)
	return err
}

// chunk is one of a PNG file, with its length, type and checksum.
type chunk struct {
	kind string
	raw  []byte
}

// chunksOf splits a PNG file.
func chunksOf(file []byte) ([]chunk, error) {
	const signature, around = 8, 12
	var list []chunk
	for at := signature; at < len(file); {
		if len(file)-at < around {
			return nil, io.ErrUnexpectedEOF
		}
		size := int(binary.BigEndian.Uint32(file[at:]))
		if size > len(file)-at-around {
			return nil, io.ErrUnexpectedEOF
		}
		list = append(list, chunk{kind: string(file[at+4 : at+8]), raw: file[at : at+around+size]})
		at += around + size
	}
	return list, nil
}

// bareOf gives the file with its pixels only, so that no side wins by what it drops
// beside them; nil for an animation.
func bareOf(p picture) ([]byte, error) {
	file, err := p.blob.Bytes(1 << 30)
	if err != nil {
		return nil, err
	}
	chunks, err := chunksOf(file)
	if err != nil {
		return nil, err
	}
	out := slices.Clone(file[:8])
	for _, c := range chunks {
		switch c.kind {
		case "acTL":
			return nil, nil
		case "IHDR", "PLTE", "tRNS", "IDAT", "IEND":
			out = append(out, c.raw...)
		}
	}
	return out, nil
}
