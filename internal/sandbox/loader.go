package sandbox

import (
	"encoding/binary"
	"errors"
	"io"
	"os"
	"strings"
)

const elfMagic = "\x7fELF"

// interpreter reads the dynamic loader that a 64-bit little-endian ELF program names (the
// segment PT_INTERP; System V ABI, chapters 4 and 5), or "" for a static one. It is our
// own because debug/elf brings its initialisation (DWARF, zstd) into every job process.
func interpreter(program string) (string, error) {
	file, err := os.Open(program)
	if err != nil {
		return "", err
	}
	defer file.Close()
	return readInterpreter(file)
}

func readInterpreter(file io.ReaderAt) (string, error) {
	const (
		headerSize, segmentSize = 64, 56
		segmentInterpreter      = 3
		class64, littleEndian   = 2, 1
		longestPath             = 4096
	)
	header := make([]byte, headerSize)
	if _, err := file.ReadAt(header, 0); err != nil {
		return "", errors.New("not a program")
	}
	if string(header[:4]) != elfMagic || header[4] != class64 || header[5] != littleEndian {
		return "", errors.New("not a 64-bit ELF program")
	}
	offset := int64(binary.LittleEndian.Uint64(header[32:]))
	count := int64(binary.LittleEndian.Uint16(header[56:]))
	if binary.LittleEndian.Uint16(header[54:]) != segmentSize {
		return "", errors.New("ELF program with segments of an unknown size")
	}
	for i := range count {
		segment := make([]byte, segmentSize)
		if _, err := file.ReadAt(segment, offset+i*segmentSize); err != nil {
			return "", errors.New("truncated ELF program")
		}
		if binary.LittleEndian.Uint32(segment) != segmentInterpreter {
			continue
		}
		path := make([]byte, min(binary.LittleEndian.Uint64(segment[32:]), longestPath))
		if _, err := file.ReadAt(path, int64(binary.LittleEndian.Uint64(segment[8:]))); err != nil {
			return "", errors.New("truncated ELF program")
		}
		return strings.TrimRight(string(path), "\x00"), nil
	}
	return "", nil
}
