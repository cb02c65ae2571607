package httpapi

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"

	"compressor/internal/job"
	"compressor/internal/problem"
)

// maxWait is the longest that a poll may wait, in seconds.
const maxWait = 60

// poll is GET /1.0/jobs/{id}.
func (s *Server) poll(x *exchange) error {
	wait, err := waitOf(x.r)
	if err != nil {
		return err
	}
	j, err := s.ownJob(x)
	if err != nil {
		return err
	}
	if wait > 0 && !j.State.Ended() {
		j, err = s.waitChange(x, j, wait)
		if err := x.admitAgain(); err != nil {
			return err
		}
		if err != nil {
			return err
		}
	}
	return s.tell(x, j)
}

// waitChange waits for the job's state to change.
func (s *Server) waitChange(x *exchange, j job.Job, wait time.Duration) (job.Job, error) {
	x.id = j.ID
	ctx, stop := s.patience(x.r.Context(), nil)
	defer stop()
	changed, err := s.to.Desk.WaitChange(ctx, j.ID, j.State, wait)
	return s.asItStands(x, ctx, changed, err)
}

// tell answers with the job as it stands.
func (s *Server) tell(x *exchange, j job.Job) error {
	body, err := s.jobReply(x.r.Context(), j)
	if err != nil {
		return err
	}
	if !j.State.Ended() {
		x.Header().Set("Retry-After", strconv.Itoa(s.pollAgain(j)))
	}
	return x.reply(http.StatusOK, body)
}

// ownJob is the job of the path, if it is the key's own. A foreign one does not exist.
func (s *Server) ownJob(x *exchange) (job.Job, error) {
	id, err := pathID(x)
	if err != nil {
		return job.Job{}, err
	}
	j, err := s.to.Desk.Get(x.r.Context(), id)
	if err == nil && j.KeyID != x.key.ID {
		err = problem.New(problem.NotFound)
	}
	return j, err
}

// pathID is the id in the path. One that is no UUID is of nothing: not-found.
func pathID(x *exchange) (string, error) {
	id := x.r.PathValue("id")
	if !isUUID(id) {
		return "", problem.New(problem.NotFound)
	}
	return id, nil
}

// isUUID takes the one form of a UUID that we write: 36 characters, lower case.
func isUUID(s string) bool {
	id, err := uuid.Parse(s)
	return err == nil && id.String() == s
}

// waitOf is how long to wait: the query's word, else that of the header Prefer, else not
// at all. A preference out of bounds is met as far as it can be (RFC 7240, section 2).
func waitOf(r *http.Request) (time.Duration, error) {
	wait := min(prefers(r.Header).wait, maxWait*time.Second)
	err := readQuery(r, map[string]func(string) string{"wait": func(v string) string {
		var seconds int
		if readCount(v, 0, maxWait, &seconds) != "" {
			return fmt.Sprintf("Must be a whole number of seconds from 0 to %d.", maxWait)
		}
		wait = time.Duration(seconds) * time.Second
		return ""
	}})
	return wait, err
}
