package enginejob

import (
	"bytes"
	"io"
	"os"

	"compressor/internal/mp4file"
)

// nature is what the first bytes of a file make it look like. It decides only what the job
// may use: what the file is, the job finds out.
type nature struct{ film, archive bool }

// natureOf says whether the file begins as MP4 and QuickTime films do, exactly as their
// formats are told from others, or as records of ZIP archives do.
func natureOf(path string) (nature, error) {
	f, err := os.Open(path)
	if err != nil {
		return nature{}, err
	}
	defer f.Close()
	head := make([]byte, mp4file.HeadBytes)
	n, err := io.ReadFull(f, head)
	return nature{film: err == nil && mp4file.IsFilm(head), archive: bytes.HasPrefix(head[:n], []byte("PK"))}, nil
}
