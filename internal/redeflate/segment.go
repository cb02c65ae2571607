package redeflate

import "context"

// segment is a run of the input with all its matches.
type segment struct {
	src     []byte // all of the input up to the end of the segment
	from    int    // where the segment begins
	matches []match
	first   []uint32 // of position from+i: where its matches begin; one more at the end
	cost    []uint32 // scratch: the least cost from a position to the end of the block
	choice  []token  // scratch: what to begin with there
	lows    lows
}

// fill finds all matches of the segment of at most most bytes that begins at from. It ends early
// if they are many.
func (s *segment) fill(ctx context.Context, f *finder, from, most int) error {
	s.from, s.matches, s.first = from, s.matches[:0], s.first[:0]
	p, last := from, match(0)
	for end := min(len(f.src), from+most); p < end && len(s.matches) < segmentMatches; p++ {
		if p%(1<<16) == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		before := len(s.matches)
		s.first = append(s.first, uint32(before))
		s.matches = f.visit(p, s.matches)
		longest := match(0)
		if n := len(s.matches); n > before {
			longest = s.matches[n-1]
		}
		if longest.length() < maxMatch {
			last = 0
			continue
		}
		if longest == last { // inside a long repetition the shorter ones are of no use
			s.matches = append(s.matches[:before], last)
		}
		last = longest
	}
	s.first = append(s.first, uint32(len(s.matches)))
	s.src = f.src[:p]
	s.cost = grown(s.cost, p-from+1)
	s.choice = grown(s.choice, p-from+1)
	return nil
}

// grown is a slice of n elements, s itself if it has room for them.
func grown[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// greedy takes the longest match everywhere, but one that the next position exceeds, and
// short ones from far away. What it finds serves for first counts only.
func (s *segment) greedy(dst []token) []token {
	longest := func(p int) match {
		if found := s.matches[s.first[p]:s.first[p+1]]; len(found) > 0 {
			if m := found[len(found)-1]; m.length() > minMatch || m.distance() < 1<<10 {
				return m
			}
		}
		return 0
	}
	for p, end := 0, len(s.src)-s.from; p < end; {
		m := longest(p)
		n := min(m.length(), end-p)
		if n < minMatch || p+1 < end && longest(p+1).length() > n {
			dst = append(dst, token(s.src[s.from+p]))
			p++
			continue
		}
		dst = append(dst, token(m.withLength(n)))
		p += n
	}
	return dst
}
