package httpapi

import (
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/google/uuid"
	"github.com/tus/tusd/v2/pkg/handler"

	"compressor/internal/intake"
	"compressor/internal/problem"
	"compressor/internal/recipe"
	"compressor/internal/resumable"
)

// beforeUpload is tusd's callback for a creation that is good as far as tus goes. It makes
// the upload, so that what is wrong with it is told before a byte of it was sent.
func (s *Server) beforeUpload(e handler.HookEvent) (handler.HTTPResponse, handler.FileInfoChanges, error) {
	t := tusTurnOf(e.Context)
	err := s.beginUpload(t, e.Upload.Size)
	if err != nil {
		return handler.HTTPResponse{}, handler.FileInfoChanges{}, t.call.Fail(err)
	}
	return handler.HTTPResponse{}, handler.FileInfoChanges{ID: t.id}, nil
}

// beginUpload judges everything that is known of an upload and makes it.
func (s *Server) beginUpload(t *tusTurn, size int64) error {
	x := t.x
	if size == 0 {
		return problem.New(problem.FileEmpty)
	}
	if err := s.to.Desk.Room(size); err != nil {
		return err
	}
	metadata, wrong := metadataOf(x.r.Header)
	wrong = append(wrong, notSpoken(x.r.Header)...)
	if len(wrong) > 0 {
		return problem.Invalid(wrong...)
	}
	data, ok := metadata["data"]
	if !ok {
		data = "{}"
	}
	var asked recipe.Upload
	given, err := s.decodeUpload(x.r.Context(), []byte(data), &asked)
	if err != nil {
		return err
	}
	if asked.Response.Mode == recipe.Binary {
		return problem.Invalid(problem.Field{Path: "response.mode", Message: "A resumable upload is never answered with the result itself."})
	}
	notice, err := s.notice(x, asked.Webhook)
	if err != nil {
		return err
	}
	name := intake.CleanName(metadata["filename"])
	delete(metadata, "data") // it may hold secrets
	o, err := s.order(x.r.Context(), asked.Envelope, s.namedGroups(given), name)
	if err != nil {
		return err
	}
	n := resumable.New{ID: uuid.NewString(), KeyID: x.key.ID, Size: size, Notice: notice, Metadata: metadata, Order: o}
	if err := s.to.Uploads.Create(n); err != nil {
		return err
	}
	t.id = n.ID
	return nil
}

// metadataOf reads Upload-Metadata: names and values in base64, after one blank, with commas
// between. Names that mean nothing here are kept for who asks.
func metadataOf(h http.Header) (map[string]string, []problem.Field) {
	out := map[string]string{}
	text := strings.TrimSpace(strings.Join(h.Values("Upload-Metadata"), ","))
	if text == "" {
		return out, nil
	}
	bad := func(message string) (map[string]string, []problem.Field) {
		return nil, []problem.Field{{Path: "Upload-Metadata", Message: message}}
	}
	for pair := range strings.SplitSeq(text, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(pair), " ")
		if name == "" {
			return bad("Must be pairs of a name and a value in base64, with commas between.")
		}
		if _, twice := out[name]; twice {
			return bad("Each name may be given once.")
		}
		raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(value))
		if err != nil {
			return bad("Each value must be in base64.")
		}
		out[name] = string(raw)
	}
	return out, nil
}

// notSpoken refuses headers that nobody heeds here: to pass over an extension of tus would
// make a job of a part, or claim a check that nobody made, and an idempotency key would
// promise what another creation with it does not keep.
func notSpoken(h http.Header) []problem.Field {
	var wrong []problem.Field
	for _, name := range []string{"Upload-Concat", "Upload-Checksum"} {
		if h.Get(name) != "" {
			wrong = append(wrong, problem.Field{Path: name, Message: "This extension of tus is not spoken here."})
		}
	}
	if len(h.Values(onceHeader)) > 0 {
		wrong = append(wrong, problem.Field{Path: onceHeader,
			Message: "Must not be given here: an upload is repeated by its own address, and becomes one job however often."})
	}
	return wrong
}
