package e2e

import (
	"bytes"
	"fmt"
	"image"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"text/tabwriter"
)

// levels and their floors: the lowest score a lossy result may have. It is the promise of
// the documentation, stated here again so that it cannot change unnoticed.
var levels = []struct {
	name  string
	floor float64
}{{"none", 100}, {"lossless", 100}, {"medium", 85}, {"high", 75}, {"ultra", 60}}

// pictures lists what the results are tested on.
func pictures(t *testing.T) []string {
	t.Helper()
	root := filepath.Join("..", "..", "testdata", "image")
	if os.Getenv("E2E_CORPUS") == "full" {
		root = filepath.Join("..", "..", "..", "shared", "corpus", "image")
	}
	var found []string
	for _, kind := range []string{"jpeg", "png"} {
		entries, err := os.ReadDir(filepath.Join(root, kind))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			switch filepath.Ext(e.Name()) {
			case ".jpg", ".jpeg", ".png":
				found = append(found, filepath.Join(root, kind, e.Name()))
			}
		}
	}
	if len(found) == 0 {
		t.Fatalf("no pictures in %s", root)
	}
	return found
}

// tally is one line of the table.
type tally struct {
	mu                   sync.Mutex
	files, encodes, kept int
	in, out              int64
	worst                float64
}

// TestResults compresses every picture at every level, and again, and the results once more.
func TestResults(t *testing.T) {
	s := start(t)
	files := pictures(t)
	table := make([]tally, len(levels))
	for i, level := range levels {
		table[i].worst = 100
		t.Run(level.name, func(t *testing.T) { // ends when all its pictures are done
			for _, path := range files {
				t.Run(filepath.Base(path), func(t *testing.T) {
					t.Parallel()
					data, err := os.ReadFile(path)
					if err != nil {
						t.Fatal(err)
					}
					r := &result{t: t, s: s, c: newClient(), name: filepath.Base(path), data: data, level: level.name, floor: level.floor}
					r.check(&table[i])
				})
			}
		})
	}
	var out bytes.Buffer
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "level\tfiles\tkept\tbytes in\tbytes out\tsaved\tlowest score\tencodes\t")
	for i := range table {
		row := &table[i]
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%.1f %%\t%.2f\t%d\t\n", levels[i].name, row.files, row.kept, row.in, row.out,
			100*(1-float64(row.out)/float64(max(row.in, 1))), row.worst, row.encodes)
	}
	w.Flush() //nolint:errcheck // a buffer takes everything
	t.Logf("\n%s", out.String())
}

// result is one picture at one level.
type result struct {
	t           *testing.T
	s           *server
	c           *http.Client
	name, level string
	data        []byte
	floor       float64
}

func (r *result) check(sum *tally) {
	first, out := r.compress(r.data, "full")
	r.checkPromises(first, out)
	if again, _ := r.compress(r.data, "none"); again.Output.SHA256 != first.Output.SHA256 {
		r.t.Errorf("the same request gave other bytes: %s and %s", first.Output.SHA256, again.Output.SHA256)
	}
	if second, _ := r.compress(out, "brief"); second.Output.SHA256 != first.Output.SHA256 {
		r.t.Errorf("a second pass changed the result: %d bytes, then %d; %s of %d bytes before", first.Output.Size,
			second.Output.Size, second.Report.Chosen, len(r.data))
	}
	sum.mu.Lock()
	defer sum.mu.Unlock()
	sum.files++
	sum.in += first.Input.Size
	sum.out += first.Output.Size
	sum.encodes += len(first.Report.Attempts)
	if first.Output.SHA256 == first.Input.SHA256 {
		sum.kept++
	} else if first.Report.Score != nil {
		sum.worst = min(sum.worst, *first.Report.Score)
	}
}

func (r *result) compress(data []byte, detail string) (fields, []byte) {
	r.t.Helper()
	options := fmt.Sprintf(`{"image":{"compression":%q},"report":%q}`, r.level, detail)
	reply, err := upload(r.c, r.s.base(), r.name, data, options)
	if err != nil {
		r.t.Fatal(err)
	}
	f, err := reply.fields()
	if err != nil {
		r.t.Fatal(err)
	}
	if reply.status == http.StatusAccepted { // over the 55 seconds that a connection is held
		f = r.s.await(r.t, r.c, f.ID)
		if f.Status != "completed" {
			r.t.Fatalf("job %s: %v %s: %s", f.ID, f.Status, f.Code, f.Message)
		}
	} else if reply.status != http.StatusOK {
		r.t.Fatalf("status %d: %s", reply.status, reply.body)
	}
	out, err := download(r.c, r.s.base(), f)
	if err != nil {
		r.t.Fatal(err)
	}
	return f, out
}

// checkPromises: never larger, faithful, of the same size and format.
func (r *result) checkPromises(f fields, out []byte) {
	if f.Input.SHA256 != sha(r.data) || f.Input.Size != int64(len(r.data)) {
		r.t.Errorf("the input is described as %+v", f.Input)
	}
	if f.Output.Size > f.Input.Size {
		r.t.Errorf("larger: %d bytes, then %d", f.Input.Size, f.Output.Size)
	}
	if f.Output.Format != f.Input.Format || f.Output.Width != f.Input.Width || f.Output.Height != f.Input.Height {
		r.t.Errorf("not what it was: %+v, then %+v", f.Input, f.Output)
	}
	original := f.Output.SHA256 == f.Input.SHA256
	switch score := f.Report.Score; {
	case r.level == "none" && !original:
		r.t.Error("changed, though no compression was asked for")
	case original:
	case score == nil || *score < r.floor:
		r.t.Errorf("score %v is below the floor of %v", score, r.floor)
	}
	if f.Report.Reason == "" || f.Report.Chosen == "" {
		r.t.Errorf("the report gives no reason: %+v", f.Report)
	}
	before, err := decode(r.data)
	if err != nil {
		r.t.Logf("no comparison: the other decoder cannot read the input: %v", err)
		return
	}
	after, err := decode(out)
	if err != nil {
		r.t.Errorf("another decoder: %v", err)
		return
	}
	// Without loss, pixels stay in the order they are stored in, and the orientation with
	// them, which this decoder does not look at.
	asStored := f.Report.Score != nil && *f.Report.Score == 100 && after.Bounds() == before.Bounds()
	if !original && !asStored && (after.Bounds().Dx() != f.Output.Width || after.Bounds().Dy() != f.Output.Height) {
		r.t.Errorf("%v instead of %dx%d", after.Bounds(), f.Output.Width, f.Output.Height)
	}
	if r.level == "lossless" && !samePixels(before, after) {
		r.t.Error("lossless, but other pixels")
	}
}

// TestSameBytesAtOnce compresses one file fifty times at the same time.
func TestSameBytesAtOnce(t *testing.T) {
	t.Parallel()
	s := start(t)
	data := sample(t, "jpeg/progressive-cat.jpg")
	sums := make([]string, 50)
	var clients sync.WaitGroup
	for i := range sums {
		clients.Go(func() {
			c := newClient()
			r, err := upload(c, s.base(), "cat.jpg", data, "")
			if err != nil {
				t.Error(err)
				return
			}
			f, err := r.fields()
			if err != nil || (r.status != http.StatusOK && r.status != http.StatusAccepted) {
				t.Errorf("status %d: %s, %v", r.status, r.body, err)
				return
			}
			if r.status == http.StatusAccepted {
				f = s.await(t, c, f.ID)
			}
			if _, err := download(c, s.base(), f); err != nil {
				t.Error(err)
			}
			sums[i] = f.Output.SHA256
		})
	}
	clients.Wait()
	for i, sum := range sums {
		if sum == "" || sum != sums[0] {
			t.Errorf("request %d gave %q, the first one %q", i, sum, sums[0])
		}
	}
}

// decode reads a picture with the decoders of Go's library, none of which the service uses
// for its results.
func decode(data []byte) (image.Image, error) {
	im, _, err := image.Decode(bytes.NewReader(data))
	return im, err
}
