package svgmin

import "strings"

// placed is a segment on a grid, in its units.
type placed struct {
	kind           byte
	x1, y1, x2, y2 int64
	x, y           int64
	large, sweep   bool
}

// onGrid rounds a path. False if a number is too large for the grid.
func onGrid(segments []segment, g grid) ([]placed, bool) {
	out := make([]placed, len(segments))
	for i, s := range segments {
		for _, f := range [...]float64{s.x1, s.y1, s.x2, s.y2, s.x, s.y} {
			if !g.fits(f) {
				return nil, false
			}
		}
		out[i] = placed{
			kind: s.kind, x1: g.place(s.x1), y1: g.place(s.y1), x2: g.place(s.x2), y2: g.place(s.y2),
			x: g.place(s.x), y: g.place(s.y), large: s.large, sweep: s.sweep,
		}
		if s.kind == 'A' && (out[i].x1 == 0 || out[i].y1 == 0) {
			if s.x1 != 0 && s.y1 != 0 {
				return nil, false // radii that vanish on this grid
			}
			out[i].kind = 'L' // SVG 1.1, F.6.6
		}
	}
	return out, true
}

// form is one way to write a segment: a command and its numbers.
type form struct {
	command byte
	numbers []string
	size    int  // of the numbers with what stands between them
	first   byte // what the numbers begin with
	dot     bool // the last number has a point
}

// lastKind values are commands as an encoder may have written them last; the state of the
// search below is one of them and whether the last number has a point.
const commands = "MmLlHhVvCcSsQqTtAaZz"

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

// encodePath writes segments in the fewest characters that their forms allow: each may be
// absolute or relative, short or long, and leave its command out where the one before
// implies it. All combinations are weighed, by dynamic programming.
func encodePath(segments []placed, g grid) string {
	rows := make([]row, len(segments))
	e := encoder{grid: g}
	for i := range segments {
		forms := e.forms(segments, i)
		for f := range forms {
			if i == 0 {
				rows[0].offer(state{}, &step{ok: true}, &forms[f], true)
				continue
			}
			for k := range rows[i-1] {
				if before := &rows[i-1][k]; before.ok {
					rows[i].offer(state{int8(k / 2), k%2 == 1}, before, &forms[f], false)
				}
			}
		}
		e.advance(segments[i])
	}
	return spell(rows)
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

// spell follows the best way back and writes it down.
func spell(rows []row) string {
	if len(rows) == 0 {
		return ""
	}
	last := rows[len(rows)-1]
	best := -1
	for k := range last {
		if last[k].ok && (best < 0 || last[k].size < last[best].size) {
			best = k
		}
	}
	steps := make([]step, len(rows))
	for i := len(rows) - 1; i >= 0; i-- {
		steps[i] = rows[i][best]
		best = steps[i].from.index()
	}
	var b strings.Builder
	for _, s := range steps {
		if !s.bare {
			b.WriteByte(s.form.command)
		} else if needsSpace(s.from.dot, s.form.numbers[0]) {
			b.WriteByte(' ')
		}
		b.WriteString(s.form.text())
	}
	return b.String()
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
