package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"

	"compressor/internal/egress"
	"compressor/internal/problem"
	"compressor/internal/recipe"
	"compressor/internal/work"
)

// maxJSON is the largest JSON body, in bytes.
const maxJSON = 1 << 20

// fetch is POST /1.0/fetch.
func (s *Server) fetch(x *exchange) error {
	if _, err := idempotencyKey(x.r.Header); err != nil {
		return err
	}
	text, err := s.readJSON(x, maxJSON)
	if err != nil {
		return err
	}
	var asked recipe.Fetch
	given, err := s.decodeFetch(x.r.Context(), text, &asked)
	if err != nil {
		return err
	}
	if asked.Source == nil {
		if err := s.mayFetch(asked.URL); err != nil {
			return err
		}
	}
	how, err := answeringOf(x, asked.Envelope, given)
	if err != nil {
		return err
	}
	once, err := onceOf(x, asked)
	if err != nil {
		return err
	}
	o, fault := s.order(x.r.Context(), asked.Envelope, s.namedGroups(given), "")
	if err := problem.Join(s.source(x.r.Context(), &o, asked), fault); err != nil {
		return err
	}
	notice, err := s.notice(x, asked.Webhook)
	if err != nil {
		return err
	}
	receipt, err := s.to.Desk.Submit(x.r.Context(), work.Submission{
		KeyID: x.key.ID, Order: o, Wait: how.wait, Once: once, Notice: notice,
	})
	if err != nil {
		return err
	}
	return s.conclude(x, receipt, how)
}

// mayFetch refuses an address that would never be asked, before there is a job. Error:
// source-forbidden.
func (s *Server) mayFetch(address string) error {
	u, err := egress.ParseURL(address)
	if err != nil {
		return err
	}
	return s.to.Sources.Refuses(u)
}

// readJSON reads a JSON body whole, of at most so many bytes, and sees that the key is still
// good then.
func (s *Server) readJSON(x *exchange, most int64) ([]byte, error) {
	if err := plainBody(x.r.Header); err != nil {
		return nil, err
	}
	if media, _, err := mime.ParseMediaType(x.r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return nil, problem.Newf(problem.MediaTypeUnsupported, "This endpoint takes application/json.").Because(err)
	}
	tooLarge := problem.Newf(problem.FileTooLarge, "The request body is larger than %d bytes.", most)
	if x.r.ContentLength > most {
		return nil, tooLarge
	}
	body := x.body()
	defer body.Release() //nolint:errcheck // it set deadlines before, or read nothing
	text, err := io.ReadAll(io.LimitReader(body, most+1))
	var p *problem.Problem
	switch {
	case errors.As(err, &p):
		return nil, p
	case err != nil: // broke off; the client may still be listening
		return nil, problem.New(problem.BodyNotJSON).Because(err)
	case int64(len(text)) > most:
		return nil, tooLarge
	}
	return text, x.admitAgain()
}

// plainBody refuses a body in a coding of its own (RFC 9110, section 8.4): a compressed
// one could unfold to any size.
func plainBody(h http.Header) error {
	if coding := h.Get("Content-Encoding"); coding != "" && coding != "identity" {
		return problem.Newf(problem.MediaTypeUnsupported, "The request body must not have a Content-Encoding.")
	}
	return nil
}

// decodeFetch reads the body, and names every wrong field at once: those of the options
// beside those of the URL, of the headers to send, and of the stores.
func (s *Server) decodeFetch(ctx context.Context, text []byte, into *recipe.Fetch) (given map[string]json.RawMessage, err error) {
	err = s.fetches.Salvage(text, into)
	given = members(text)
	if err := withFaults(err, append(sourceFaults(given), webhookFaults(given)...)); err != nil {
		return nil, s.explain(ctx, err, into.Source, into.Store)
	}
	return given, nil
}

// withFaults adds what else is wrong to the error of the options, so that all of it is named
// at once. A field that is named already is not named again.
func withFaults(err error, more []problem.Field) error {
	if err != nil && !problem.Has(err, problem.OptionsInvalid) {
		return err
	}
	var wrong []problem.Field
	if err != nil {
		wrong = problem.From(err).Fields
	}
	for _, f := range more {
		if !slices.ContainsFunc(wrong, func(o problem.Field) bool { return o.Path == f.Path }) {
			wrong = append(wrong, f)
		}
	}
	if len(wrong) > 0 {
		return problem.Invalid(wrong...)
	}
	return nil
}

// sourceFaults judges url and headers as far as they are texts; what is not, the schema
// has found.
func sourceFaults(given map[string]json.RawMessage) []problem.Field {
	var wrong []problem.Field
	address, ok := text(given["url"])
	if !ok && absent(given["url"]) && absent(given["source"]) {
		wrong = []problem.Field{{Path: "url", Message: "Must be given, unless 'source' is."}}
	}
	if ok && address != "" {
		if _, err := egress.ParseURL(address); err != nil {
			wrong = problem.From(err).Fields
		}
	}
	return append(wrong, egress.CheckHeaders(texts(given["headers"]))...)
}

// absent says whether a member was left out, or is null.
func absent(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

// texts are the texts in a JSON hash.
func texts(raw json.RawMessage) map[string]string {
	out := map[string]string{}
	for name, raw := range members(raw) {
		if value, ok := text(raw); ok {
			out[name] = value
		}
	}
	return out
}

// members are the top members of a JSON hash; none if it is no hash.
func members(raw []byte) map[string]json.RawMessage {
	var out map[string]json.RawMessage
	if json.Unmarshal(raw, &out) != nil {
		return nil
	}
	return out
}

// text reads a JSON string.
func text(raw json.RawMessage) (string, bool) {
	var s *string
	if len(raw) == 0 || json.Unmarshal(raw, &s) != nil || s == nil {
		return "", false
	}
	return *s, true
}

// namedGroups are those option hashes that the client gave.
func (s *Server) namedGroups(given map[string]json.RawMessage) []string {
	var named []string
	for _, group := range s.groups {
		if raw, ok := given[group]; ok && string(raw) != "null" {
			named = append(named, group)
		}
	}
	return named
}
