package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"compressor/internal/account"
	"compressor/internal/problem"
)

const (
	replyTime  = 30 * time.Second // for a client to take a JSON reply
	lingerTime = 5 * time.Second  // for what is left of a body that nobody wants
	lingerSize = 256 << 10        // bytes: net/http reads so much of it by itself

	clientGone = 499 // in the log only, for a request whose client did not wait for a reply
)

// exchange is one request and its reply. It is the ResponseWriter of the handlers, and
// notes what goes through it for the log.
type exchange struct {
	http.ResponseWriter
	s       *Server
	r       *http.Request
	ctl     *http.ResponseController
	id      string // of the request; once there is a job, of the job
	route   string // pattern
	started time.Time

	key     account.Key   // ID is "" until it was found good
	scope   account.Scope // that the key was let in with
	payer   string        // id of the key whose result is sent, where no key was asked for
	refused bool          // over the rate: not counted as use
	shared  bool          // with the web page that asks
	kept    keptResult    // of a job that failed all the same
	status  int           // 0: nothing was answered yet
	code    problem.Code
	in, out int64 // bytes of the bodies
	atEnd   bool  // the body was read to its end
}

// keptResult is where a result is for now that could not be stored where it should go.
type keptResult struct{ url, expires string }

// Unwrap lets http.ResponseController through.
func (x *exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }

// WriteHeader notes the status and names the request.
func (x *exchange) WriteHeader(status int) {
	if x.status == 0 {
		x.status = status
		x.Header().Set("X-Request-Id", x.id)
	}
	x.ResponseWriter.WriteHeader(status)
}

// Write notes how much was answered.
func (x *exchange) Write(p []byte) (int, error) {
	if x.status == 0 {
		x.WriteHeader(http.StatusOK)
	}
	n, err := x.ResponseWriter.Write(p)
	x.out += int64(n)
	return n, err
}

// ReadFrom keeps the way open for the kernel to send files by itself.
func (x *exchange) ReadFrom(src io.Reader) (int64, error) {
	if x.status == 0 {
		x.WriteHeader(http.StatusOK)
	}
	n, err := io.Copy(x.ResponseWriter, src)
	x.out += n
	return n, err
}

// reply answers with a JSON body.
func (x *exchange) reply(status int, body any) error {
	text, err := encode(body)
	if err != nil {
		return err
	}
	x.send(status, text)
	return nil
}

// encode writes body as one line of JSON.
func encode(body any) ([]byte, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false) // links stay readable; the type and nosniff keep browsers from seeing HTML
	if err := encoder.Encode(body); err != nil {
		return nil, fmt.Errorf("reply: %w", err)
	}
	return buffer.Bytes(), nil
}

// send answers with JSON text. An error in sending is the client's loss: there is nobody
// to tell.
func (x *exchange) send(status int, text []byte) {
	h := x.Header()
	linger := x.refuseRest()
	if linger {
		defer x.drainRest()
	}
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(text)))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	x.ctl.SetWriteDeadline(time.Now().Add(replyTime)) //nolint:errcheck // not every connection has deadlines
	x.WriteHeader(status)
	x.Write(text) //nolint:errcheck // see above
}

// errorReply is the documented shape of an error, and code.
type errorReply struct {
	Success bool            `json:"success"`
	Status  int             `json:"status"`
	ID      string          `json:"id"`
	Message string          `json:"message"`
	Code    problem.Code    `json:"code"`
	Errors  []problem.Field `json:"errors,omitempty"`

	// Of a result that could not be stored where it should go: where it is for now.
	URL       string `json:"url,omitempty"`
	ExpiresAt string `json:"expires_at,omitempty"`
}

// fail answers with the problem in err; any other error is ours and goes to the log only.
func (x *exchange) fail(err error) {
	if gone(x.r, err) {
		x.status = clientGone
		return
	}
	p := problem.From(err)
	x.failAs(p.Code.HTTP(), p)
}

// gone says whether err is nothing but the client's leaving.
func gone(r *http.Request, err error) bool {
	var p *problem.Problem
	return r.Context().Err() != nil && errors.Is(err, context.Canceled) && !errors.As(err, &p)
}

// failAs is fail under a status of its own.
func (x *exchange) failAs(status int, p *problem.Problem) {
	x.code = p.Code
	if status >= http.StatusInternalServerError && p.Cause() != nil {
		x.s.to.Log.Error("request failed", "id", x.id, "route", x.route, "code", p.Code, "cause", p.Cause().Error())
	}
	h := x.Header()
	switch p.Code {
	case problem.KeyMissing, problem.KeyInvalid:
		h.Add("WWW-Authenticate", `Basic realm="Compressor", charset="UTF-8"`)
		h.Add("WWW-Authenticate", `Bearer realm="Compressor"`)
	case problem.UploadStalled:
		h.Set("Connection", "close") // else the server would first wait for the rest of the body
	}
	if wait := retryAfter(p.Code); wait > 0 && h.Get("Retry-After") == "" {
		h.Set("Retry-After", strconv.Itoa(wait))
	}
	err := x.reply(status, errorReply{Status: status, ID: x.id, Message: p.Message, Code: p.Code, Errors: p.Fields,
		URL: x.kept.url, ExpiresAt: x.kept.expires})
	if err != nil { // cannot be: all of it is text
		panic(err)
	}
}

// retryAfter is in how many seconds another try makes sense, 0 if never, or unknown here.
func retryAfter(c problem.Code) int {
	switch c {
	case problem.KeyBusy, problem.Draining:
		return 5
	case problem.QueueFull:
		return 10
	case problem.StorageFull:
		return 60
	}
	return 0
}

// end is the last word on a request, deferred: it answers after a panic, counts and logs.
func (x *exchange) end() {
	fault := recover()
	if fault != nil && fault != any(http.ErrAbortHandler) {
		x.s.to.Log.Error("panic", "id", x.id, "route", x.route, "panic", fmt.Sprint(fault), "stack", string(debug.Stack()))
		if x.status == 0 {
			x.fail(problem.New(problem.Internal))
			fault = nil
		} else {
			fault = http.ErrAbortHandler // half a reply must not look like a whole one
		}
	}
	x.count()
	x.log()
	if fault != nil {
		panic(fault)
	}
}

func (x *exchange) count() {
	switch {
	case x.key.ID != "" && !x.refused:
		x.s.to.Meter.Count(x.key.ID, account.Usage{Requests: 1, BytesIn: x.in, BytesOut: x.out})
	case x.payer != "" && x.out > 0:
		x.s.to.Meter.Count(x.payer, account.Usage{BytesOut: x.out})
	}
}

// log writes the one line of the request. It holds the route, not the path, since the path
// of a link is a secret.
func (x *exchange) log() {
	attrs := []slog.Attr{
		slog.String("id", x.id), slog.String("method", method(x.r.Method)), slog.String("route", x.route),
		slog.Int("status", x.status), slog.Int64("in", x.in), slog.Int64("bytes", x.out),
		slog.Int64("ms", x.s.to.Now().Sub(x.started).Milliseconds()),
	}
	if x.key.ID != "" {
		attrs = append(attrs, slog.String("key", x.key.ID))
	}
	if x.code != "" {
		attrs = append(attrs, slog.String("code", string(x.code)))
	}
	x.s.to.Log.LogAttrs(context.WithoutCancel(x.r.Context()), slog.LevelInfo, "request", attrs...)
}

// method is a method's name, unless a client made up its own.
func method(name string) string {
	switch name {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return name
	}
	return "other"
}
