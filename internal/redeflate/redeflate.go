// Package redeflate deflates near-optimally, for what is worth more time than libdeflate's best
// level takes.
//
// How: all matches of a segment are found once, by binary trees. The cheapest sequence of
// literals and matches under given prices of symbols is then found by dynamic programming; its
// counts give new prices, and so on until little is gained. Between rounds the sequence is cut
// into blocks anew. That is the scheme of zopfli (Alakuijala and Vandevenne, 2013) with three
// differences: trees in the place of hash chains of up to 8192 strings; one minimum for all
// lengths that share a symbol, in the place of a look at each; and blocks cut by dynamic
// programming over all places of a grid, in the place of halving.
//
// Why not the zopfli library: it costs more. Measured on the filtered rows of the nine PNG files
// of the corpus (11.6 MB), in bytes and CPU seconds: libdeflate at level 12, 1,876,452 in 2.6;
// zopfli 1.0.3 with 5 iterations, 1,867,768 in 35.7, with 15, 1,865,992 in 61.0; this package,
// 1,868,004 in 11.7. On the five graphics among them, 365,506, 358,058, 357,737 and 357,656
// bytes. Its work is also bounded (zopfli's is not, and a call of C cannot be stopped), and it
// counts in integers: zopfli's choices hang on the C library's logarithm.
//
// The output is a function of the input alone. Work is bounded by the bytes: each position is
// compared with a bounded number of strings, and weighs a bounded number of matches in a bounded
// number of passes. Measured, a megabyte takes 0.2 (zeros) to 2 CPU seconds (random bits, runs of
// random lengths, and what else is worst for binary trees). Memory is that of one segment.
package redeflate

import (
	"context"
	"encoding/binary"
	"hash/adler32"
)

// Bounds of a segment, which is parsed by itself; matches reach back beyond it.
const (
	segmentBytes   = 2 << 20
	segmentMatches = 12 << 20
)

// Bounds of the search. A block is left alone once a pass gains less than 1/2^small of it.
const (
	rounds = 3 // ways to cut a segment into blocks
	passes = 4 // of each block in a round
	small  = 11
)

// Append appends src as a DEFLATE stream (RFC 1951) to dst and returns the longer slice. When
// ctx ends, its error is returned, after at most a pass over a segment: some tenths of a second.
func Append(ctx context.Context, dst, src []byte) ([]byte, error) {
	return inSegments(ctx, dst, src, segmentBytes)
}

// inSegments is Append with segments of at most so many bytes.
func inSegments(ctx context.Context, dst, src []byte, most int) ([]byte, error) {
	w := &writer{out: dst}
	f := newFinder(src)
	s := &segment{}
	for from := 0; ; {
		if err := s.fill(ctx, f, from, most); err != nil {
			return nil, err
		}
		blocks, err := s.optimise(ctx)
		if err != nil {
			return nil, err
		}
		to := len(s.src)
		for i, b := range blocks {
			w.block(b.coding, b.tokens, src[b.from:b.to], to == len(src) && i == len(blocks)-1)
		}
		if from = to; from == len(src) {
			w.align()
			return w.out, nil
		}
	}
}

// AppendZlib is Append with the header and the checksum of a zlib stream (RFC 1950).
func AppendZlib(ctx context.Context, dst, src []byte) ([]byte, error) {
	dst = append(dst, 0x78, 0xDA) // a window of 32 KiB, the slowest compression
	dst, err := Append(ctx, dst, src)
	if err != nil {
		return nil, err
	}
	return binary.BigEndian.AppendUint32(dst, adler32.Checksum(src)), nil
}

// block is a run of the input, and how it is written.
type block struct {
	from, to int
	tokens   []token
	coding   *coding
}

// optimise gives the blocks of the segment, at least one.
func (s *segment) optimise(ctx context.Context) ([]block, error) {
	tokens := s.greedy(nil)
	tokens = s.parse(tokens[:0], s.from, len(s.src), costsOf(count(tokens)))
	var best []block
	least := 0
	for range rounds {
		blocks := s.cut(tokens)
		sum := 0
		for i := range blocks {
			if err := s.improve(ctx, &blocks[i]); err != nil {
				return nil, err
			}
			sum += blocks[i].coding.bits
		}
		if best != nil && sum == least { // nothing moves any more
			break
		}
		if best == nil || sum < least {
			best, least = blocks, sum
		}
		tokens = nil
		for _, b := range blocks {
			tokens = append(tokens, b.tokens...)
		}
	}
	return best, nil
}

// cut makes blocks of tokens.
func (s *segment) cut(tokens []token) []block {
	if len(tokens) == 0 {
		return []block{{from: s.from, to: s.from}}
	}
	borders := split(tokens)
	blocks := make([]block, len(borders)-1)
	at := s.from
	for i := range blocks {
		b := block{from: at, to: at, tokens: tokens[borders[i]:borders[i+1]]}
		for _, t := range b.tokens {
			b.to += t.length()
		}
		at, blocks[i] = b.to, b
	}
	return blocks
}

// improve parses a block again and again, each time under the prices that the last result
// implies, and keeps the best.
func (s *segment) improve(ctx context.Context, b *block) error {
	c := count(b.tokens)
	b.coding = codingOf(c, b.to-b.from)
	for i := range passes {
		if err := ctx.Err(); err != nil {
			return err
		}
		prices := costsOf(c)
		if i == passes-1 && b.coding.kind == dynamic {
			prices = costsBy(b.coding)
		}
		tokens := s.parse(nil, b.from, b.to, prices)
		c = count(tokens)
		d := codingOf(c, b.to-b.from)
		gain := b.coding.bits - d.bits
		if gain > 0 {
			b.coding, b.tokens = d, tokens
		}
		if gain <= b.coding.bits>>small {
			break
		}
	}
	return nil
}
