package egress

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"compressor/internal/problem"
)

// Info is what the remote server said about a file. All of it is hearsay: Name is not yet
// safe as a file name, and ContentType is a hint at most.
type Info struct {
	Name        string // from Content-Disposition, else the last path segment, else "file"
	Size        int64  // bytes written
	ContentType string // media type without parameters, or ""
	Host        string // host of the last hop, without port or credentials
}

// Fetch gets r.URL by HTTP and streams the body to dst, following redirects. Only a full
// reply (200 or 203) counts as the file.
//
// Errors are problems: options-invalid on url or headers.<name>, source-forbidden,
// source-failed, source-too-slow, file-too-large. Two are not: an error of dst comes back
// as it is, and when ctx ends, its cause does. What was written by then is incomplete.
func (c *Client) Fetch(ctx context.Context, r Request, dst io.Writer) (Info, error) {
	target, err := ParseURL(r.URL)
	wrong := CheckHeaders(r.Headers)
	if err != nil {
		return Info{}, problem.From(err).With(wrong...)
	}
	if len(wrong) > 0 {
		return Info{}, problem.Invalid(wrong...)
	}
	parent := ctx
	ctx, cancel := context.WithTimeoutCause(ctx, c.policy.Total, errTooSlow)
	defer cancel()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)

	explain := func(err error) error { return explain(parent, ctx, err, secrets(target, r.Headers)) }
	reply, last, err := c.follow(ctx, target, r.Headers)
	if err != nil {
		return Info{}, explain(err)
	}
	defer reply.Body.Close()
	if err := c.accept(reply, r.OnLength); err != nil {
		return Info{}, err
	}
	idle := time.AfterFunc(c.policy.Idle, func() { stop(errTooSlow) })
	defer idle.Stop()
	written, err := c.stream(dst, reply.Body, idle, r.OnProgress)
	var own *writeError
	if errors.As(err, &own) && parent.Err() == nil {
		return Info{}, own.cause
	}
	if err != nil {
		return Info{}, explain(err)
	}
	return Info{
		Name:        fileName(reply.Header.Get("Content-Disposition"), last),
		Size:        written,
		ContentType: mediaType(reply.Header.Get("Content-Type")),
		Host:        last.Hostname(),
	}, nil
}

// follow asks first and then each redirect's target, until a reply is no redirect.
func (c *Client) follow(ctx context.Context, first *url.URL, headers map[string]string) (*http.Response, *url.URL, error) {
	at, own := first, true
	for hop := 0; ; hop++ {
		if err := c.Refuses(at); err != nil { // before a resolver is asked for what is no name
			return nil, nil, err
		}
		reply, err := c.transport.RoundTrip(c.build(at, first.User, headers, own).WithContext(ctx))
		if err != nil {
			return nil, nil, err
		}
		if !redirects(reply.StatusCode) {
			return reply, at, nil
		}
		reply.Body.Close() // unread: a redirect's body is of no interest, however long
		if hop == c.policy.MaxRedirects {
			return nil, nil, problem.Newf(problem.SourceFailed, "The remote server redirected more than %d times.", c.policy.MaxRedirects).Because(errSettled)
		}
		next, err := nextHop(at, reply.Header.Get("Location"))
		if err != nil {
			return nil, nil, err
		}
		own = own && sameOrigin(first, next)
		at = next
	}
}

func redirects(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// nextHop resolves a Location against the URL it came from. Credentials in it are ignored:
// only the client's own are ever sent. No error here wraps the parser's, since that
// repeats the URL.
func nextHop(at *url.URL, location string) (*url.URL, error) {
	if location == "" {
		return nil, problem.Newf(problem.SourceFailed, "The remote server redirected to nowhere.").Because(errSettled)
	}
	next, err := at.Parse(location)
	switch {
	case err != nil:
		return nil, problem.Newf(problem.SourceFailed, "The remote server redirected to an address that is not valid.").Because(errSettled)
	case next.Scheme != "http" && next.Scheme != "https":
		return nil, problem.Newf(problem.SourceForbidden, "The remote server redirected to an address that is neither http nor https.")
	case next.Opaque != "" || next.Hostname() == "":
		return nil, problem.Newf(problem.SourceFailed, "The remote server redirected to an address that is not valid.").Because(errSettled)
	case at.Scheme == "https" && next.Scheme == "http":
		return nil, problem.Newf(problem.SourceForbidden, "The remote server redirected from https to http.")
	}
	next.User = nil
	return next, nil
}

// accept looks at a reply's header before its body is read.
func (c *Client) accept(reply *http.Response, onLength func(int64)) error {
	if reply.StatusCode != http.StatusOK && reply.StatusCode != http.StatusNonAuthoritativeInfo {
		return problem.Newf(problem.SourceFailed, "The remote server answered with status %d.", reply.StatusCode).Because(statusError(reply.StatusCode))
	}
	for _, coding := range reply.Header.Values("Content-Encoding") {
		if coding = strings.TrimSpace(coding); coding != "" && !strings.EqualFold(coding, "identity") {
			return problem.Newf(problem.SourceFailed, "The remote server sent a Content-Encoding that was not asked for.").Because(errSettled)
		}
	}
	if reply.ContentLength > c.policy.MaxBytes {
		return c.tooLarge()
	}
	if reply.ContentLength >= 0 && onLength != nil {
		onLength(reply.ContentLength)
	}
	return nil
}

func (c *Client) tooLarge() error {
	return problem.Newf(problem.FileTooLarge, "The remote file is larger than the %d bytes allowed here.", c.policy.MaxBytes)
}

// stream copies body to dst, at most MaxBytes, and returns the bytes written. The idle
// timer runs only while waiting for the remote server: a slow dst is not its fault.
func (c *Client) stream(dst io.Writer, body io.Reader, idle *time.Timer, onProgress func(int64)) (int64, error) {
	buffer := make([]byte, copyBuffer)
	var written int64
	for {
		idle.Reset(c.policy.Idle)
		n, err := body.Read(buffer)
		idle.Stop()
		if written+int64(n) > c.policy.MaxBytes {
			return written, c.tooLarge()
		}
		if n > 0 {
			if _, err := dst.Write(buffer[:n]); err != nil {
				return written, &writeError{err}
			}
			written += int64(n)
			if onProgress != nil {
				onProgress(written)
			}
		}
		if err == io.EOF {
			return written, nil
		}
		if err != nil {
			return written, fmt.Errorf("%w: %w", errBroken, err)
		}
	}
}

// mediaType returns the bare media type of a Content-Type header, or "".
func mediaType(header string) string {
	t, _, err := mime.ParseMediaType(header)
	if err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter) || len(t) > 127 {
		return ""
	}
	return t
}
