package deflate

/*
#include <libdeflate.h>
*/
import "C"

import "unsafe"

// firstGuess is the room Decompress starts with, in multiples of the input.
const firstGuess = 4

// DecompressInto expands the zlib stream at the start of src into dst, whose length is the
// most that will be written. It returns how many bytes it wrote and how many of src the
// stream took. A stream that holds more than len(dst) is ErrTooLong; one that is damaged,
// truncated or fails its checksum is ErrCorrupt, and dst is then undefined. (A truncated one
// may run a few bytes past the bound before its end is noticed, and is then ErrTooLong.)
func DecompressInto(dst, src []byte) (wrote, read int, err error) {
	state := C.libdeflate_alloc_decompressor()
	if state == nil {
		return 0, 0, ErrMemory
	}
	defer C.libdeflate_free_decompressor(state)
	return decompressWith(state, dst, src)
}

// Decompress expands a zlib stream of unknown length, to at most max bytes. It reserves
// memory by what it has seen, never by max alone: a short stream costs little whatever max
// is. Bytes after the stream are ignored. Errors are those of DecompressInto.
func Decompress(src []byte, max int) ([]byte, error) {
	state := C.libdeflate_alloc_decompressor()
	if state == nil {
		return nil, ErrMemory
	}
	defer C.libdeflate_free_decompressor(state)
	for room := min(firstGuess*len(src)+64, max); ; room = min(2*room, max) {
		out := make([]byte, room)
		n, _, err := decompressWith(state, out, src)
		if err == nil {
			return out[:n:n], nil
		}
		if err != ErrTooLong || room >= max {
			return nil, err
		}
	}
}

func decompressWith(state *C.struct_libdeflate_decompressor, dst, src []byte) (wrote, read int, err error) {
	// libdeflate takes a null destination for "report nothing", so an empty one still
	// needs an address.
	var none [1]byte
	out := pointer(dst)
	if len(dst) == 0 {
		out = unsafe.Pointer(&none)
	}
	var took, gave C.size_t
	code := C.libdeflate_zlib_decompress_ex(state, pointer(src), C.size_t(len(src)),
		out, C.size_t(len(dst)), &took, &gave)
	switch code {
	case C.LIBDEFLATE_SUCCESS:
		return int(gave), int(took), nil
	case C.LIBDEFLATE_INSUFFICIENT_SPACE:
		return 0, 0, ErrTooLong
	default:
		return 0, 0, ErrCorrupt
	}
}
