package picture

import (
	"strconv"
	"strings"

	"compressor/internal/codec"
)

// markWord begins the comment by which a lossy result says what it was made to meet: a
// floor, "Compressor 75", or a fixed quality, "Compressor q80". A later pass reads it and
// does not add loss to loss. docs/architecture.md says why this is needed.
const markWord = "Compressor "

// Mark is the comment for a new lossy result.
func (w *Work) Mark() string {
	if w.Img.Quality != nil {
		return MarkOf(codec.Prior{Quality: *w.Img.Quality})
	}
	if w.Target.Bytes > 0 {
		return "" // what the size leaves decides the loss; nobody has granted it
	}
	floor := max(w.Level.Floor(), w.Target.Score)
	if floor > 100 {
		floor = w.In.Floor
	}
	return MarkOf(codec.Prior{Floor: min(floor, 100)})
}

// MarkOf is the comment that says p; "" if there is nothing to say.
func MarkOf(p codec.Prior) string {
	switch {
	case p.Floor > 0:
		return markWord + strconv.FormatFloat(p.Floor, 'f', -1, 64)
	case p.Quality > 0:
		return markWord + "q" + strconv.Itoa(p.Quality)
	}
	return ""
}

// ReadMark reads such a comment; false for any other.
func ReadMark(comment string) (codec.Prior, bool) {
	text, found := strings.CutPrefix(comment, markWord)
	if !found {
		return codec.Prior{}, false
	}
	if q, fixed := strings.CutPrefix(text, "q"); fixed {
		n, err := strconv.Atoi(q)
		return codec.Prior{Quality: n}, err == nil && n >= 1 && n <= 100
	}
	floor, err := strconv.ParseFloat(text, 64)
	return codec.Prior{Floor: floor}, err == nil && floor > 0 && floor <= 100
}
