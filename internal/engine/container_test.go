package engine_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"testing/iotest"

	"compressor/internal/blob"
	"compressor/internal/codec"
	"compressor/internal/engine"
	"compressor/internal/format"
	"compressor/internal/problem"
	"compressor/internal/recipe"
	"compressor/internal/report"
)

// A box is "box\n", then per member: length of the name, name, a flag byte, length of the
// data, data, and so many wasted bytes as its last figure says.
type member struct {
	name  string
	flag  byte // 'v': verbatim, 'w': verbatim and without contents, 'o': may become other, 'd': damaged, 'l': lies
	data  []byte
	waste int
}

func pack(members ...member) []byte {
	out := []byte("box\n")
	for _, m := range members {
		out = binary.BigEndian.AppendUint16(out, uint16(len(m.name)))
		out = append(append(out, m.name...), m.flag)
		out = binary.BigEndian.AppendUint32(out, uint32(len(m.data)))
		out = append(out, m.data...)
		out = binary.BigEndian.AppendUint32(out, uint32(m.waste))
		out = append(out, make([]byte, m.waste)...)
	}
	return out
}

func unpack(src blob.Blob) ([]member, error) {
	data, err := src.Bytes(1 << 24)
	if err != nil {
		return nil, err
	}
	r := bytes.NewReader(data[4:])
	take := func(n int) []byte {
		if n > r.Len() {
			err = problem.New(problem.FileCorrupt)
			n = 0
		}
		b := make([]byte, n)
		io.ReadFull(r, b)
		return b
	}
	number := func(size int) int {
		v := 0
		for _, b := range take(size) {
			v = v<<8 | int(b)
		}
		return v
	}
	var members []member
	for r.Len() > 0 && err == nil {
		m := member{name: string(take(number(2)))}
		if flag := take(1); len(flag) == 1 {
			m.flag = flag[0]
		}
		m.data = take(number(4))
		m.waste = len(take(number(4)))
		members = append(members, m)
	}
	return members, err
}

// boxCodec repacks without waste.
type boxCodec struct{}

func (boxCodec) Inspect(_ context.Context, src blob.Blob, _ codec.Limits) (codec.Facts, error) {
	_, err := unpack(src)
	return codec.Facts{}, err
}

func (boxCodec) Parts(_ context.Context, src blob.Blob, visit func(codec.Part, io.Reader) error) error {
	members, err := unpack(src)
	if err != nil {
		return err
	}
	for _, m := range members {
		p := codec.Part{Path: m.name, Verbatim: m.flag == 'v'}
		if m.flag == 'o' {
			p.MayBe = []format.ID{fake, other}
		}
		contents := io.Reader(bytes.NewReader(m.data))
		switch m.flag {
		case 'w':
			p.Verbatim, p.Why, contents = true, "a link", nil
		case 'd':
			contents = io.MultiReader(contents, iotest.ErrReader(problem.New(problem.FileCorrupt)))
		case 'l':
			contents = io.MultiReader(contents, iotest.ErrReader(problem.New(problem.LimitExceeded)))
		}
		if err := visit(p, contents); err != nil {
			return err
		}
	}
	return nil
}

func (boxCodec) Plan(_ context.Context, in codec.Subject, _ format.ID, _ recipe.Recipe) (codec.Plan, error) {
	return codec.Plan{Candidates: []codec.Candidate{{Label: "repacked", Format: box, Lossless: true,
		Encode: func(_ context.Context, dst *blob.Writer) error {
			members, err := unpack(in.Blob)
			for i, p := range in.Parts {
				members[i].waste = 0
				if p.Result.Path() == "" {
					continue // as it was
				}
				if members[i].data, err = p.Result.Bytes(1 << 20); err != nil {
					return err
				}
			}
			if err == nil {
				_, err = dst.Write(pack(members...))
			}
			return err
		}}}}, nil
}

// boxMetric compares the names of members.
type boxMetric struct{}

func (boxMetric) Name() string { return "members" }

func (boxMetric) Reference(_ context.Context, ref codec.Subject) (engine.Reference, error) {
	members, err := unpack(ref.Blob)
	return boxReference{members}, err
}

type boxReference struct{ members []member }

func (boxReference) Score(context.Context, codec.Subject) (engine.Score, error) {
	return engine.Score{}, errors.New("a box is never lossy")
}

func (r boxReference) Equal(_ context.Context, got codec.Subject) (bool, error) {
	members, err := unpack(got.Blob)
	if err != nil || len(members) != len(r.members) {
		return false, err
	}
	for i := range members {
		if members[i].name != r.members[i].name {
			return false, nil
		}
	}
	return true, nil
}

func (boxReference) Close() {}

// halved proposes half the size for each picture that is at least 200 bytes.
func halved(_ context.Context, in codec.Subject, to format.ID, _ recipe.Recipe) (codec.Plan, error) {
	size := int(in.Blob.Size) / 2
	if to == other {
		size -= 10
	}
	return codec.Plan{Changed: to != in.Format, Candidates: []codec.Candidate{{Label: "half as " + string(to), Format: to,
		Encode: writes(file(to, size, contents{Shows: "half", Score: 80}))}}}, nil
}

func picture(size int) []byte { return file(fake, size, contents{Shows: "original"}) }

// members reads the result.
func members(t *testing.T, b blob.Blob) []member {
	t.Helper()
	m, err := unpack(b)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestContainer: members shrink, in their order, also in boxes within boxes; what is
// damaged, unknown or verbatim stays as it was and is told.
func TestContainer(t *testing.T) {
	inner := pack(member{name: "deep.fake", data: picture(600), waste: 50})
	input := pack(
		member{name: "a.fake", data: picture(400), waste: 100},
		member{name: "text", data: []byte("hello")},
		member{name: "inner.box", data: inner},
		member{name: "seal.fake", flag: 'v', data: picture(800)},
		member{name: "broken.fake", data: []byte("fake\n{")},
		member{name: "b.fake", flag: 'o', data: picture(1000)},
		member{name: "none", data: nil},
	)
	out := compress(t, newEngine(t, halved), request(t, input, at(recipe.CompressionHigh)))
	got := members(t, out.Result)
	for i, size := range []int{200, 5, len(pack(member{name: "deep.fake", data: picture(300)})), 800, 6, 490, 0} {
		if len(got[i].data) != size {
			t.Errorf("%s: %d bytes, want %d", got[i].name, len(got[i].data), size)
		}
	}
	for i, want := range []struct {
		path, chosen, why string
		reason            report.Reason
	}{
		{"a.fake", "half as fake", "", report.Smallest},
		{"text", "original", "format-unsupported", report.PartDamaged},
		{"inner.box", "repacked", "", report.Smallest},
		{"seal.fake", "original", "", report.Signed},
		{"broken.fake", "original", "file-corrupt", report.PartDamaged},
		{"b.fake", "half as other", "", report.Smallest},
		{"none", "original", "file-empty", report.PartDamaged},
	} {
		r := out.Report.Parts[i]
		if r.Path != want.path || r.Chosen != want.chosen || r.Why != want.why || r.Reason != want.reason {
			t.Errorf("part %d: %s, %s, %s, %s, want %v", i, r.Path, r.Chosen, r.Why, r.Reason, want)
		}
	}
	if deep := out.Report.Parts[2].Parts; len(deep) != 1 || deep[0].Path != "deep.fake" || deep[0].Chosen != "half as fake" {
		t.Errorf("inside the inner box: %+v", deep)
	}
	if n := len(out.Report.Parts[5].Attempts); n != 2 {
		t.Errorf("b.fake: %d attempts, want one per format, its own not twice", n)
	}
}

// nested is a box in a box, so many deep around a picture.
func nested(depth int) []byte {
	data := picture(600)
	for i := range depth {
		data = pack(member{name: fmt.Sprint("level", depth-i), data: data, waste: 30})
	}
	return data
}

// TestBudget: members that the budget does not reach stay, and are told; those before them
// become smaller all the same.
func TestBudget(t *testing.T) {
	many := make([]member, 50)
	for i := range many {
		many[i] = member{name: fmt.Sprint(i), data: picture(300)}
	}
	for name, test := range map[string]struct {
		budget engine.Budget
		done   int // members that become smaller
	}{
		"within":           {engine.Budget{Depth: 1, Parts: 50, Bytes: 15000, Work: 50}, 50},
		"a part too many":  {engine.Budget{Depth: 1, Parts: 49, Bytes: 15000}, 49},
		"a byte too many":  {engine.Budget{Depth: 1, Parts: 50, Bytes: 14999}, 49},
		"a pixel too many": {engine.Budget{Depth: 1, Parts: 50, Bytes: 15000, Work: 49}, 49},
		"nothing":          {engine.Budget{Depth: 1, Bytes: 15000}, 0},
		"no depth below":   {engine.Budget{Depth: 0, Parts: 50, Bytes: 15000}, 50},
	} {
		q := request(t, pack(different(many)...), at(recipe.CompressionHigh))
		q.Budget = test.budget
		out := compress(t, newEngine(t, halved), q)
		if spent := out.Report.Reason == report.BudgetSpent; spent != (test.done < len(many)) {
			t.Errorf("%s: reason %s", name, out.Report.Reason)
		}
		if kept := out.Result.Path() == q.Source.Path(); kept != (test.done == 0) {
			t.Errorf("%s: kept whole: %t", name, kept)
		}
		for i, part := range out.Report.Parts {
			if done := part.Reason != report.BudgetSpent; done != (i < test.done) {
				t.Errorf("%s: member %d: %s", name, i, part.Reason)
			}
		}
		for i, m := range members(t, out.Result) {
			if done := len(m.data) < 300; done != (i < test.done) {
				t.Errorf("%s: member %d has %d bytes", name, i, len(m.data))
			}
		}
	}
}

// different gives members no two of which are equal.
func different(all []member) []member {
	all = slices.Clone(all)
	for i := range all {
		all[i].data = slices.Clone(all[i].data)
		all[i].data[len(all[i].data)-1-i] = '\n'
	}
	return all
}

// TestBudgetOfCopies: what equal containers hold is compressed once and told each time, so it
// counts each time.
func TestBudgetOfCopies(t *testing.T) {
	var inner, outer []member
	for i := range 10 {
		inner = append(inner, member{name: fmt.Sprint(i), data: picture(300)})
	}
	for i := range 10 {
		outer = append(outer, member{name: fmt.Sprint(i), data: pack(inner...)})
	}
	q := request(t, pack(outer...), at(recipe.CompressionHigh))
	q.Budget = engine.Budget{Depth: 2, Parts: 10 + 3*10 + 9, Bytes: 1 << 20}
	out := compress(t, newEngine(t, halved), q)
	for i, part := range out.Report.Parts {
		if spent := part.Reason == report.BudgetSpent; spent != (i >= 3) || spent != (len(part.Parts) == 0) {
			t.Errorf("box %d: %s, of %d parts", i, part.Reason, len(part.Parts))
		}
	}
}

// TestBudgetIsShared: all depths draw on one budget.
func TestBudgetIsShared(t *testing.T) {
	var boxes []member
	for i := range 10 {
		boxes = append(boxes, member{name: fmt.Sprint(i), data: pack(
			member{name: "x", data: picture(300 + i)}, member{name: "y", data: picture(400 + i), waste: 40})})
	}
	q := request(t, pack(boxes...), at(recipe.CompressionHigh))
	q.Budget = engine.Budget{Depth: 2, Parts: 10 + 2*4 + 1, Bytes: 1 << 20} // four boxes and half of the fifth
	out := compress(t, newEngine(t, halved), q)
	for i, part := range out.Report.Parts {
		if spent := part.Reason == report.BudgetSpent; spent != (i >= 4) {
			t.Errorf("box %d: %s", i, part.Reason)
		}
	}
	for i, m := range members(t, out.Result) {
		if same := bytes.Equal(m.data, boxes[i].data); same != (i >= 5) {
			t.Errorf("box %d: unchanged %t", i, same)
		}
	}
}

// TestDepth: boxes are opened down to the depth that was asked for, and kept whole below.
func TestDepth(t *testing.T) {
	q := request(t, nested(5), at(recipe.CompressionHigh))
	q.Recipe.Archive.Depth = 2
	out := compress(t, newEngine(t, halved), q)
	r, data := out.Report, out.Result
	for range 3 {
		if r.Chosen != "repacked" || len(r.Parts) != 1 {
			t.Fatalf("%+v", r)
		}
		r = r.Parts[0]
	}
	if r.Reason != report.BudgetSpent || r.Path != "level3" {
		t.Errorf("the fourth box: %s %s", r.Path, r.Reason)
	}
	got, err := data.Bytes(1 << 20)
	if err != nil {
		t.Fatal(err)
	}
	untouched := pack(member{name: "level4", data: pack(member{name: "level5", data: picture(600), waste: 30}), waste: 30})
	if !bytes.Contains(got, untouched) || int64(len(got)) != q.Source.Size-3*30 {
		t.Errorf("%d of %d bytes; the fourth box should be whole", len(got), q.Source.Size)
	}
}

// TestContainerAgain: equal input gives equal bytes and an equal report, and a second
// pass over the box repacks nothing.
func TestContainerAgain(t *testing.T) {
	input := pack(member{name: "a", data: picture(400), waste: 9}, member{name: "b", data: nested(2)})
	var first string
	e := newEngine(t, halved)
	for range 2 {
		out := compress(t, e, request(t, input, at(recipe.CompressionHigh)))
		text, err := json.Marshal(withoutTime(out.Report))
		if err != nil {
			t.Fatal(err)
		}
		if s := out.Output.SHA256 + string(text); first == "" {
			first = s
		} else if s != first {
			t.Errorf("%s\n%s", s, first)
		}
	}
	lossless := newEngine(t, nil)
	once := compress(t, lossless, request(t, input, at(recipe.CompressionHigh)))
	data, err := once.Result.Bytes(1 << 20)
	if err != nil {
		t.Fatal(err)
	}
	twice := compress(t, lossless, request(t, data, at(recipe.CompressionHigh)))
	if !twice.Result.Same(once.Result) || twice.Report.Reason != report.NothingWon {
		t.Errorf("second pass: %d bytes became %d, %s", once.Result.Size, twice.Result.Size, twice.Report.Reason)
	}
}

func withoutTime(r report.Report) report.Report {
	for i := range r.Attempts {
		r.Attempts[i].Milliseconds = 0
	}
	for i := range r.Parts {
		r.Parts[i] = withoutTime(r.Parts[i])
	}
	return r
}

// TestProgress: it begins at 0, ends at 100 and never falls, with members or without.
func TestProgress(t *testing.T) {
	for name, data := range map[string][]byte{
		"a picture": original(),
		"a box":     pack(member{name: "a", data: picture(400)}, member{name: "b", data: nested(2)}, member{name: "c", data: picture(400)}),
	} {
		q := request(t, data, at(recipe.CompressionHigh))
		var seen []engine.Progress
		q.Progress = func(p engine.Progress) { seen = append(seen, p) }
		compress(t, newEngine(t, halved), q)
		last := -1.0
		phases := map[string]bool{}
		for _, p := range seen {
			if p.Percent < last || p.Percent > 100 {
				t.Errorf("%s: %g after %g", name, p.Percent, last)
			}
			last = p.Percent
			phases[p.Phase] = true
		}
		if seen[0].Percent != 0 || last != 100 {
			t.Errorf("%s: from %g to %g", name, seen[0].Percent, last)
		}
		if !phases["encode"] || !phases["verify"] || phases["parts"] != (name == "a box") {
			t.Errorf("%s: phases %v", name, phases)
		}
	}
}

// TestContextInContainer: the end of the context ends the run also amid the members.
func TestContextInContainer(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	plans := 0
	plan := func(c context.Context, in codec.Subject, to format.ID, r recipe.Recipe) (codec.Plan, error) {
		if plans++; plans == 2 {
			cancel()
		}
		return halved(c, in, to, r)
	}
	data := pack(member{name: "a", data: picture(400)}, member{name: "b", data: picture(401)}, member{name: "c", data: picture(402)})
	_, err := newEngine(t, plan).Compress(ctx, request(t, data, at(recipe.CompressionHigh)), blob.NewScratch(t.TempDir()))
	if !errors.Is(err, context.Canceled) || plans != 2 {
		t.Errorf("%v after %d members", err, plans)
	}
}
