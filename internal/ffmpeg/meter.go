package ffmpeg

import (
	"bytes"
	"strconv"
)

// meter reads, line by line, what a run tells of itself: framecrc has a line for each frame that
// was decoded or encoded, with its bytes in the fifth column, and -progress says as frame=N how
// many were handed to the encoder.
type meter struct {
	frames int  // that there are
	held   bool // the encoder holds frames back: that it has one counts as much as that it wrote it
	tell   func(share float64)
	most   int64  // bytes that all frames may have together; 0 for any
	over   func() // called when they have more

	taken, made int
	bytes       int64
	rest        []byte
}

// longestLine bounds what is kept of a line.
const longestLine = 4096

// Write implements io.Writer.
func (m *meter) Write(p []byte) (int, error) {
	m.rest = append(m.rest, p...)
	for {
		line, rest, found := bytes.Cut(m.rest, []byte("\n"))
		if !found {
			break
		}
		m.rest = rest
		m.read(line)
	}
	if len(m.rest) > longestLine {
		m.rest = nil
	}
	return len(p), nil
}

func (m *meter) read(line []byte) {
	columns := bytes.Split(line, []byte(","))
	value, counts := bytes.CutPrefix(line, []byte("frame="))
	switch {
	case counts:
		n, err := strconv.Atoi(string(bytes.TrimSpace(value)))
		if err != nil || n < m.taken {
			return
		}
		m.taken = n
	case len(columns) > 5 && line[0] != '#':
		n, err := strconv.ParseInt(string(bytes.TrimSpace(columns[4])), 10, 64)
		if err != nil || n < 0 {
			return
		}
		m.made++
		if m.bytes += n; m.most > 0 && m.bytes > m.most {
			m.over()
		}
	default:
		return
	}
	if m.tell != nil && m.frames > 0 {
		m.tell(m.share())
	}
}

func (m *meter) share() float64 {
	made := float64(min(m.made, m.frames))
	if !m.held {
		return made / float64(m.frames)
	}
	return (made + float64(min(m.taken, m.frames))) / float64(m.frames) / 2
}
