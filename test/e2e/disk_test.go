package e2e

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The disk of these tests: a tmpfs of its own, which needs no root in a user namespace.
const (
	diskSize = 48 << 20
	diskFree = 6 << 20 // COMPRESSOR_MIN_FREE
)

// ownDisk starts a server whose data folder is a file system of its own. It returns where
// that is seen from here, for as long as the server runs.
func ownDisk(t *testing.T, env ...string) (s *server, root string) {
	t.Helper()
	data := filepath.Join(t.TempDir(), "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	mount := fmt.Sprintf(`mount -t tmpfs -o size=%d none "$0" && exec "$@"`, diskSize)
	wrap := []string{"unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, data}
	if said, err := exec.Command(wrap[0], append(wrap[1:], "true")...).CombinedOutput(); err != nil {
		t.Skipf("this machine lets nobody but root have a small disk (user namespaces are off): %v: %s", err, said)
	}
	s = newServer(t, data, append([]string{fmt.Sprintf("COMPRESSOR_MIN_FREE=%d", diskFree)}, env...)...)
	s.wrap = wrap
	t.Cleanup(func() { s.stop(); s.checkNoProcess() })
	s.launch()
	s.waitReady()
	return s, filepath.Join(procFile(s.pid(), "root"), data)
}

// leave fills the disk so that only so many bytes stay free, or gives space back.
func leave(t *testing.T, root string, bytes int64) {
	t.Helper()
	var st syscall.Statfs_t
	if err := syscall.Statfs(root, &st); err != nil {
		t.Fatal(err)
	}
	ballast, err := os.OpenFile(filepath.Join(root, "ballast"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer ballast.Close()
	info, err := ballast.Stat()
	if err != nil {
		t.Fatal(err)
	}
	size := info.Size() + int64(st.Bavail)*st.Bsize - bytes
	if size <= info.Size() {
		err = ballast.Truncate(max(0, size))
	} else {
		err = syscall.Fallocate(int(ballast.Fd()), 0, 0, size)
	}
	if err != nil && !(bytes == 0 && errors.Is(err, syscall.ENOSPC)) {
		t.Fatal(err)
	}
}

func readyCode(s *server) string {
	r, err := get(newClient(), s.base(), "/readyz")
	if err != nil {
		return err.Error()
	}
	f, err := r.fields()
	if err != nil {
		return err.Error()
	}
	return fmt.Sprint(r.status, " ", f.Code)
}

// unending is an upload whose length nobody declares.
type unending struct {
	head io.Reader
	left int
}

func (e *unending) Read(p []byte) (int, error) {
	if n, err := e.head.Read(p); err == nil {
		return n, nil
	}
	if e.left <= 0 {
		return 0, io.EOF
	}
	n := min(len(p), e.left)
	for i := range n {
		p[i] = 'x'
	}
	e.left -= n
	return n, nil
}

// TestDiskLow: what does not fit is refused before it comes, below the least nothing is
// taken, and not before there is twice as much again.
func TestDiskLow(t *testing.T) {
	t.Parallel()
	s, root := ownDisk(t, "COMPRESSOR_EGRESS_FETCH_ALLOW=127.0.0.1")
	c := newClient()
	told := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(diskSize/3+1<<20))
		endless(w, r)
	}))
	defer told.Close()
	small := photo(64, 48, 5)
	expect := func(when string, data []byte, status int, ready string) {
		t.Helper()
		r, err := upload(c, s.base(), "a.jpg", data, `{"async":true}`)
		if err != nil {
			t.Fatal(when, err)
		}
		f, _ := r.fields()
		if r.status != status || status == 507 && (f.Code != "storage-full" || r.header.Get("Retry-After") == "") {
			t.Errorf("%s: status %d instead of %d: %s", when, r.status, status, r.body)
		}
		if got := readyCode(s); got != ready {
			t.Errorf("%s: readyz is %s instead of %s", when, got, ready)
		}
	}
	expect("all free", small, 202, "200 ")
	expect("a third of it too little", make([]byte, diskSize/3+1<<20), 507, "200 ")
	if status, code := s.fetch(c, told.URL); status != 507 || code != "storage-full" {
		t.Errorf("a third of it too little to be fetched: %d %s", status, code)
	}
	expect("for a smaller one", small, 202, "200 ")
	leave(t, root, diskFree-1<<20)
	expect("low", small, 507, "503 storage-full")
	leave(t, root, diskFree+1<<20)
	expect("a little more", small, 507, "503 storage-full")
	leave(t, root, 2*diskFree+2<<20)
	expect("twice the least", small, 202, "200 ")
}

// TestDiskFull fills the disk while jobs run, an upload comes in, and a fetch: each ends with
// the word for that, or goes on once there is space. Nothing that was accepted is lost, and
// no part of anything stays.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	s, root := ownDisk(t, "COMPRESSOR_SLOTS=1", "COMPRESSOR_MIN_FREE=0", "COMPRESSOR_EGRESS_FETCH_ALLOW=127.0.0.1")
	c := newClient()
	o := newOrigin()
	defer o.close()
	var accepted []string
	for i := range 6 {
		f := s.mustUpload(c, "photo.jpg", photo(500, 400, uint64(60+i)), `{"async":true}`, http.StatusAccepted)
		accepted = append(accepted, f.ID)
	}
	leave(t, root, 12<<20)
	if status, code := s.endlessUpload(c, 40<<20); status != 507 || code != "storage-full" {
		t.Errorf("an upload without end: %d %s", status, code)
	}
	if status, code := s.fetch(c, o.first.URL+"/endless"); status != 507 || code != "storage-full" {
		t.Errorf("a fetch without end: %d %s", status, code)
	}
	if left, err := os.ReadDir(filepath.Join(root, "incoming")); err != nil || len(left) > 0 {
		t.Errorf("left of the upload: %v, %v", left, err)
	}
	if r := uploadToFull(t, s, root); r.status != 507 {
		t.Errorf("on a full disk: %d %s", r.status, r.body)
	}
	time.Sleep(time.Second) // for jobs to meet it
	leave(t, root, diskSize/2)
	err := eventually(10*time.Second, func() error {
		if got := readyCode(s); got != "200 " {
			return errors.New("readyz is " + got)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	states := map[string]int{}
	for _, id := range accepted {
		f := s.await(t, c, id)
		states[fmt.Sprint(f.Status, " ", f.Code)]++
		if f.Status == "completed" {
			if _, err := download(c, s.base(), f); err != nil {
				t.Error(err)
			}
		} else if f.Code != "storage-full" {
			t.Errorf("job %s: %+v", id, f)
		}
	}
	t.Logf("accepted before: %v", states)
	s.mustUpload(c, "photo.jpg", photo(500, 400, 71), "", http.StatusOK)
	for _, folder := range []string{"inputs", "incoming"} {
		if left, err := os.ReadDir(filepath.Join(root, folder)); err != nil || len(left) > 0 {
			t.Errorf("left in %s: %v, %v", folder, left, err)
		}
	}
}

// uploadToFull fills the disk and uploads, until that is refused: a job that ends at that
// moment leaves something free, so that one try may get through.
func uploadToFull(t *testing.T, s *server, root string) (r reply) {
	t.Helper()
	large := photo(1600, 1200, 70)
	for range 8 {
		leave(t, root, 0)
		var err error
		if r, err = upload(newClient(), s.base(), "photo.jpg", large, ""); err != nil {
			t.Fatal(err)
		}
		if r.status == 507 {
			break
		}
	}
	return r
}

// fetch has a file fetched, and waits.
func (s *server) fetch(c *http.Client, url string) (status int, code string) {
	s.t.Helper()
	r, err := http.NewRequest(http.MethodPost, s.base()+"/1.0/fetch", strings.NewReader(fmt.Sprintf(`{"url":%q}`, url)))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	return s.answer(c, r)
}

// endlessUpload sends n bytes in a form that declares no length.
func (s *server) endlessUpload(c *http.Client, n int) (status int, code string) {
	s.t.Helper()
	head := "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.jpg\"\r\n\r\n"
	r, err := http.NewRequest(http.MethodPost, s.base()+"/1.0/upload", &unending{strings.NewReader(head), n})
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
	return s.answer(c, r)
}

// answer sends a request with the key, and gives the status and the code of a problem.
func (s *server) answer(c *http.Client, r *http.Request) (status int, code string) {
	s.t.Helper()
	r.SetBasicAuth(key, "")
	got, err := do(c, r)
	if err != nil {
		s.t.Error(err)
	}
	f, _ := got.fields()
	return got.status, f.Code
}
