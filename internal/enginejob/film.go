package enginejob

import (
	"io"
	"os"

	"compressor/internal/mp4file"
)

// filmLike says whether the file begins as MP4 and QuickTime films do, exactly as their
// formats are told from others. It decides only what the job may use: what the file is, the
// job finds out.
func filmLike(path string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	head := make([]byte, mp4file.HeadBytes)
	if _, err := io.ReadFull(f, head); err != nil {
		return false, nil // shorter than any film
	}
	return mp4file.IsFilm(head), nil
}
