package enginejob

import (
	"io"
	"os"
	"slices"
)

// filmLike says whether the file begins as MP4 and QuickTime films do, by the word in its
// fifth to eighth byte. It is a guess that decides only what the job may use: what the file
// is, the job finds out. Pictures of the same container are no films.
func filmLike(path string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	head := make([]byte, 12)
	if _, err := io.ReadFull(f, head); err != nil {
		return false, nil // shorter than any film
	}
	switch string(head[4:8]) {
	case "moov", "wide":
		return true, nil
	case "ftyp":
		return !slices.Contains([]string{"avif", "avis", "heic", "heix", "mif1", "msf1"}, string(head[8:])), nil
	}
	return false, nil
}
