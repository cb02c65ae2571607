package mp4file

import "slices"

// brands are the major brands of MP4 films. Those of AVIF, HEIC and of sound alone are not
// among them.
var brands = [...]string{ // it is read only
	"isom", "iso2", "iso3", "iso4", "iso5", "iso6", "iso7", "iso8", "iso9",
	"mp41", "mp42", "avc1", "M4V ", "M4VH", "M4VP", "MSNV", "f4v ",
}

// Brands lists the major brands of MP4 films.
func Brands() []string { return slices.Clone(brands[:]) }

// QuickTimeBrand is the major brand of QuickTime's films.
const QuickTimeBrand = "qt  "

// HeadBytes is how much of a file [IsFilm] looks at.
const HeadBytes = 12

// IsFilm says whether a file that begins with head is taken for an MP4 or QuickTime film,
// whatever else it is. It reads nothing but the first box's type and brand.
func IsFilm(head []byte) bool {
	if len(head) < HeadBytes {
		return false
	}
	switch string(head[4:8]) {
	case "ftyp":
		brand := string(head[8:12])
		return brand == QuickTimeBrand || slices.Contains(brands[:], brand)
	case "moov":
		return head[0] == 0
	case "wide":
		return string(head[:4]) == "\x00\x00\x00\x08"
	}
	return false
}
