package httpapi

import (
	"context"
	"fmt"
	"hash/fnv"
	"net/http"
	"strings"
	"time"

	"compressor/internal/account"
	"compressor/internal/job"
)

// beat is how often a silent stream says that it lives, so that no proxy takes it for dead,
// and looks at the row by itself: another process may have changed it.
const beat = 15 * time.Second

// retryEvents is how long a client waits before it comes again, in milliseconds, if it does
// as the standard says.
const retryEvents = 2000

// events is GET /1.0/jobs/{id}/events: server-sent events (HTML standard, section 9.2) that
// follow a job to its end. state tells of a new state, progress of progress within it, done
// of the end, after which the stream is closed. The data of each is the job as a poll tells
// it; the first event is the job as it stands.
//
// There is no log of events: an event is what the row says, and its id names that. A client
// that comes again with the last id gets nothing until the row says something else; what
// it missed in between it does not need. One that has seen the end gets 204, on which
// browsers stop to come again. So a stream keeps nothing but the last id, however slow its
// reader is, and costs no more than its connection.
func (s *Server) events(x *exchange) error {
	j, err := s.ownJob(x)
	if err != nil {
		return err
	}
	f := feed{x: x, seen: x.r.Header.Get("Last-Event-ID")}
	f.word, _, _ = strings.Cut(f.seen, "-")
	x.id = j.ID
	if f.seen == eventID(j) && j.State.Ended() {
		x.ctl.SetWriteDeadline(time.Now().Add(replyTime)) //nolint:errcheck // not every connection has deadlines
		x.WriteHeader(http.StatusNoContent)
		return nil
	}
	if x.r.Method != http.MethodHead {
		if err := s.streams.open(x.key.ID, s.config.Streams); err != nil {
			return err
		}
		defer s.streams.close(x.key.ID)
	}
	f.begin()
	if x.r.Method != http.MethodHead {
		f.follow(j.ID)
	}
	return nil
}

// feed is one stream of events.
type feed struct {
	x    *exchange
	seen string // id of the last event
	word string // state that it told
	err  error  // of sending: the client is gone
}

func (f *feed) begin() {
	h := f.x.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-cache")
	h.Set("X-Accel-Buffering", "no") // nginx would keep events back
	h.Set("X-Content-Type-Options", "nosniff")
	f.x.WriteHeader(http.StatusOK)
	f.send(fmt.Appendf(nil, "retry: %d\n\n", retryEvents))
}

// follow sends what happens to the job until it has ended, the client or the server leaves,
// or the key is good no more.
func (f *feed) follow(id string) {
	s, ctx := f.x.s, f.x.r.Context()
	changed, end := s.to.Desk.Watch(id)
	defer end()
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for f.err == nil {
		j, err := s.to.Desk.Get(ctx, id)
		if err != nil { // its record was removed, or the database fails: coming again will tell
			return
		}
		if f.tell(j); j.State.Ended() {
			return
		}
		select {
		case <-changed:
		case <-tick.C:
			if !f.mayStay() {
				return
			}
			f.send([]byte(": still here\n\n"))
		case <-s.leaving:
			return
		case <-ctx.Done():
			return
		}
	}
}

// mayStay says whether the key that opened the stream is still good.
func (f *feed) mayStay() bool {
	key, err := f.x.authenticate(f.x.r.Context())
	return err == nil && key.ID == f.x.key.ID && key.May(account.Read)
}

// tell sends the job as it stands, unless the client has seen it so.
func (f *feed) tell(j job.Job) {
	id := eventID(j)
	if id == f.seen {
		return
	}
	text, err := f.x.s.eventData(f.x.r.Context(), j)
	if err != nil {
		f.x.s.to.Log.Error("event not written", "job", j.ID, "error", err)
		f.err = err
		return
	}
	f.send(fmt.Appendf(nil, "id: %s\nevent: %s\ndata: %s\n", id, f.name(j), text))
	f.seen, f.word = id, j.State.Word()
}

// eventData is the job as a poll tells it, in one line that ends. A batch that goes on is
// told without its items: a thousand events of a thousand items each are too much.
func (s *Server) eventData(ctx context.Context, j job.Job) ([]byte, error) {
	if j.Batch.Total > 0 && !j.State.Ended() {
		body, err := s.batchHead(j)
		if err != nil {
			return nil, err
		}
		return encode(body)
	}
	body, err := s.jobReply(ctx, j)
	if err != nil {
		return nil, err
	}
	return encode(body)
}

// name is what kind of event tells of the job as it stands.
func (f *feed) name(j job.Job) string {
	switch {
	case j.State.Ended():
		return "done"
	case j.State.Word() == f.word:
		return "progress"
	}
	return "state"
}

// send sends at once. The client has replyTime to take it.
func (f *feed) send(text []byte) {
	if f.err != nil {
		return
	}
	f.x.ctl.SetWriteDeadline(time.Now().Add(replyTime)) //nolint:errcheck // not every connection has deadlines
	if _, f.err = f.x.Write(text); f.err == nil {
		f.err = f.x.ctl.Flush()
	}
}

// eventID names what an event tells: two events of a job with one id say the same. The end
// of a job is one event, whatever becomes of its result.
func eventID(j job.Job) string {
	word := j.State.Word()
	if j.State.Ended() {
		return word
	}
	h, p := fnv.New64a(), j.Progress
	fmt.Fprintf(h, "%g %q %d %d", p.Percent, p.Phase, p.Done, p.Total)
	return fmt.Sprintf("%s-%016x", word, h.Sum64())
}
