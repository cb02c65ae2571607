package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"text/tabwriter"

	"compressor/test/decoders"
)

// levels and their floors: the lowest score a lossy result may have. It is the promise of
// the documentation, stated here again so that it cannot change unnoticed.
var levels = []struct {
	name  string
	floor float64
}{{"none", 100}, {"lossless", 100}, {"medium", 85}, {"high", 75}, {"ultra", 60}}

// families are the folders of the samples, and how files in them end.
var families = []struct{ name, folder, suffix string }{
	{"JPEG", "image/jpeg", ".jpg"}, {"PNG", "image/png", ".png"}, {"WebP", "image/webp", ".webp"},
	{"AVIF", "image/avif", ".avif"}, {"SVG", "image/svg", ".svg"}, {"ZIP", "archive", ".zip"}, {"ZIP", "bundle", ".zip"},
}

// samples gives the files that results are tested on, by family.
func samples(t *testing.T) map[string]map[string][]byte {
	t.Helper()
	root, found := filepath.Join("..", "..", "testdata"), map[string]map[string][]byte{"ZIP": {}}
	if os.Getenv("E2E_CORPUS") == "full" {
		root = filepath.Join("..", "..", "..", "shared", "corpus")
	} else {
		found["ZIP"]["odd.zip"] = nestedArchive()
	}
	for _, f := range families {
		paths, err := filepath.Glob(filepath.Join(root, f.folder, "*"+f.suffix))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if found[f.name] == nil {
				found[f.name] = map[string][]byte{}
			}
			found[f.name][filepath.Base(path)] = data
		}
		if len(found[f.name]) == 0 {
			t.Fatalf("no %s in %s", f.name, root)
		}
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

// TestResults compresses every file at every level, and again, and the results once more.
func TestResults(t *testing.T) {
	s := start(t)
	all := samples(t)
	svg, err := decoders.StartResvg()
	if err != nil {
		t.Fatal(err)
	}
	defer svg.Close()
	table := map[string]*tally{}
	for _, level := range levels {
		t.Run(level.name, func(t *testing.T) { // ends when all its files are done
			for family, files := range all {
				sum := &tally{worst: 100}
				table[level.name+family] = sum
				for name, data := range files {
					t.Run(name, func(t *testing.T) {
						t.Parallel()
						r := &result{t: t, s: s, c: newClient(), svg: svg, name: name, data: data, level: level.name, floor: level.floor}
						r.check(sum)
					})
				}
			}
		})
	}
	var out bytes.Buffer
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "level\tfamily\tfiles\tkept\tbytes in\tbytes out\tsaved\tlowest score\tencodes\t")
	for _, level := range levels {
		for _, f := range families[:len(families)-1] {
			row := table[level.name+f.name]
			if row == nil { // left out by -run
				continue
			}
			fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%d\t%.1f %%\t%.2f\t%d\t\n", level.name, f.name, row.files, row.kept, row.in, row.out,
				100*(1-float64(row.out)/float64(max(row.in, 1))), row.worst, row.encodes)
		}
	}
	w.Flush() //nolint:errcheck // a buffer takes everything
	t.Logf("\n%s", out.String())
}

// result is one file at one level.
type result struct {
	t           *testing.T
	s           *server
	c           *http.Client
	svg         *decoders.Resvg
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
	sum.encodes += first.Report.encodes()
	if first.Output.SHA256 == first.Input.SHA256 {
		sum.kept++
	} else if first.Report.Score != nil {
		sum.worst = min(sum.worst, *first.Report.Score)
	}
}

// encodes counts the attempts, those of members too.
func (r *told) encodes() int {
	n := len(r.Attempts)
	for i := range r.Parts {
		n += r.Parts[i].encodes()
	}
	return n
}

func (r *result) compress(data []byte, detail string) (fields, []byte) {
	r.t.Helper()
	group := "image"
	if decoders.Kind(data) == "zip" {
		group = "archive" // whose level is that of its members, too
	}
	options := fmt.Sprintf(`{%q:{"compression":%q},"report":%q}`, group, r.level, detail)
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
	if r.level == "none" && !original {
		r.t.Error("changed, though no compression was asked for")
	}
	if !original {
		r.checkScores(&f.Report)
	}
	if f.Report.Reason == "" || f.Report.Chosen == "" {
		r.t.Errorf("the report gives no reason: %+v", f.Report)
	}
	if f.Output.Format == "zip" {
		if err := sameMembers(out, r.data, r.alike); err != nil {
			r.t.Error(err)
		}
		return
	}
	after, err := r.alike(out, r.data)
	if err != nil {
		r.t.Error(err)
		return
	}
	if after == nil || original {
		return
	}
	if w, h := after.Size(); f.Output.Format != "svg" && (w != f.Output.Width || h != f.Output.Height) {
		r.t.Errorf("another decoder sees %d×%d instead of %d×%d", w, h, f.Output.Width, f.Output.Height)
	}
}

// checkScores looks at what is said of the file and of each member that changed.
func (r *result) checkScores(of *told) {
	if of.Score == nil || *of.Score < r.floor {
		r.t.Errorf("%s: score %v is below the floor of %v", of.Path, of.Score, r.floor)
	}
	for i := range of.Parts {
		if p := &of.Parts[i]; p.Chosen != "original" {
			r.checkScores(p)
		}
	}
}

// alike opens a picture and what it was before, by programs that the service does not use,
// and compares size, frames, orientation, transparency, colours and profile; at the level
// lossless all pixels. It gives nil where the other program cannot read the input.
func (r *result) alike(after, before []byte) (*decoders.Picture, error) {
	b, err := decoders.Open(before, r.svg)
	if err != nil {
		r.t.Logf("no comparison: the other decoder cannot read the input: %v", err)
		return nil, nil
	}
	a, err := decoders.Open(after, r.svg)
	if err != nil {
		return nil, fmt.Errorf("another decoder: %w", err)
	}
	if a.Format != b.Format || a.Animated != b.Animated {
		return a, fmt.Errorf("%s (animated: %t) became %s (animated: %t)", b.Format, b.Animated, a.Format, a.Animated)
	}
	if b.Animated && !bytes.Equal(after, before) {
		return a, errors.New("an animation was changed")
	}
	if len(a.ICC) == 0 && !b.Narrow() {
		return a, errors.New("the profile is gone")
	}
	most := 16.0
	if r.level == "ultra" { // few colours: those of a corner of 23 × 35 pixels were 18 off
		most = 32
	}
	if far := decoders.Distance(a, b); far > most {
		return a, fmt.Errorf("another decoder sees another picture: %.1f of 255 apart", far)
	}
	if r.level == "lossless" && b.Format != "svg" && b.Format != "svgz" && !decoders.Same(a, b) {
		return a, errors.New("lossless, but other pixels")
	}
	return a, nil
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
