package recipe

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"compressor/internal/format"
	"compressor/internal/problem"
)

// PartRules is what a recipe says of the files within a file.
type PartRules struct {
	depth            int // levels opened within the outermost file; below 0 for any
	nothing          bool
	include, exclude []*regexp.Regexp
}

// PartRules gives the rules for the parts of files of this family. Patterns that are not
// valid, which Check tells, match nothing.
func (r Recipe) PartRules(family format.Family) PartRules {
	if family != FamilyArchive {
		return PartRules{depth: -1}
	}
	return PartRules{
		depth: r.Archive.Depth, nothing: !r.Archive.Contents,
		include: patterns(r.Archive.Include), exclude: patterns(r.Archive.Exclude),
	}
}

// Opens says whether a file that lies within so many others is looked into; the outermost
// one, at 0, always is.
func (p PartRules) Opens(depth int) bool { return p.depth < 0 || depth <= p.depth }

// Touches says whether the part at this path, in the file that holds it, is compressed.
func (p PartRules) Touches(path string) bool {
	matches := func(re *regexp.Regexp) bool { return re.MatchString(path) }
	switch {
	case p.nothing, slices.ContainsFunc(p.exclude, matches):
		return false
	}
	return len(p.include) == 0 || slices.ContainsFunc(p.include, matches)
}

// ForParts is the recipe for the parts of a file of this family, given the option groups
// that the client named: what the holder's options say of them is filled in.
func (r Recipe) ForParts(family format.Family, named []string) Recipe {
	if family != FamilyArchive {
		return r
	}
	switch level := r.Archive.Compression; level {
	case CompressionLossless, CompressionNone:
		r.Image.Compression = CompressionLossless
		r.Image.Quality, r.Image.MinScore, r.Image.MaxBytes = nil, nil, nil
		if r.Video != nil {
			video := *r.Video
			video.Compression = CompressionLossless
			r.Video = &video
		}
	case CompressionMedium, CompressionHigh, CompressionUltra:
		if !slices.Contains(named, string(FamilyImage)) {
			r.Image.Compression = level
		}
		if r.Video != nil && !slices.Contains(named, string(FamilyVideo)) {
			video := *r.Video
			video.Compression = level
			r.Video = &video
		}
	}
	return r
}

// Check looks at the patterns.
func (a Archive) Check() []problem.Field {
	var wrong []problem.Field
	look := func(path string, list []string) {
		for i, p := range list {
			if why := badPattern(p); why != "" {
				wrong = append(wrong, problem.Field{Path: fmt.Sprintf("%s[%d]", path, i), Message: why})
			}
		}
	}
	look("include", a.Include)
	look("exclude", a.Exclude)
	return wrong
}

// badPattern says what is wrong with a pattern that no path could be meant by.
func badPattern(p string) string {
	control := func(r rune) bool { return r < ' ' || r == 0x7f }
	switch {
	case p == "":
		return "A pattern must not be empty."
	case strings.ContainsFunc(p, control):
		return "A pattern must not hold control characters."
	case strings.HasPrefix(p, "/"), strings.Contains(p, "//"):
		return "Paths in archives begin with no '/', and have none twice in a row: no path matches this pattern."
	case strings.Contains(p, "***"):
		return "Use '*' within a folder or '**' across folders."
	}
	return ""
}

// patterns compiles the valid ones.
func patterns(list []string) []*regexp.Regexp {
	var out []*regexp.Regexp
	for _, p := range list {
		if badPattern(p) != "" {
			continue
		}
		if re, err := regexp.Compile(expression(p)); err == nil {
			out = append(out, re)
		}
	}
	return out
}

// expression turns a pattern into a regular expression, whose matching takes linear time:
// * and ? match within a folder, ** across folders, and **/ also no folder at all.
func expression(p string) string {
	var b strings.Builder
	b.WriteString(`(?s)\A`)
	for whole := p; len(p) > 0; {
		folder := len(p) == len(whole) || whole[len(whole)-len(p)-1] == '/'
		switch {
		case folder && strings.HasPrefix(p, "**/"):
			b.WriteString(`(?:.*/)?`)
			p = p[3:]
		case strings.HasPrefix(p, "**"):
			b.WriteString(`.*`)
			p = p[2:]
		case p[0] == '*':
			b.WriteString(`[^/]*`)
			p = p[1:]
		case p[0] == '?':
			b.WriteString(`[^/]`)
			p = p[1:]
		default:
			n := strings.IndexAny(p, "*?")
			if n < 0 {
				n = len(p)
			}
			b.WriteString(regexp.QuoteMeta(p[:n]))
			p = p[n:]
		}
	}
	b.WriteString(`\z`)
	return b.String()
}
