package httpapi

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"compressor/internal/intake"
	"compressor/internal/problem"
	"compressor/internal/resumable"
)

// tusTurn is one request that tusd answers. It is the ResponseWriter that tusd sees, and
// keeps what is said, so that errors can be told in our way.
type tusTurn struct {
	x      *exchange
	id     string // of the upload, once there is one
	call   resumable.Call
	header http.Header
	status int
	said   bytes.Buffer // the beginning of the body: of errors, their name

	mu      sync.Mutex
	stopped bool // reading fails from now on
}

type tusTurnKey struct{}

func tusTurnOf(ctx context.Context) *tusTurn {
	t, _ := ctx.Value(tusTurnKey{}).(*tusTurn)
	return t
}

// Header implements http.ResponseWriter.
func (t *tusTurn) Header() http.Header { return t.header }

// WriteHeader implements http.ResponseWriter.
func (t *tusTurn) WriteHeader(status int) {
	if t.status == 0 {
		t.status = status
	}
}

// Write implements http.ResponseWriter.
func (t *tusTurn) Write(p []byte) (int, error) {
	const enough = 1 << 10 // bytes
	t.WriteHeader(http.StatusOK)
	t.said.Write(p[:min(len(p), max(0, enough-t.said.Len()))])
	return len(p), nil
}

// Unwrap lets http.ResponseController through.
func (t *tusTurn) Unwrap() http.ResponseWriter { return t.x }

// SetReadDeadline sets the connection's deadline, unless reading was stopped: whoever reads
// sets a new one each time, and may do so just after somebody wanted him to end.
func (t *tusTurn) SetReadDeadline(at time.Time) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stopped {
		at = time.Unix(1, 0)
	}
	return t.x.ctl.SetReadDeadline(at)
}

// interrupt makes reading the body fail, at once and for good.
func (t *tusTurn) interrupt() {
	t.mu.Lock()
	t.stopped = true
	t.mu.Unlock()
	t.SetReadDeadline(time.Time{}) //nolint:errcheck // not every connection has deadlines
}

func (t *tusTurn) interrupted() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.stopped
}

// tusBody is the body as tusd reads it: it must keep moving, and why it failed is noted.
type tusBody struct {
	body *intake.Guarded
	t    *tusTurn
}

func guardTus(t *tusTurn) tusBody {
	return tusBody{intake.Guard(counted{t.x}, t, t.x.s.config.Pace, time.Now), t}
}

// Read implements io.Reader.
func (b tusBody) Read(p []byte) (int, error) {
	n, err := b.body.Read(p)
	if err != nil && err != io.EOF {
		b.t.call.Fail(broken(err)) //nolint:errcheck // it returns what it was given
	}
	return n, err
}

// Close implements io.Closer. What is left of the body is dealt with when we answer.
func (b tusBody) Close() error { return nil }

// broken is the problem of a body that ended early.
func broken(err error) error {
	if p := problem.From(err); p.Code != problem.Internal || p.Cause() != err {
		return p
	}
	return problem.Newf(problem.UploadStalled, "The body broke off. What came of it is kept: HEAD tells how much.").Because(err)
}

// failure is what went wrong, in our words.
func (t *tusTurn) failure() error {
	if err := t.x.r.Context().Err(); err != nil && t.call.Err() == nil {
		return err
	}
	if err := t.call.Err(); err != nil {
		return err
	}
	name, _, _ := strings.Cut(t.said.String(), ":")
	h := t.x.r.Header
	switch name {
	case "ERR_UNSUPPORTED_VERSION":
		t.x.Header().Set("Tus-Version", tusVersion)
		return problem.New(problem.TusVersion)
	case "ERR_UPLOAD_NOT_FOUND":
		return problem.New(problem.NotFound)
	case "ERR_MISMATCHED_OFFSET":
		return problem.New(problem.OffsetConflict)
	case "ERR_MAX_SIZE_EXCEEDED":
		return problem.Newf(problem.FileTooLarge, "The file is larger than the %d bytes allowed here.", t.x.s.config.Limits.File)
	case "ERR_UPLOAD_SIZE_EXCEEDED":
		return resumable.TooLong()
	case "ERR_INVALID_CONTENT_TYPE":
		return problem.Newf(problem.MediaTypeUnsupported, "This endpoint takes application/offset+octet-stream.")
	case "ERR_INVALID_OFFSET":
		return notBytes(h, "Upload-Offset")
	case "ERR_INVALID_UPLOAD_LENGTH":
		return notBytes(h, "Upload-Length")
	}
	if h.Get("Upload-Defer-Length") != "" {
		return problem.Invalid(problem.Field{Path: "Upload-Defer-Length", Message: "The length must be known from the beginning."})
	}
	if t.x.r.Method == http.MethodPatch && h.Get("Upload-Length") != "" {
		return problem.Invalid(problem.Field{Path: "Upload-Length", Message: "May be given when the upload is created only."})
	}
	return problem.New(problem.Internal).Because(tusError(t.said.String()))
}

// notBytes is the problem of a header that must hold a number of bytes.
func notBytes(h http.Header, name string) error {
	f := problem.Field{Path: name, Message: "Must be given, as a number of bytes."}
	if given := h.Get(name); given != "" {
		f.Message = got("Must be a number of bytes.", given)
	}
	return problem.Invalid(f)
}

// tusError is an error that tusd told and that should not come to be.
type tusError string

func (e tusError) Error() string { return "tusd: " + string(e) }
