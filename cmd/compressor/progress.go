package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"unicode/utf8"

	"compressor/internal/jobprocess"
)

// bar is the line that shows how far a run is. Where there is no terminal it does nothing.
// It is safe for concurrent use.
type bar struct {
	w     io.Writer
	width int // characters; 0: no terminal
	total int // files

	mu    sync.Mutex
	done  int
	tasks []*barTask // under way, oldest first
	shown string
}

// barTask is one file under way.
type barTask struct {
	bar   *bar
	name  string
	phase string
	share float64 // 0 to 100
}

func newBar(w io.Writer, total int) *bar { return &bar{w: w, width: width(w), total: total} }

// begin adds a file.
func (b *bar) begin(name string) *barTask {
	b.mu.Lock()
	defer b.mu.Unlock()
	t := &barTask{bar: b, name: printable(name)}
	b.tasks = append(b.tasks, t)
	b.draw()
	return t
}

// progress takes what the job process says.
func (t *barTask) progress(p jobprocess.Progress) {
	t.bar.mu.Lock()
	defer t.bar.mu.Unlock()
	t.phase, t.share = printable(p.Phase), p.Percent
	t.bar.draw()
}

// end takes the file off the line.
func (t *barTask) end() {
	t.bar.mu.Lock()
	defer t.bar.mu.Unlock()
	for i, other := range t.bar.tasks {
		if other == t {
			t.bar.tasks = append(t.bar.tasks[:i:i], t.bar.tasks[i+1:]...)
			return
		}
	}
}

// finished counts a file as done.
func (b *bar) finished() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.done++
	b.draw()
}

// clear wipes the line.
func (b *bar) clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.shown != "" {
		fmt.Fprint(b.w, "\r\x1b[K")
		b.shown = ""
	}
}

// draw writes the line if it says something new.
func (b *bar) draw() {
	if line := b.line(); line != b.shown {
		fmt.Fprint(b.w, "\r\x1b[K"+line)
		b.shown = line
	}
}

// barCells is how long the bar itself is, in characters.
const barCells = 24

// line is the bar as text: "[======            ]  33 %  4 of 12  photo.jpg: search".
func (b *bar) line() string {
	if b.width == 0 || b.total == 0 {
		return ""
	}
	sum := 100 * float64(b.done)
	for _, t := range b.tasks {
		sum += t.share
	}
	share := min(1, sum/100/float64(b.total))
	full := int(share * barCells)
	line := fmt.Sprintf("[%s%s] %3d %%  %d of %d", strings.Repeat("=", full), strings.Repeat(" ", barCells-full),
		int(share*100), b.done, b.total)
	if len(b.tasks) > 0 {
		oldest := b.tasks[0]
		line += "  " + oldest.name
		if oldest.phase != "" {
			line += ": " + oldest.phase
		}
	}
	for utf8.RuneCountInString(line) >= b.width { // the last column would wrap the line
		_, last := utf8.DecodeLastRuneInString(line)
		line = line[:len(line)-last]
	}
	return line
}
