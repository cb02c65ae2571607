package svgfile

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"compressor/internal/problem"
)

// Zipped says whether data is a gzip stream, as an .svgz file is.
func Zipped(data []byte) bool { return bytes.HasPrefix(data, []byte("\x1f\x8b\x08")) }

// Unzip gives the document within data if that is a gzip stream, and data itself
// otherwise. More than MaxBytes is limit-exceeded.
func Unzip(data []byte) ([]byte, error) {
	if !Zipped(data) {
		if len(data) > MaxBytes {
			return nil, limit("bytes", MaxBytes)
		}
		return data, nil
	}
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, problem.New(problem.FileCorrupt).Because(fmt.Errorf("svgz: %w", err))
	}
	text, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return nil, problem.New(problem.FileCorrupt).Because(fmt.Errorf("svgz: %w", err))
	}
	if len(text) > MaxBytes {
		return nil, limit("bytes", MaxBytes)
	}
	return text, nil
}

// decode gives a document in UTF-8 with plain line ends and without a byte order mark.
func decode(data []byte) (string, error) {
	var from encoding.Encoding
	switch {
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		data = data[3:]
	case bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")):
		from = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	default:
		var err error
		if from, err = declared(data); err != nil {
			return "", err
		}
	}
	if from != nil {
		converted, err := from.NewDecoder().Bytes(data)
		if err != nil {
			return "", problem.New(problem.FileCorrupt).Because(err)
		}
		data = converted
	}
	if !utf8.Valid(data) {
		return "", problem.New(problem.FileCorrupt).Because(errors.New("svg: not UTF-8"))
	}
	text := string(data)
	for i := range len(text) {
		if c := text[i]; c < 0x20 && !isSpace(c) {
			return "", problem.New(problem.FileCorrupt).Because(errors.New("svg: a control character"))
		}
	}
	if strings.IndexByte(text, '\r') >= 0 {
		text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	}
	return text, nil
}

// declared finds the encoding that the XML declaration names; nil for UTF-8.
func declared(data []byte) (encoding.Encoding, error) {
	if !bytes.HasPrefix(data, []byte("<?xml")) {
		return nil, nil
	}
	head, _, _ := bytes.Cut(data[:min(len(data), 200)], []byte("?>"))
	_, after, found := strings.Cut(string(head), "encoding")
	if !found {
		return nil, nil
	}
	after = strings.TrimLeft(after, spaces+"=")
	if after == "" || after[0] != '"' && after[0] != '\'' {
		return nil, nil
	}
	name, _, _ := strings.Cut(after[1:], after[:1])
	switch strings.ToLower(name) {
	case "utf-8", "utf8", "us-ascii", "ascii":
		return nil, nil
	case "iso-8859-1", "latin1", "windows-1252": // browsers read the first as the last
		return charmap.Windows1252, nil
	case "iso-8859-15":
		return charmap.ISO8859_15, nil
	}
	return nil, problem.Newf(problem.FormatUnsupported, "The drawing is in an encoding that is not handled.")
}
