package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// sending is an order that is sent by tus: made, sent in two pieces, and, whatever breaks
// off, taken up where the server says that it is.
type sending struct {
	k       *killing
	o       order
	options string
	path    string
	told    int64 // the offset that the server told last
}

// upload sends an order by tus. The second piece goes to another life of the server, as long
// as there is one to come.
func (k *killing) upload(o order) error {
	options := map[string]any{}
	if o.hook != "" {
		options["webhook"] = k.webhook(o)
	}
	text, err := json.Marshal(options)
	if err != nil {
		return err
	}
	u := &sending{k: k, o: o, options: string(text)}
	if err := eventually(patience, u.begin); err != nil {
		return err
	}
	half := int64(len(o.data)) / 2
	if err := eventually(patience, func() error { _, err := u.reach(half); return err }); err != nil {
		return err
	}
	<-k.nextDeath()
	return eventually(patience, func() error {
		job, err := u.reach(int64(len(o.data)))
		if err != nil {
			return err
		}
		if job != path.Base(u.path) {
			k.fault("upload %s became the job %q", u.path, job)
		}
		k.accept(job, o)
		return nil
	})
}

// begin makes the upload. If the reply is lost there may be one that nobody knows of.
func (u *sending) begin() error {
	if u.k.s.base() == "" {
		return errors.New("no server")
	}
	u.k.history.tried()
	r, err := u.k.s.tusRequest(http.MethodPost, "/1.0/uploads/", nil, map[string]string{
		"Upload-Length": strconv.Itoa(len(u.o.data)), "Upload-Metadata": "filename " + b64(u.o.name) + ",data " + b64(u.options)})
	if err != nil {
		u.k.unknown.Add(1)
		return err
	}
	if r.status != http.StatusCreated {
		return fmt.Errorf("creation: %d %s", r.status, r.body)
	}
	u.path = fields{URL: r.header.Get("Location")}.path()
	return nil
}

// reach sends what is missing up to an offset, and gives the job that came of the last byte.
// What was told as kept must still be there.
func (u *sending) reach(end int64) (job string, err error) {
	at, job, err := u.where(u.k.s.tusRequest(http.MethodHead, u.path, nil, nil))
	if err != nil || at >= end && (job != "" || end < int64(len(u.o.data))) {
		return job, err
	}
	at, job, err = u.where(u.k.s.tusRequest(http.MethodPatch, u.path, bytes.NewReader(u.o.data[at:end]), map[string]string{
		"Upload-Offset": strconv.FormatInt(at, 10), "Content-Type": "application/offset+octet-stream"}))
	if err == nil && at != end {
		err = fmt.Errorf("at %d instead of %d", at, end)
	}
	return job, err
}

// where reads a reply that tells of an offset.
func (u *sending) where(r reply, err error) (at int64, job string, _ error) {
	if err != nil {
		return 0, "", err
	}
	if r.status >= 300 {
		return 0, "", fmt.Errorf("%s: %d %s", u.path, r.status, r.body)
	}
	if at, err = strconv.ParseInt(r.header.Get("Upload-Offset"), 10, 64); err != nil {
		return 0, "", err
	}
	if at < u.told || at > int64(len(u.o.data)) {
		u.k.fault("%s is at %d after %d was told", u.path, at, u.told)
	}
	u.told = at
	return at, r.header.Get("Compressor-Job"), nil
}

// giveUp deletes the uploads of which nobody was told that they were made. There must be no
// others, and nothing of them be left.
func (k *killing) giveUp() {
	k.s.t.Helper()
	left := slices.DeleteFunc(k.s.files("uploads"), func(name string) bool { return strings.Contains(name, "/") })
	if len(left) > int(k.unknown.Load()) {
		k.fault("uploads %q are open, and the making of %d was not told", left, k.unknown.Load())
	}
	for _, id := range left {
		r, err := k.s.tusRequest(http.MethodDelete, "/1.0/uploads/"+id, nil, nil)
		if err != nil || r.status != http.StatusNoContent {
			k.fault("upload %s cannot be given up: %d, %v", id, r.status, err)
		}
	}
}

// TestForgotten: an offset that falls is a fault, and one that rises is not.
func TestForgotten(t *testing.T) {
	at := func(offset string) reply {
		return reply{status: http.StatusOK, header: http.Header{"Upload-Offset": {offset}}}
	}
	u := &sending{k: &killing{}, o: order{data: make([]byte, 9)}}
	for _, offset := range []string{"0", "4", "4", "9"} {
		if _, _, err := u.where(at(offset), nil); err != nil || len(u.k.others) > 0 {
			t.Errorf("at %s: %q, %v", offset, u.k.others, err)
		}
	}
	for _, offset := range []string{"8", "10"} {
		u.told, u.k.others = 9, nil
		if _, _, err := u.where(at(offset), nil); err != nil || len(u.k.others) != 1 {
			t.Errorf("at %s: %q, %v", offset, u.k.others, err)
		}
	}
	if _, _, err := u.where(reply{status: http.StatusNotFound}, nil); err == nil {
		t.Error("an upload that is not there")
	}
}
