package httpapi

import (
	"context"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/tus/tusd/v2/pkg/handler"
	"golang.org/x/exp/slog"

	"compressor/internal/problem"
	"compressor/internal/resumable"
)

// Resumable uploads speak tus 1.0 (https://tus.io/protocols/resumable-upload). tusd's
// handler knows the protocol; what it may do, what its errors are called, and when a body
// moves too slowly is decided here.
const (
	uploadsPath = "/1.0/uploads/"
	tusVersion  = "1.0.0"
	jobHeader   = "Compressor-Job" // id of the job that a complete upload became

	lockTime  = 10 * time.Second // for another request on the same upload to give way
	graceTime = 5 * time.Second  // for the last bytes to be stored after the connection broke
)

// newTus sets tusd up. Its log would repeat ours, in its words.
func (s *Server) newTus() (*handler.UnroutedHandler, error) {
	return handler.NewUnroutedHandler(handler.Config{
		StoreComposer: s.to.Uploads.Composer(), MaxSize: s.config.Limits.File, BasePath: s.config.BaseURL + uploadsPath,
		DisableDownload: true, DisableConcatenation: true, Cors: &handler.CorsConfig{Disable: true},
		Logger:                  slog.New(slog.NewTextHandler(io.Discard, nil)),
		PreUploadCreateCallback: s.beforeUpload,
		NetworkTimeout:          s.config.Pace.Stall, AcquireLockTimeout: lockTime, GracefulRequestCompletionTimeout: graceTime,
	})
}

// speaksTus says whether a path is one of those on which every reply tells the version, also
// that no key or no route was found.
func speaksTus(path string) bool { return strings.HasPrefix(path+"/", uploadsPath) }

// methodOf is what a request is to do. A client of tus that can send POST only names it in a
// header, and may name what else tus has, and nothing more.
func methodOf(r *http.Request) (method string, ok bool) {
	given := r.Header.Get("X-HTTP-Method-Override")
	if r.Method != http.MethodPost || given == "" || !speaksTus(r.URL.Path) {
		return r.Method, true
	}
	switch given {
	case http.MethodPatch, http.MethodDelete, http.MethodHead, http.MethodOptions:
		return given, true
	}
	return r.Method, false
}

// createUpload is POST /1.0/uploads/.
func (s *Server) createUpload(x *exchange) error { return s.speakTus(x, "", s.tus.PostFile) }

// uploadOptions is OPTIONS of both paths: what of tus is spoken. tusd answers by itself.
func (s *Server) uploadOptions(x *exchange) error {
	return s.speakTus(x, "", func(http.ResponseWriter, *http.Request) {})
}

// uploadOffset is HEAD /1.0/uploads/{id}.
func (s *Server) uploadOffset(x *exchange) error { return s.speakOfMine(x, s.tus.HeadFile) }

// appendUpload is PATCH /1.0/uploads/{id}.
func (s *Server) appendUpload(x *exchange) error { return s.speakOfMine(x, s.patchFile) }

// patchFile is tusd's, which passes over whatever is sent to an upload that is complete.
func (s *Server) patchFile(w http.ResponseWriter, r *http.Request) {
	s.tus.PatchFile(w, r)
	t := tusTurnOf(r.Context())
	if t.status != http.StatusNoContent || t.x.in > 0 || r.ContentLength == 0 {
		return
	}
	if r.ContentLength < 0 {
		if _, err := io.ReadFull(r.Body, make([]byte, 1)); err == io.EOF {
			return
		}
	}
	t.call.Fail(resumable.TooLong()) //nolint:errcheck // it returns what it was given; that the body broke off counts before it
	t.status = http.StatusRequestEntityTooLarge
}

// endUpload is DELETE /1.0/uploads/{id}.
func (s *Server) endUpload(x *exchange) error { return s.speakOfMine(x, s.tus.DelFile) }

// uploadReply is an upload that is not a job yet.
type uploadReply struct {
	ID        string `json:"id"`
	Status    string `json:"status"`
	Offset    int64  `json:"offset"`
	Length    int64  `json:"length"`
	ExpiresAt string `json:"expires_at"`
}

// uploadState is GET /1.0/uploads/{id}: the upload or, once it is complete, its job.
func (s *Server) uploadState(x *exchange) error {
	id := x.r.PathValue("id")
	u, err := s.ownUpload(x, id)
	if err != nil {
		return err
	}
	if u.Job == nil {
		return x.reply(http.StatusOK, uploadReply{ID: id, Status: "uploading", Offset: u.Offset, Length: u.Size, ExpiresAt: stamp(u.Expires)})
	}
	tellJob(x.Header(), id)
	body, err := s.jobReply(x.r.Context(), *u.Job)
	if err != nil {
		return err
	}
	return x.reply(http.StatusOK, body)
}

func tellJob(h http.Header, id string) {
	h.Set(jobHeader, id)
	h.Set("Link", `</1.0/jobs/`+id+`>; rel="related"`)
}

// ownUpload finds an upload of this key. Error: not-found, for those of others, too.
func (s *Server) ownUpload(x *exchange, id string) (resumable.State, error) {
	u, err := s.to.Uploads.State(x.r.Context(), id)
	if err == nil && u.KeyID != x.key.ID {
		err = problem.New(problem.NotFound)
	}
	return u, err
}

func (s *Server) speakOfMine(x *exchange, do http.HandlerFunc) error {
	id := x.r.PathValue("id")
	if _, err := s.ownUpload(x, id); err != nil {
		return err
	}
	return s.speakTus(x, id, do)
}

// speakTus lets tusd do a request, and answers in our way what it says.
func (s *Server) speakTus(x *exchange, id string, do http.HandlerFunc) error {
	t := &tusTurn{x: x, id: id, header: http.Header{}}
	t.call = resumable.Call{Read: func() int64 { return t.x.in }, Interrupt: t.interrupt, Admit: x.admitAgain}
	r := x.r.Clone(context.WithValue(t.call.With(x.r.Context()), tusTurnKey{}, t))
	r.URL.Path = id // tusd's handlers take what is left of the path
	// tusd would heed it on any POST; what was let in, and with which scope, is this method.
	r.Header.Del("X-HTTP-Method-Override")
	r.Body = guardTus(t)
	defer s.untilLeaving(t)()
	s.tus.Middleware(do).ServeHTTP(t, r)
	x.ctl.SetReadDeadline(time.Time{}) //nolint:errcheck // not every connection has deadlines
	return s.answerTus(t)
}

// untilLeaving interrupts the turn when the server leaves, until stop is called: what has
// come is kept, and the client hears why it goes no further.
func (s *Server) untilLeaving(t *tusTurn) (stop func()) {
	done := make(chan struct{})
	go func() {
		select {
		case <-s.leaving:
			t.call.Fail(problem.New(problem.Draining)) //nolint:errcheck // it returns what it was given
			t.interrupt()
		case <-done:
		}
	}()
	return func() { close(done) }
}

// answerTus sends what tusd said.
func (s *Server) answerTus(t *tusTurn) error {
	x := t.x
	t.passHeaders()
	if t.interrupted() {
		x.Header().Set("Connection", "close") // or net/http would wait for the rest of the body
	}
	if t.status >= 400 {
		s.abandon(t)
		return t.failure()
	}
	if t.id != "" {
		u, err := s.to.Uploads.State(x.r.Context(), t.id)
		switch {
		case err == nil && u.Job != nil:
			tellJob(x.Header(), t.id)
		case err == nil:
			x.Header().Set("Upload-Expires", u.Expires.UTC().Format(http.TimeFormat))
		case !problem.Has(err, problem.NotFound): // it may just have been ended
			return err
		}
	}
	h := x.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	if x.refuseRest() {
		defer x.drainRest()
	}
	x.ctl.SetWriteDeadline(time.Now().Add(replyTime)) //nolint:errcheck // not every connection has deadlines
	x.WriteHeader(t.status)
	return nil
}

// abandon removes what a creation made that then failed: nobody was told of it.
func (s *Server) abandon(t *tusTurn) {
	if t.x.r.Method != http.MethodPost || t.id == "" {
		return
	}
	t.x.Header().Del("Location")
	if err := s.to.Uploads.Abandon(context.WithoutCancel(t.x.r.Context()), t.id); err != nil {
		s.to.Log.Error("upload not cleaned up", "id", t.x.id, "error", err)
	}
}

// passHeaders hands on what tusd tells, but for what is about bodies that we do not send.
func (t *tusTurn) passHeaders() {
	h := t.x.Header()
	for name, values := range t.header {
		switch name {
		case "Content-Type", "Content-Length", "Cache-Control":
		default:
			h[name] = values
		}
	}
	if e := h.Get("Tus-Extension"); e != "" {
		h.Set("Tus-Extension", e+",expiration")
	}
}
