package pngfile

import (
	"strings"
	"unicode/utf8"

	"compressor/internal/deflate"
)

// profileSpace gives the colour space of an ICC profile, its header's bytes 16 to 19
// (ICC.1:2022, 7.2): "RGB " or "GRAY" in a PNG, or "" where there is none.
func (a *Ancillary) profileSpace() string {
	if len(a.ICC) < 20 {
		return ""
	}
	return string(a.ICC[16:20])
}

// check says whether the fields can be written. A wrong one is our caller's mistake, not the
// file's: what ReadHeader gives always passes.
func (a *Ancillary) check() error {
	for _, kind := range [...]string{"gAMA", "cHRM", "sRGB", "cICP", "mDCV", "cLLI", "pHYs"} {
		if field, size := a.fixed(kind); *field != nil && len(*field) != size {
			return invalid("%s of %d bytes", kind, len(*field))
		}
	}
	if a.ICC != nil && !fitsKeyword(a.profileName()) {
		return invalid("profile name of %d bytes", len(a.ICCName))
	}
	for _, e := range a.Text {
		switch {
		case !fitsKeyword(e.Keyword):
			return invalid("keyword of %d bytes", len(e.Keyword))
		case e.International && (strings.ContainsRune(e.Language, 0) || strings.ContainsRune(e.Translated, 0) ||
			!utf8.ValidString(e.Translated) || !utf8.ValidString(e.Text)):
			return invalid("international text that is not UTF-8, or NUL in its head")
		}
	}
	return nil
}

func fitsKeyword(s string) bool {
	return len(s) >= 1 && len(s) <= 79 && strings.IndexByte(s, 0) < 0
}

// profileName is the name written for the profile; the chunk needs one.
func (a *Ancillary) profileName() string {
	if a.ICCName == "" {
		return "icc"
	}
	return a.ICCName
}

// beforePalette appends the chunks that must stand before PLTE (PNG 5.6).
func (a *Ancillary) beforePalette(dst []byte) ([]byte, error) {
	if a.CICP != nil {
		dst = appendChunk(dst, "cICP", a.CICP)
	}
	if a.ICC != nil {
		stream, err := deflate.Compress(nil, a.ICC, deflate.Best)
		if err != nil {
			return nil, err
		}
		dst = appendChunk(dst, "iCCP", []byte(a.profileName()), []byte{0, 0}, stream)
	}
	for _, kind := range [...]string{"sRGB", "gAMA", "cHRM", "mDCV", "cLLI"} {
		if field, _ := a.fixed(kind); *field != nil {
			dst = appendChunk(dst, kind, *field)
		}
	}
	return dst, nil
}

// beforeData appends the chunks whose place is free or before IDAT.
func (a *Ancillary) beforeData(dst []byte) ([]byte, error) {
	for _, kind := range [...]string{"pHYs", "eXIf"} {
		if field, _ := a.fixed(kind); *field != nil {
			dst = appendChunk(dst, kind, *field)
		}
	}
	for _, e := range a.Text {
		var err error
		if dst, err = appendText(dst, e); err != nil {
			return nil, err
		}
	}
	return dst, nil
}

// appendText writes one text, compressed where that is shorter.
func appendText(dst []byte, e Entry) ([]byte, error) {
	stream, err := deflate.Compress(nil, []byte(e.Text), deflate.Best)
	if err != nil {
		return nil, err
	}
	word, text := append([]byte(e.Keyword), 0), []byte(e.Text)
	switch {
	case e.International:
		head := []byte(e.Language + "\x00" + e.Translated + "\x00")
		if len(stream) < len(text) {
			return appendChunk(dst, "iTXt", word, []byte{1, 0}, head, stream), nil
		}
		return appendChunk(dst, "iTXt", word, []byte{0, 0}, head, text), nil
	case len(stream)+1 < len(text) || strings.IndexByte(e.Text, 0) >= 0: // tEXt may hold no NUL
		return appendChunk(dst, "zTXt", word, []byte{0}, stream), nil
	default:
		return appendChunk(dst, "tEXt", word, text), nil
	}
}
