package zip_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"

	"compressor/internal/codec/codectest"
	zipcodec "compressor/internal/codec/zip"
)

func suite(t testing.TB) codectest.Suite {
	return codectest.Suite{Format: zipcodec.ID, Samples: samples(t), Unpack: unpack}
}

func TestCodec(t *testing.T) { codectest.Run(t, suite(t)) }

func FuzzInspect(f *testing.F) { codectest.FuzzInspect(f, suite(f)) }

// unpack reads an archive by the standard library.
func unpack(data []byte) ([]codectest.Unpacked, error) {
	a, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	var members []codectest.Unpacked
	for _, f := range a.File {
		m := codectest.Unpacked{Name: f.Name, Attributes: fmt.Sprint(
			f.CreatorVersion, f.ExternalAttrs, f.Modified, f.NonUTF8, f.Flags&^14, f.Comment, withoutZip64(f.Extra), a.Comment)}
		m.Data, err = contents(f)
		if m.Unread = err != nil; m.Unread {
			m.Attributes += fmt.Sprint(f.Method, f.CRC32, f.CompressedSize64, f.UncompressedSize64)
		}
		members = append(members, m)
	}
	return members, nil
}

// errLocked is for what the standard library would read as if it were plain.
var errLocked = errors.New("encrypted")

func contents(f *zip.File) ([]byte, error) {
	if f.Flags&1 != 0 {
		return nil, errLocked
	}
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, 1<<24))
	if err != nil {
		return nil, err
	}
	return data, nil
}

// withoutZip64 drops the field that only says how large the member is.
func withoutZip64(extra []byte) []byte {
	if len(extra) >= 4 && extra[0] == 1 && extra[1] == 0 {
		return extra[min(len(extra), 4+int(extra[2])):]
	}
	return extra
}
