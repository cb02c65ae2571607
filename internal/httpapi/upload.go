package httpapi

import (
	"context"
	"encoding/json"

	"compressor/internal/blob"
	"compressor/internal/intake"
	"compressor/internal/problem"
	"compressor/internal/recipe"
	"compressor/internal/work"
)

const (
	formSlack  = 4 << 20 // bytes of a form beside its file, generously
	smallInput = 1 << 20 // bytes: below, it costs less to take a body than to ask whether it may come
)

// upload is POST /1.0/upload.
func (s *Server) upload(x *exchange) error {
	if _, err := idempotencyKey(x.r.Header); err != nil {
		return err
	}
	if err := s.roomFor(x); err != nil {
		return err
	}
	receipt, how, err := s.takeUpload(x)
	if err != nil {
		return err
	}
	return s.conclude(x, receipt, how)
}

// roomFor refuses a body that is declared too large, or that would be taken in vain.
func (s *Server) roomFor(x *exchange) error {
	size := x.r.ContentLength
	if size > s.config.Limits.File+formSlack {
		return problem.Newf(problem.FileTooLarge, "The file is larger than the %d bytes allowed here.", s.config.Limits.File)
	}
	if size >= 0 && size <= smallInput {
		return nil // Submit tells just as well
	}
	return s.to.Desk.Room(size)
}

// takeUpload stages the form and submits the job. Whatever was staged and is not the
// job's is gone when it returns.
func (s *Server) takeUpload(x *exchange) (r work.Receipt, how answering, err error) {
	dir, err := s.to.Staging.Incoming()
	if err != nil {
		return r, how, err
	}
	scratch := blob.NewScratch(dir)
	defer func() {
		if failed := scratch.Close(); failed != nil {
			s.to.Log.Error("upload not cleaned up", "id", x.id, "error", failed)
		}
	}()
	staged, err := s.readForm(x, scratch)
	if err == nil {
		err = x.admitAgain()
	}
	if err != nil {
		return r, how, err
	}
	var asked recipe.Upload
	given, err := s.decodeUpload(x.r.Context(), staged.Data, &asked)
	if err != nil {
		return r, how, err
	}
	if how, err = answeringOf(x, asked.Envelope, given); err != nil {
		return r, how, err
	}
	how.wait = how.wait && staged.Blob.Size <= s.config.SyncBytes
	once, err := onceOf(x, asked, staged.Name, staged.Blob.Sum.String())
	if err != nil {
		return r, how, err
	}
	notice, err := s.notice(x, asked.Webhook)
	if err != nil {
		return r, how, err
	}
	o, err := s.order(x.r.Context(), asked.Envelope, s.namedGroups(given), staged.Name)
	if err != nil {
		return r, how, err
	}
	r, err = s.to.Desk.Submit(x.r.Context(), work.Submission{
		KeyID: x.key.ID, Order: o, Input: &staged.Blob, Wait: how.wait, Once: once, Notice: notice,
	})
	return r, how, err
}

// readForm stages the parts of the form.
func (s *Server) readForm(x *exchange, scratch *blob.Scratch) (intake.Staged, error) {
	if err := plainBody(x.r.Header); err != nil {
		return intake.Staged{}, err
	}
	body := x.body()
	defer body.Release() //nolint:errcheck // it set deadlines before, or read nothing
	form, err := intake.NewForm(body, x.r.Header.Get("Content-Type"))
	if err != nil {
		return intake.Staged{}, err
	}
	return intake.Upload(x.r.Context(), form, s.config.Limits, scratch)
}

// decodeUpload reads the part data, which may be missing, and names every wrong field at once.
func (s *Server) decodeUpload(ctx context.Context, data []byte, into *recipe.Upload) (given map[string]json.RawMessage, err error) {
	if data == nil {
		data = []byte("{}")
	}
	err = s.uploads.Salvage(data, into)
	given = members(data)
	if err := withFaults(err, webhookFaults(given)); err != nil {
		return nil, s.explain(ctx, err, nil, into.Store)
	}
	return given, nil
}
