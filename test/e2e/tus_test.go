package e2e

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// archiveOf is a ZIP archive of size bytes that nothing makes smaller.
func archiveOf(t testing.TB, size int, random *rand.Rand) []byte {
	t.Helper()
	content := make([]byte, size)
	for i := range content {
		content[i] = byte(random.Uint32())
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	to, err := w.CreateHeader(&zip.FileHeader{Name: "noise.bin", Method: zip.Store})
	if err == nil {
		_, err = to.Write(content)
	}
	if err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// resuming is one upload by tus, by hand: the connection is what these tests are about.
type resuming struct {
	s    *server
	t    *testing.T
	path string
	data []byte
	told int64 // the offset that the server told last
}

// tusRequest sends a request of the protocol.
func (s *server) tusRequest(method, path string, body io.Reader, header map[string]string) (reply, error) {
	if !strings.HasPrefix(path, "http") {
		path = s.base() + path
	}
	r, err := http.NewRequest(method, path, body)
	if err != nil {
		return reply{}, err
	}
	r.SetBasicAuth(key, "")
	r.Header.Set("Tus-Resumable", "1.0.0")
	for name, value := range header {
		r.Header.Set(name, value)
	}
	return do(newClient(), r)
}

func (s *server) beginTus(t *testing.T, data []byte, options string) *resuming {
	t.Helper()
	r, err := s.tusRequest(http.MethodPost, "/1.0/uploads/", nil, map[string]string{
		"Upload-Length": strconv.Itoa(len(data)), "Upload-Metadata": "filename YS56aXA=,data " + b64(options)})
	if err != nil || r.status != http.StatusCreated {
		t.Fatalf("creation: %d %s, %v", r.status, r.body, err)
	}
	return &resuming{s: s, t: t, data: data, path: fields{URL: r.header.Get("Location")}.path()}
}

// offset asks how far it has come. What was told before must still be there.
func (u *resuming) offset() (int64, string) {
	u.t.Helper()
	r, err := u.s.tusRequest(http.MethodHead, u.path, nil, nil)
	if err != nil || r.status != http.StatusOK {
		u.t.Fatalf("HEAD: %d, %v\n%s", r.status, err, u.s.log.String())
	}
	at, err := strconv.ParseInt(r.header.Get("Upload-Offset"), 10, 64)
	if err != nil || at < u.told || at > int64(len(u.data)) {
		u.t.Fatalf("offset %d after %d was told, %v", at, u.told, err)
	}
	u.told = at
	return at, r.header.Get("Compressor-Job")
}

// sendSome sends count bytes of what is left in a request for all of it, slowly enough to be
// killed in between, and breaks off.
func (u *resuming) sendSome(count int64) {
	c, err := net.Dial("tcp", strings.TrimPrefix(u.s.base(), "http://"))
	if err != nil {
		return // it was killed
	}
	defer c.Close()
	rest := u.data[u.told:]
	fmt.Fprintf(c, "PATCH %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: %d\r\n"+
		"Content-Type: application/offset+octet-stream\r\nContent-Length: %d\r\n\r\n", u.path, key, u.told, len(rest))
	for piece := range slices.Chunk(rest[:count], 256<<10) {
		if _, err := c.Write(piece); err != nil {
			return
		}
	}
}

// TestTusResume sends 20 MB over connections that break at random places and to servers that
// are killed at random moments. One job comes of it, with every byte, and the server's
// memory does not grow with the file.
func TestTusResume(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 5))
	s := start(t)
	u := s.beginTus(t, archiveOf(t, 20<<20, random), `{"tag":"resumed"}`)
	before := footprintOf(t, s.pid())
	job := ""
	for round := 0; job == ""; round++ {
		at, id := u.offset()
		if job = id; job != "" {
			break
		}
		left := int64(len(u.data)) - at
		count := min(left, 1+random.Int64N(5<<20))
		switch {
		case round%3 == 2 && round < 12:
			var sending sync.WaitGroup
			sending.Go(func() { u.sendSome(count) })
			time.Sleep(time.Duration(random.IntN(30)) * time.Millisecond)
			s.kill()
			sending.Wait()
			s.launch()
			s.waitReady()
			before = footprintOf(t, s.pid())
		default:
			u.sendSome(count)
		}
	}
	if after := footprintOf(t, s.pid()); after.rss > before.rss+32<<10 {
		t.Errorf("the server grew from %d to %d KiB", before.rss, after.rss)
	}
	f := s.await(t, newClient(), job)
	if f.Status != "completed" || f.Input.SHA256 != sha(u.data) {
		t.Errorf("%+v: not the file that was sent", f)
	}
	if got := s.jobsWith(t, "resumed"); len(got) != 1 || got[0] != job {
		t.Errorf("jobs %q instead of %s", got, job)
	}
}

// TestTusKillAtTheEnd kills the server around the moment at which the last byte arrives:
// there is one job, whether or not it was told.
func TestTusKillAtTheEnd(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 6))
	s := start(t)
	data := archiveOf(t, 200, random)
	for round := range 6 {
		tag := fmt.Sprintf("round-%d", round)
		u := s.beginTus(t, data, fmt.Sprintf(`{"tag":%q}`, tag))
		var told string
		var sending sync.WaitGroup
		sending.Go(func() {
			r, err := s.tusRequest(http.MethodPatch, u.path, bytes.NewReader(data), map[string]string{
				"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"})
			if err == nil && r.status == http.StatusNoContent {
				told = r.header.Get("Compressor-Job")
			}
		})
		time.Sleep(time.Duration(random.IntN(60)) * time.Millisecond)
		s.kill()
		sending.Wait()
		s.launch()
		s.waitReady()
		at, id := u.offset()
		if id == "" { // the last byte had not come
			u.sendSome(int64(len(data)) - at)
			if at, id = u.offset(); id == "" {
				t.Fatalf("%s: no job at offset %d of %d", tag, at, len(data))
			}
		}
		if told != "" && told != id {
			t.Errorf("%s: job %s was told, and then %s", tag, told, id)
		}
		if f := s.await(t, newClient(), id); f.Status != "completed" || f.Input.SHA256 != sha(data) {
			t.Errorf("%s: %+v", tag, f)
		}
		if got := s.jobsWith(t, tag); len(got) != 1 || got[0] != id {
			t.Errorf("%s: jobs %q instead of %s", tag, got, id)
		}
	}
}

// TestTusClient uploads by the client that the makers of the protocol publish: in pieces,
// given up in the middle, and taken up by another client that knows only the address.
func TestTusClient(t *testing.T) {
	t.Parallel()
	s := start(t)
	picture := photo(900, 700, 3)
	file := filepath.Join(t.TempDir(), "picture.jpg")
	if err := os.WriteFile(file, picture, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("node", "-e", tusClient, s.base()+"/1.0/uploads/", key, file)
	cmd.Dir = filepath.Join("..", "..")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	id := strings.TrimSpace(string(out))
	f := s.await(t, newClient(), id)
	if f.Status != "completed" || f.Input.SHA256 != sha(picture) {
		t.Errorf("%+v", f)
	}
	if got := s.jobsWith(t, "client"); len(got) != 1 || got[0] != id {
		t.Errorf("jobs %q instead of %s", got, id)
	}
}

// tusClient prints the id of the job.
const tusClient = `
const tus = require("tus-js-client"), fs = require("fs");
const [endpoint, key, file] = process.argv.slice(1);
const common = {
  endpoint, chunkSize: 32 << 10, retryDelays: [0, 100, 500],
  headers: {Authorization: "Bearer " + key},
  metadata: {filename: "picture.jpg", filetype: "image/jpeg", data: JSON.stringify({tag: "client"})},
  onError: (error) => { console.error(error); process.exit(1); },
};
const first = new tus.Upload(fs.readFileSync(file), {...common,
  onChunkComplete: (size, accepted, total) => {
    if (accepted < total / 3) return;
    first.abort();
    let job;
    const second = new tus.Upload(fs.readFileSync(file), {...common, uploadUrl: first.url,
      onAfterResponse: (request, response) => { job = response.getHeader("Compressor-Job") || job; },
      onSuccess: () => { console.log(job); process.exit(0); },
    });
    second.start();
  },
});
first.start();
`

func b64(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
