package work

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"compressor/internal/problem"
	"compressor/internal/report"
)

// The outcomes of an object.
const (
	objectCompleted = "completed"
	objectSkipped   = "skipped" // an earlier transfer has done it, or it may not be overwritten
	objectFailed    = "failed"
)

// Entry is what became of one object of a bucket: a line of the list that is the result of
// such a job.
type Entry struct {
	Key     string           `json:"key"`
	Status  string           `json:"status"`
	Why     string           `json:"why,omitempty"` // of one that was skipped
	URL     string           `json:"url,omitempty"`
	Input   *report.File     `json:"input,omitempty"`
	Output  *report.File     `json:"output,omitempty"`
	Report  *report.Report   `json:"report,omitempty"`
	Problem *problem.Problem `json:"problem,omitempty"`
}

// Tally counts objects by what became of them, and the bytes of those that were completed.
type Tally struct {
	Total     int64 `json:"total"`
	Completed int64 `json:"completed"`
	Skipped   int64 `json:"skipped"`
	Failed    int64 `json:"failed"`
	Before    int64 `json:"input_bytes"`
	After     int64 `json:"output_bytes"`
}

func (t *Tally) add(e Entry) {
	t.Total++
	switch e.Status {
	case objectCompleted:
		t.Completed++
		t.Before += e.Input.Size
		t.After += e.Output.Size
	case objectSkipped:
		t.Skipped++
	default:
		t.Failed++
	}
}

// journal is the list of entries as it grows, in the order of keys. It outlives its process:
// the last line tells where to go on.
type journal struct {
	file  *os.File
	tally Tally
	last  string // key of the last entry
}

// openJournal reads what an earlier hold of the job has written, and goes on behind it. A
// line that was cut short is no line.
func openJournal(path string) (*journal, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	j := &journal{file: f}
	whole, err := j.read()
	if err == nil {
		err = f.Truncate(whole)
	}
	if err == nil {
		_, err = f.Seek(whole, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return j, nil
}

// read adds up the lines, and gives where the last whole one ends.
func (j *journal) read() (whole int64, err error) {
	r := bufio.NewReader(j.file)
	for {
		line, err := r.ReadBytes('\n')
		if err == io.EOF {
			return whole, nil
		}
		if err != nil {
			return 0, err
		}
		var e Entry
		if err := json.Unmarshal(line, &e); err != nil {
			return 0, fmt.Errorf("list of objects: %w", err)
		}
		if e.Status == objectCompleted && (e.Input == nil || e.Output == nil) {
			return 0, errors.New("list of objects: an entry without its files")
		}
		j.tally.add(e)
		j.last = e.Key
		whole += int64(len(line))
	}
}

// write adds an entry. Another process sees it at once; a power failure may take it, and then
// the object is found done.
func (j *journal) write(e Entry) error {
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if _, err := j.file.Write(append(line, '\n')); err != nil {
		return err
	}
	j.tally.add(e)
	j.last = e.Key
	return nil
}

func (j *journal) close() error { return j.file.Close() }
