package mp4file

// mostSampled is how many frames of a film are looked at. Their mean over 24 frames lay
// within 0.7 points of that over all of them for the films of the corpus.
const mostSampled = 24

// Sampled gives the frames, of so many, by which a film is judged: spread evenly, each in
// the middle of its share. Of a film that is judged by all of its frames, all.
func Sampled(frames int) []int {
	n := min(frames, mostSampled)
	out := make([]int, n)
	for i := range out {
		out[i] = (2*i + 1) * frames / (2 * n)
	}
	return out
}
