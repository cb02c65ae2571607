package httpapi

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"compressor/internal/job"
	"compressor/internal/problem"
	"compressor/internal/schema"
	"compressor/internal/work"
)

// Bounds of a list. A page far behind the first costs as much as all before it, so there is
// a last one; behind it, a client goes on with end.
const (
	defaultPage = 50
	maxPage     = 100
	maxOffset   = 100_000
	maxTag      = 255 // characters, as of the option tag
)

// listReply is a page of a list. How many there are in all it does not say, since a count
// costs as much as there are.
type listReply struct {
	Jobs   []any `json:"jobs"`
	Offset int   `json:"offset"`
	Limit  int   `json:"limit"`
	More   bool  `json:"more"`
}

// list is GET /1.0/jobs: the key's jobs, newest first, as polls tell them but without
// reports.
func (s *Server) list(x *exchange) error {
	q, err := listQuery(x.r)
	if err != nil {
		return err
	}
	q.KeyID = x.key.ID
	body := listReply{Jobs: []any{}, Offset: q.Offset, Limit: q.Limit}
	body.More, err = s.to.Desk.List(x.r.Context(), q, func(j job.Job) error {
		entry, err := s.listed(j)
		body.Jobs = append(body.Jobs, entry)
		return err
	})
	if err != nil {
		return err
	}
	return x.reply(http.StatusOK, body)
}

// listed is a job as lists show it.
func (s *Server) listed(j job.Job) (any, error) {
	o, err := work.ReadOrder(j.Request)
	if err != nil {
		return nil, fmt.Errorf("request of job %s: %w", j.ID, err)
	}
	created := stamp(j.Created)
	if j.Batch.Total > 0 {
		body, err := s.batchHead(j)
		body.CreatedAt = created
		return body, err
	}
	switch j.State {
	case job.Completed:
		f, err := work.ReadFiles(j.Result)
		if err != nil {
			return nil, fmt.Errorf("result of job %s: %w", j.ID, err)
		}
		if f.Objects != nil {
			body := s.objectsOf(j, *f.Objects)
			body.CreatedAt = created
			return body, nil
		}
		body := s.resultOfFiles(j, o, f)
		body.Status, body.CreatedAt = j.State.Word(), created
		return body, nil
	case job.Failed:
		body := s.failed(j, o)
		body.CreatedAt = created
		return body, nil
	}
	body := s.open(j, o)
	body.CreatedAt = created
	return body, nil
}

// listQuery reads the query, and names every wrong parameter at once. An unknown one is
// wrong, too: a filter that was meant and not understood would show what was not asked for.
func listQuery(r *http.Request) (job.Query, error) {
	q := job.Query{Limit: defaultPage}
	read := map[string]func(string) (message string){
		"status": func(v string) string { return readState(v, &q.State) },
		"start":  func(v string) string { return readTime(v, &q.Start) },
		"end":    func(v string) string { return readTime(v, &q.End) },
		"offset": func(v string) string { return readCount(v, 0, maxOffset, &q.Offset) },
		"limit":  func(v string) string { return readCount(v, 1, maxPage, &q.Limit) },
		"tag":    func(v string) string { return readTag(v, &q.Tag) },
		"batch":  func(v string) string { return readID(v, &q.Batch) },
	}
	return q, readQuery(r, read)
}

// readQuery gives each parameter of a query to its reader, which says what it must be.
func readQuery(r *http.Request, read map[string]func(string) (message string)) error {
	given, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return problem.Invalid(problem.Field{Path: "query", Message: "Must be written as name=value&name=value, percent-encoded."})
	}
	names := make([]string, 0, len(read))
	for name := range read {
		names = append(names, name)
	}
	slices.Sort(names)
	var wrong []problem.Field
	say := func(name, message string) {
		if message != "" && len(wrong) < maxWrong {
			wrong = append(wrong, problem.Field{Path: schema.Printable(name), Message: message})
		}
	}
	for name, values := range given {
		switch known := read[name]; {
		case known == nil:
			say(name, unknownParameter(name, names))
		case len(values) > 1:
			say(name, fmt.Sprintf("Must be given once; got it %d times.", len(values)))
		default:
			say(name, got(known(values[0]), values[0]))
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	slices.SortFunc(wrong, func(a, b problem.Field) int { return strings.Compare(a.Path, b.Path) })
	return problem.Invalid(wrong...)
}

// got adds to what a text must be what it was.
func got(message, text string) string {
	if message == "" {
		return ""
	}
	return strings.TrimSuffix(message, ".") + "; got '" + schema.Printable(text) + "'."
}

// maxWrong is how many wrong parameters one reply names.
const maxWrong = 20

func unknownParameter(name string, names []string) string {
	if len(names) == 0 {
		return "Unknown parameter; none is known here."
	}
	if near := schema.Nearest(name, names); near != "" {
		return "Unknown parameter; did you mean '" + near + "'?"
	}
	return "Unknown parameter; known are " + strings.Join(names, ", ") + "."
}

func readState(v string, to *job.State) string {
	states := []job.State{job.Enqueued, job.Processing, job.Completed, job.Failed}
	if !slices.Contains(states, job.State(v)) {
		return "Must be one of enqueued, processing, completed, failed."
	}
	*to = job.State(v)
	return ""
}

func readTime(v string, to *time.Time) string {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, v); err == nil && t.Year() >= 1970 {
			*to = t
			return ""
		}
	}
	return "Must be a time such as 2026-11-24T18:00:00Z, or a date, which begins at midnight UTC."
}

func readCount(v string, least, most int, to *int) string {
	n, err := strconv.Atoi(v)
	if err != nil || n < least || n > most {
		return fmt.Sprintf("Must be a whole number from %d to %d.", least, most)
	}
	*to = n
	return ""
}

func readID(v string, to *string) string {
	if !isUUID(v) {
		return "Must be the id of a batch."
	}
	*to = v
	return ""
}

func readTag(v string, to *string) string {
	if n := utf8.RuneCountInString(v); n < 1 || n > maxTag || !utf8.ValidString(v) {
		return fmt.Sprintf("Must have 1 to %d characters.", maxTag)
	}
	*to = v
	return ""
}
