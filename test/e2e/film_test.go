package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// film makes a moving test pattern with grain and a tone, as an MP4 of high quality.
func film(t testing.TB, size string, seconds int) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "film.mp4")
	ffmpeg(t, "-f", "lavfi", "-i", fmt.Sprintf("testsrc2=size=%s:rate=30:duration=%d,noise=alls=6:allf=t", size, seconds),
		"-f", "lavfi", "-i", fmt.Sprintf("sine=frequency=440:duration=%d", seconds), "-pix_fmt", "yuv420p",
		"-c:v", "libx264", "-preset", "ultrafast", "-crf", "12", "-c:a", "aac", "-metadata", "location=+52.5-013.4/", path)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func ffmpeg(t testing.TB, args ...string) string {
	t.Helper()
	return tool(t, "ffmpeg", append([]string{"-nostdin", "-v", "error", "-y"}, args...)...)
}

func tool(t testing.TB, name string, args ...string) string {
	t.Helper()
	var words bytes.Buffer
	cmd := exec.Command(name, args...)
	cmd.Stderr = &words
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %q: %v: %s", name, args, err, words.String())
	}
	return string(out)
}

// progress is that of an open job.
func (s *server) progress(c *http.Client, id string) (status, phase string, percent float64) {
	s.t.Helper()
	r, err := get(c, s.base(), "/1.0/jobs/"+id)
	if err != nil {
		s.t.Fatal(err)
	}
	var f struct {
		Status   string
		Progress struct {
			Percent float64
			Phase   string
		}
	}
	if err := json.Unmarshal(r.body, &f); err != nil {
		s.t.Fatalf("%v: %s", err, r.body)
	}
	return f.Status, f.Progress.Phase, f.Progress.Percent
}

// TestFilm: a video sent to be done later is encoded in the cage, its progress rises from
// poll to poll, and the result is a smaller video of as many frames with the same sound.
func TestFilm(t *testing.T) {
	t.Parallel()
	s, c := start(t, oneAtATime...), newClient()
	data := film(t, "384x216", 4)
	job := s.mustUpload(c, "film.mp4", data, `{"async":true,"report":"full"}`, http.StatusAccepted)
	seen, phases := map[float64]bool{}, map[string]bool{}
	last := 0.0
	for {
		status, phase, percent := s.progress(c, job.ID)
		if status == "completed" || status == "failed" {
			break
		}
		if percent < last {
			t.Errorf("progress fell from %g to %g", last, percent)
		}
		last, seen[percent], phases[phase] = percent, true, true
		time.Sleep(100 * time.Millisecond)
	}
	if len(seen) < 4 || !phases["encode"] || !phases["compare"] {
		t.Errorf("progress was seen at %v only, in the phases %v", seen, phases)
	}
	done := s.await(t, c, job.ID)
	if done.Status != "completed" || done.Output.Size >= done.Input.Size || !strings.HasPrefix(done.Report.Chosen, "h264 ") {
		t.Fatalf("%+v\n%s", done, s.log.String())
	}
	result, err := download(c, s.base(), done)
	if err != nil {
		t.Fatal(err)
	}
	sameFilm(t, data, result)
}

// sameFilm compares two files with another reader of the container, and their sound.
func sameFilm(t *testing.T, before, after []byte) {
	t.Helper()
	folder := t.TempDir()
	var probed, sound [2]string
	for i, data := range [][]byte{before, after} {
		path := filepath.Join(folder, fmt.Sprintf("%d.mp4", i))
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		probed[i] = tool(t, "ffprobe", "-v", "error", "-count_frames", "-select_streams", "v",
			"-show_entries", "stream=codec_name,width,height,nb_read_frames,avg_frame_rate,duration", "-of", "compact", path)
		sound[i] = ffmpeg(t, "-i", path, "-map", "0:a", "-c", "copy", "-f", "md5", "-")
	}
	if probed[0] != probed[1] {
		t.Errorf("before %safter %s", probed[0], probed[1])
	}
	if sound[0] != sound[1] {
		t.Errorf("the sound's packets changed")
	}
	if text := tool(t, "ffprobe", "-v", "error", "-show_entries", "format_tags", filepath.Join(folder, "1.mp4")); strings.Contains(text, "52.5") {
		t.Errorf("the location is left: %s", text)
	}
}

// TestFilmCanceled: a job that encodes is canceled, and the encoder is gone within a second.
func TestFilmCanceled(t *testing.T) {
	t.Parallel()
	s, c := start(t, oneAtATime...), newClient()
	job := s.mustUpload(c, "film.mp4", film(t, "480x270", 12), `{"async":true}`, http.StatusAccepted)
	if err := eventually(patience, func() error {
		if len(s.encoders()) == 0 {
			return fmt.Errorf("no encoder runs")
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequest(http.MethodDelete, s.base()+"/1.0/jobs/"+job.ID, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth(key, "")
	asked := time.Now()
	if got, err := do(c, r); err != nil || got.status >= 300 {
		t.Fatalf("%d %s, %v", got.status, got.body, err)
	}
	if err := eventually(time.Minute, func() error {
		if left := s.encoders(); len(left) > 0 {
			return fmt.Errorf("encoders %v still run", left)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	t.Logf("the encoder was gone %s after the request", time.Since(asked).Round(time.Millisecond))
	if f := s.await(t, c, job.ID); f.Status != "failed" || f.Code != "canceled" {
		t.Errorf("%+v", f)
	}
}

// encoders lists the server's processes that run ffmpeg.
func (s *server) encoders() []int {
	var out []int
	for _, pid := range processesOf(s.data) {
		line, err := os.ReadFile(procFile(pid, "cmdline"))
		if err == nil && bytes.Contains(line, []byte("libx264")) {
			out = append(out, pid)
		}
	}
	return out
}
