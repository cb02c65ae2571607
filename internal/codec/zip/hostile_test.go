package zip_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"compressor/internal/codec/codectest"
	zipcodec "compressor/internal/codec/zip"
	"compressor/internal/engine"
	"compressor/internal/problem"
	"compressor/internal/recipe"
	"compressor/internal/report"
	"compressor/internal/zipfile/ziptest"
)

func high() recipe.Recipe {
	return recipe.Recipe{
		Image:   recipe.Image{Compression: recipe.CompressionHigh, Format: recipe.Formats{recipe.Keep}, Background: "#ffffff"},
		Archive: recipe.Archive{Compression: recipe.CompressionHigh, Contents: true, Depth: 3},
	}
}

// compress must succeed.
func compress(t *testing.T, data []byte, r recipe.Recipe) (engine.Outcome, []byte) {
	t.Helper()
	out, err := codectest.Compress(t, zipcodec.ID, data, r)
	if err != nil {
		t.Fatalf("%v (%v)", err, problem.From(err).Cause())
	}
	result, err := out.Result.Bytes(1 << 30)
	if err != nil {
		t.Fatal(err)
	}
	return out, result
}

func quine(t *testing.T) []byte {
	t.Helper()
	text, err := os.ReadFile("../../../testdata/archive/quine.hex")
	if err != nil {
		t.Fatal(err)
	}
	data, err := ziptest.Quine(string(text))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestBombs: what was made to harm is refused whole, and the limit is named.
func TestBombs(t *testing.T) {
	for name, test := range map[string]struct {
		data  []byte
		limit string
	}{
		"a gigabyte of zeros": {ziptest.Zeros(1 << 30), "ratio"},
		"all at one place":    {ziptest.Overlapping(50), "overlap"},
		"quoting":             {ziptest.Quoting(), "overlap"},
		"itself":              {quine(t), "depth"},
		"ten levels":          {ziptest.Nested(10, []byte("text")), "depth"},
		"70,000 members":      {ziptest.Many(70_000), "members"},
		"a lie":               {ziptest.Lying(10, 1<<30), "size"},
		"a small lie":         {ziptest.Lying(1000, 1<<12), "size"},
	} {
		for _, depth := range []int{0, 3, 8} {
			r := high()
			r.Archive.Depth = depth
			_, err := codectest.Compress(t, zipcodec.ID, test.data, r)
			if !problem.Has(err, problem.LimitExceeded) || problem.From(err).Fields[0].Path != test.limit {
				t.Errorf("%s, depth %d: %v, want limit-exceeded for %s", name, depth, err, test.limit)
			}
		}
	}
}

// TestDeepest: nine levels, one less than is refused, are an honest archive. It is opened as
// deep as was asked: to its core, which packs better, or not so far.
func TestDeepest(t *testing.T) {
	data := ziptest.Nested(9, prose(3000))
	for _, test := range []struct {
		depth, parts int
		smaller      bool
		last         report.Reason
	}{
		{8, 9, true, report.PartDamaged}, // the core is text, which is not handled
		{3, 4, false, report.BudgetSpent},
	} {
		r := high()
		r.Archive.Depth = test.depth
		out, result := compress(t, data, r)
		if smaller := len(result) < len(data); smaller != test.smaller || smaller != (out.Report.Chosen == "recompressed") {
			t.Errorf("depth %d: %s, %d bytes became %d", test.depth, out.Report.Chosen, len(data), len(result))
		}
		rep, parts := out.Report, 0
		for ; len(rep.Parts) == 1; parts++ {
			rep = rep.Parts[0]
		}
		if parts != test.parts || rep.Reason != test.last {
			t.Errorf("depth %d: ends %d levels down with %s", test.depth, parts, rep.Reason)
		}
	}
}

// TestBombInside: a bomb among honest members stays as it is, and the rest is compressed.
func TestBombInside(t *testing.T) {
	data := ziptest.Zip(fast("bomb.zip", ziptest.Zeros(100<<20)), fast("a.txt", prose(5000)),
		fast("overlap.zip", ziptest.Overlapping(50)))
	out, result := compress(t, data, high())
	if len(result) >= len(data) {
		t.Errorf("%d bytes became %d", len(data), len(result))
	}
	for i, why := range []string{"limit-exceeded", "format-unsupported", "limit-exceeded"} {
		if p := out.Report.Parts[i]; p.Reason != report.PartDamaged || p.Why != why {
			t.Errorf("%s: %s, %s", p.Path, p.Reason, p.Why)
		}
	}
}

// TestManyMembers: more members than the budget has are no attack: the archive is kept.
func TestManyMembers(t *testing.T) {
	out, result := compress(t, ziptest.Many(2000), high()) // the suite's budget is 1000
	if out.Report.Reason != report.BudgetSpent || len(result) != len(ziptest.Many(2000)) {
		t.Errorf("%+v", out.Report)
	}
}

// TestSigned: whatever signs its members, or an archive, stays byte by byte.
func TestSigned(t *testing.T) {
	for name, signed := range map[string]bool{
		"META-INF/MANIFEST.MF": false, "META-INF/X.SF": true, "meta-inf/x.rsa": true, "META-INF/X.EC": true, "META-INF/X.DSA": true,
		"META-INF/SIG-X": true, "META-INF/sub/X.SF": false, "META-INF/documentsignatures.xml": true, "META-INF/macrosignatures.xml": true,
		"META-INF/signatures.xml": true, "_xmlsignatures/sig1.xml": true, "Payload/A.app/_CodeSignature/CodeResources": true,
		".signature.p7s": true, "package/services/digital-signature/x.psdsxs": true, "docs/x.SF": false,
	} {
		data := ziptest.Zip(fast("a.txt", prose(3000)), fast(name, prose(300)))
		out, result := compress(t, data, high())
		if got := out.Report.Reason == report.Signed; got != signed || signed != bytes.Equal(result, data) {
			t.Errorf("%s: %s, %d of %d bytes", name, out.Report.Reason, len(result), len(data))
		}
	}
	block := ziptest.Archive{Entries: []ziptest.Entry{fast("a.txt", prose(3000))}, Gap: []byte("........APK Sig Block 42")}.Bytes()
	if out, result := compress(t, block, high()); out.Report.Reason != report.Signed || !bytes.Equal(result, block) {
		t.Errorf("an APK's block: %s", out.Report.Reason)
	}
	if out, result := compress(t, ziptest.Zip(fast("x.apk", block)), high()); out.Report.Parts[0].Reason != report.Signed || !bytes.Contains(result, []byte("PK")) {
		t.Errorf("inside: %+v", out.Report.Parts)
	}
	aligned := fast("a.txt", prose(3000))
	aligned.Local = "\x35\xd9\x02\x00\x04\x00"
	if out, _ := compress(t, ziptest.Zip(aligned), high()); out.Report.Reason != report.NotHandled || !strings.Contains(out.Report.Why, "aligned") {
		t.Errorf("aligned: %+v", out.Report)
	}
}
