package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"compressor/test/canary"
)

// TestWrongSecret: a secret that the store does not take is told as that and ends a run over a
// bucket, also where the first that is asked is a HEAD; the log says so. An operator's other
// address for S3 is not for a connector that names its own.
func TestWrongSecret(t *testing.T) {
	t.Parallel()
	b, c := newBucket(t), newClient()
	s := storing(t, "COMPRESSOR_S3_ENDPOINT=http://127.0.0.1:1")
	good := s.connect(c, b.connector("good"))
	wrong := b.connector("wrong")
	secret := canary.Word("a wrong secret")
	wrong["credentials"] = map[string]string{"access_key_id": b.store.Key, "secret_access_key": secret.Text}
	bad := s.connect(c, wrong)
	for i := range 3 {
		b.put(fmt.Sprintf("in/%d.svg", i), []byte(`<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><g><rect width="4" height="4"/></g></svg>`))
	}
	const why = "the credentials of the connector are unknown, wrong or expired"

	f := s.mustUpload(c, "cat.jpg", catPhoto(t), `{"store":{"id":"`+bad+`","overwrite":false}}`, http.StatusBadGateway)
	if f.Code != "store-failed" || !strings.Contains(f.Message, why) || f.URL == "" {
		t.Errorf("an upload: %+v", f)
	}
	var ack fields
	s.post(c, "/1.0/batch", `{"source":{"id":"`+good+`","prefix":"in/"},"store":{"id":"`+bad+`","path":"out/"}}`, http.StatusAccepted, &ack)
	if f = s.await(t, c, ack.ID); f.Status != "failed" || f.Code != "store-failed" || !strings.Contains(f.Message, why) {
		t.Errorf("a bucket: %+v", f)
	}
	if log := s.log.String(); !strings.Contains(log, ack.ID) || !strings.Contains(log, why) || secret.In([]byte(log)) != "" || strings.Contains(log, "0.svg") {
		t.Errorf("the log:\n%s", log)
	}
	if keys := b.keys("out/"); len(keys) > 0 {
		t.Errorf("written: %v", keys)
	}
	f = s.mustUpload(c, "cat.jpg", catPhoto(t), `{"store":{"id":"`+good+`"}}`, http.StatusOK)
	if want := b.url + "/" + bucketName + "/cat.jpg"; f.URL != want || len(b.keys("cat.jpg")) != 1 {
		t.Errorf("url %s, want %s", f.URL, want)
	}
}
