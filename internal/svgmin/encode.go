package svgmin

import (
	"math"
	"strings"
)

// placed is a segment on a grid, in its units.
type placed struct {
	kind           byte
	x1, y1, x2, y2 int64
	x, y           int64
	large, sweep   bool
	arc            [3]string // of A: radii and rotation, as they are written
}

// raster says how a path is put on a grid.
type raster struct {
	grid
	slack float64 // how far an arc may stray from where it was; 0 keeps its radii
}

// place rounds a path. False if the grid cannot hold it.
func (r raster) onGrid(segments []segment) ([]placed, bool) {
	out := make([]placed, len(segments))
	x, y := 0.0, 0.0
	for i, s := range segments {
		for _, f := range [...]float64{s.x1, s.y1, s.x2, s.y2, s.x, s.y} {
			if !r.fits(f) {
				return nil, false
			}
		}
		out[i] = placed{
			kind: s.kind, x1: r.place(s.x1), y1: r.place(s.y1), x2: r.place(s.x2), y2: r.place(s.y2),
			x: r.place(s.x), y: r.place(s.y), large: s.large, sweep: s.sweep,
		}
		if s.kind == 'A' && !r.arc(segments, out, i, x, y) {
			return nil, false
		}
		x, y = s.x, s.y
	}
	return out, true
}

// arc puts segment i, which began at x, y, on the grid.
func (r raster) arc(segments []segment, out []placed, i int, x, y float64) bool {
	s, p := segments[i], &out[i]
	before := out[i-1]
	switch {
	case s.x1 == 0 || s.y1 == 0:
		p.kind = 'L' // SVG 1.1, F.6.6
		return true
	case p.x == before.x && p.y == before.y && s.x == x && s.y == y:
		p.kind = 'L'
		return true
	case r.slack == 0:
		p.arc = [3]string{r.text(p.x1), r.text(p.y1), r.text(p.x2)}
		if s.x1 == s.y1 {
			p.arc[2] = "0"
		}
		return true
	}
	// Where the ends stay, radii that are short enough stay, too: fitting again what was
	// fitted before would make them creep.
	if moved := math.Abs(s.x-float64(p.x)/r.unit) + math.Abs(s.y-float64(p.y)/r.unit) + math.Abs(x-float64(before.x)/r.unit) + math.Abs(y-float64(before.y)/r.unit); moved < 1e-9 && s.digits <= r.digits+1 {
		p.arc = [3]string{short(s.x1, s.digits), short(s.y1, s.digits), short(s.x2, 2)}
		if s.x1 == s.y1 {
			p.arc[2] = "0"
		}
		return true
	}
	now := s
	now.x, now.y = float64(p.x)/r.unit, float64(p.y)/r.unit
	var ok bool
	p.arc, ok = radii(x, y, s, float64(before.x)/r.unit, float64(before.y)/r.unit, now, r.digits, r.slack)
	return ok
}

// form is one way to write a segment: a command and its numbers.
type form struct {
	command byte
	numbers []string
	size    int  // of the numbers with what stands between them
	dot     bool // the last number has a point
}

// commands are what an encoder may have written last. Of ways of equal length the one that
// ends with the earlier of these wins.
const commands = "MmlLhHvVcCsSqQtTaAzZ"

// state is what decides how the next segment may be written: the command that numbers
// alone would repeat, and whether the last number has a point.
type state struct {
	command int8 // index into commands
	dot     bool
}

// step is the best way known to a state.
type step struct {
	size int
	from state
	form *form
	bare bool // the command is left out
	ok   bool
}

// row holds a step for each state.
type row [2 * len(commands)]step

func (s state) index() int {
	if s.dot {
		return int(s.command)*2 + 1
	}
	return int(s.command) * 2
}

// chunk is how many segments are weighed at once: each takes some kilobytes.
const chunk = 4096

// encodePath writes segments in the fewest characters that their forms allow: each may be
// absolute or relative, short or long, and leave its command out where the one before
// implies it. All combinations are weighed, by dynamic programming, within a chunk.
func encodePath(segments []placed, g grid) string {
	var b strings.Builder
	e := encoder{grid: g}
	before := &row{}
	for from := 0; from < len(segments); from += chunk {
		rows := make([]row, min(chunk, len(segments)-from))
		for i := range rows {
			forms := e.forms(segments, from+i)
			for f := range forms {
				if from+i == 0 {
					rows[0].offer(state{}, &step{ok: true}, &forms[f], true)
					continue
				}
				for k := range before {
					if way := &before[k]; way.ok {
						rows[i].offer(state{int8(k / 2), k%2 == 1}, way, &forms[f], false)
					}
				}
			}
			e.advance(segments[from+i])
			before = &rows[i]
		}
		end := spell(&b, rows)
		before = &row{}
		before[end].ok = true
	}
	return b.String()
}

// offer enters a way to write a form after the state from.
func (r *row) offer(from state, before *step, f *form, first bool) {
	index := int8(strings.IndexByte(commands, f.command))
	size, bare := before.size+f.size, false
	if !first && len(f.numbers) > 0 && implied(commands[from.command]) == f.command {
		bare = true
		if needsSpace(from.dot, f.numbers[0]) {
			size++
		}
	} else {
		size++
	}
	to := state{index, f.dot}
	if have := &r[to.index()]; !have.ok || size < have.size {
		*have = step{size: size, from: from, form: f, bare: bare, ok: true}
	}
}

// implied is the command that numbers alone stand for after another.
func implied(command byte) byte {
	switch command {
	case 'M':
		return 'L'
	case 'm':
		return 'l'
	}
	return command
}

// spell follows the best way back, writes it down, and gives the state it ends in.
func spell(b *strings.Builder, rows []row) (end int) {
	last := &rows[len(rows)-1]
	end = -1
	for k := range last {
		if last[k].ok && (end < 0 || last[k].size < last[end].size) {
			end = k
		}
	}
	steps := make([]*step, len(rows))
	for i, k := len(rows)-1, end; i >= 0; i-- {
		steps[i] = &rows[i][k]
		k = steps[i].from.index()
	}
	for _, s := range steps {
		if !s.bare {
			b.WriteByte(s.form.command)
		} else if needsSpace(s.from.dot, s.form.numbers[0]) {
			b.WriteByte(' ')
		}
		b.WriteString(s.form.text())
	}
	return end
}

// text writes the numbers of a form. Nothing need stand behind the flags of an arc.
func (f *form) text() string {
	if f.command|0x20 != 'a' {
		return join(f.numbers)
	}
	n := f.numbers
	return join(n[:3]) + " " + n[3] + n[4] + n[5] + join2(n[5], n[6])
}

// join2 writes what stands between two numbers, and the second.
func join2(first, second string) string {
	if needsSpace(strings.IndexByte(first, '.') >= 0, second) {
		return " " + second
	}
	return second
}
