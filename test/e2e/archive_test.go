package e2e

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"compressor/internal/zipfile/ziptest"
	"compressor/test/decoders"
)

// archived makes an archive: of the kinds that honest users send, and of bombs.
func archived(kind string) ([]byte, error) {
	switch kind {
	case "nested":
		return nestedArchive(), nil
	case "zeros":
		return ziptest.Zeros(1 << 30), nil
	case "overlapping":
		return ziptest.Overlapping(50), nil
	case "quoting":
		return ziptest.Quoting(), nil
	case "deep":
		return ziptest.Nested(10, []byte("text")), nil
	case "many":
		return ziptest.Many(70_000), nil
	case "lying":
		return ziptest.Lying(100, 1<<30), nil
	case "quine":
		text, err := os.ReadFile(filepath.Join("..", "..", "testdata", "archive", "quine.hex"))
		if err != nil {
			return nil, err
		}
		return ziptest.Quine(string(text))
	}
	return nil, fmt.Errorf("unknown kind of archive %s", kind)
}

// nestedArchive is a ZIP in a ZIP in a ZIP, with pictures, and all that is odd in archives
// of honest people.
func nestedArchive() []byte {
	deepest := ziptest.Zip(ziptest.File("deep/photo.jpg", photo(160, 120, 3)), ziptest.File("deep/text.txt", bytes.Repeat([]byte("text "), 400)))
	middle := ziptest.Zip(ziptest.File("deepest.zip", deepest), ziptest.File("graphic.png", graphic(48, 40, 4)))
	shot := photo(200, 150, 5)
	locked := ziptest.File("locked.jpg", shot)
	locked.Flags, locked.Descriptor = 1, 16
	return ziptest.Archive{Comment: "made for a test", Entries: []ziptest.Entry{
		ziptest.File("photo.jpg", shot),
		ziptest.File("copies/photo.jpg", shot),
		{Name: "copies/", Mode: 0o040755},
		ziptest.File("middle.zip", middle),
		ziptest.File("truncated.jpg", shot[:len(shot)/2]),
		locked,
		{Name: "link.jpg", Data: []byte("photo.jpg"), Mode: 0o120777},
		ziptest.File("photo.jpg", photo(80, 60, 6)),
		ziptest.File("caf\x82.jpg", photo(120, 90, 8)),
		ziptest.File("../outside.jpg", photo(80, 60, 9)),
		{Name: "run.sh", Data: []byte("#!/bin/sh\n"), Mode: 0o100755},
	}}.Bytes()
}

// doMembers checks that FILE, a result, is an archive that holds what FILE held before:
// members FILE BEFORE. Both are read by archive/zip, and tested by unzip.
func doMembers(s *session, args []string) error {
	if err := want(args, 2, 2); err != nil {
		return err
	}
	after, err := os.ReadFile(s.ts.MkAbs(args[0]))
	if err != nil {
		return err
	}
	before, err := os.ReadFile(s.ts.MkAbs(args[1]))
	if err != nil {
		return err
	}
	if a, b := unzips(s.ts.MkAbs(args[0])), unzips(s.ts.MkAbs(args[1])); a != b {
		return fmt.Errorf("unzip -t ends with %d, and with %d before", a, b)
	}
	return sameMembers(after, before, func(after, before []byte) (*decoders.Picture, error) {
		a, err := decoders.Open(after, nil)
		if err != nil {
			return nil, err
		}
		b, err := decoders.Open(before, nil)
		if err == nil && decoders.Distance(a, b) > 8 {
			err = errors.New("another picture")
		}
		return a, err
	})
}

// unzips is how a test of all members by Info-ZIP's unzip ends: 0 if all are good.
func unzips(path string) int {
	cmd := exec.Command("unzip", "-tq", path)
	_ = cmd.Run() // its exit code tells
	if cmd.ProcessState == nil {
		return -1
	}
	return cmd.ProcessState.ExitCode()
}

// comparison opens two pictures by other decoders, and gives an error if they differ.
type comparison func(after, before []byte) (*decoders.Picture, error)

// sameMembers compares names, order, attributes and contents.
func sameMembers(after, before []byte, alike comparison) error {
	a, err := zip.NewReader(bytes.NewReader(after), int64(len(after)))
	if err != nil {
		return err
	}
	b, err := zip.NewReader(bytes.NewReader(before), int64(len(before)))
	if err != nil {
		return err
	}
	if len(a.File) != len(b.File) || a.Comment != b.Comment {
		return fmt.Errorf("%d members, %q, instead of %d, %q", len(a.File), a.Comment, len(b.File), b.Comment)
	}
	for i, was := range b.File {
		is := a.File[i]
		if is.Name != was.Name || is.ExternalAttrs != was.ExternalAttrs || !is.Modified.Equal(was.Modified) || is.NonUTF8 != was.NonUTF8 {
			return fmt.Errorf("%q became %q", was.Name, is.Name)
		}
		if err := sameMember(is, was, alike); err != nil {
			return fmt.Errorf("%q: %w", was.Name, err)
		}
	}
	return nil
}

// sameMember compares one member: no larger, and if it changed, a picture or archive still.
func sameMember(is, was *zip.File, alike comparison) error {
	x, err := unpacked(is)
	y, err2 := unpacked(was)
	switch {
	case (err == nil) != (err2 == nil):
		return errors.Join(err, err2)
	case err != nil || bytes.Equal(x, y):
		return nil
	case is.CompressedSize64 > was.CompressedSize64:
		return fmt.Errorf("%d bytes became %d", was.CompressedSize64, is.CompressedSize64)
	case bytes.HasPrefix(y, []byte("PK")):
		return sameMembers(x, y, alike)
	}
	_, err = alike(x, y)
	return err
}

func unpacked(f *zip.File) ([]byte, error) {
	if f.Flags&1 != 0 { // encrypted: what lies there is all there is to compare
		r, err := f.OpenRaw()
		if err != nil {
			return nil, err
		}
		return io.ReadAll(r)
	}
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}
