package schema_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"compressor/internal/problem"
	"compressor/internal/recipe"
	"compressor/internal/schema"
)

// TestTheRealOptions decodes the documented requests, and the documented mistakes, with the
// structs that the service uses.
func TestTheRealOptions(t *testing.T) {
	opts := schema.Opts{Enums: map[string][]string{"image": {"jpeg", "png"}}}
	s, err := schema.Of(recipe.Upload{}, opts)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ document, want string }{
		{`{}`, "high keep"},
		{`{"image":{"resize":{"mode":"fit","width":500,"height":250}}}`, "high keep"},
		{`{"image":{"compression":"ultra","format":"jpg"},"video":{"resize":{"width":640}},"metadata":true}`, "ultra jpeg"},
		{`{"image":{"format":["auto","png"],"crop":{"mode":"ratio","ratio":"4:3"}}}`, "high keep png"},
		{`{"video":{"resize":{"mode":"auto"}}}`, "video.resize: When mode='auto', at least one of 'width' or 'height' must be specified."},
		{`{"image":{"resize":{"mode":"pad","width":1}}}`, "image.resize: When mode='pad', both 'width' and 'height' must be specified."},
		{`{"image":{"compression":"max","crop":{}},"report":"all"}`, "image.compression: Must be one of medium, high, ultra, lossless, none; got 'max'.|" +
			"image.crop.mode: Is required.|report: Must be one of none, brief, full; got 'all'."},
	} {
		var got recipe.Upload
		err := s.Decode([]byte(c.document), &got)
		line := fmt.Sprint(got.Image.Compression, " ", strings.Trim(fmt.Sprint([]any{got.Image.Format}...), "[]"))
		var p *problem.Problem
		if errors.As(err, &p) {
			var lines []string
			for _, f := range p.Fields {
				lines = append(lines, f.Path+": "+f.Message)
			}
			line = strings.Join(lines, "|")
		}
		if line != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.document, line, c.want)
		}
	}
	if _, err := schema.JSONSchema(recipe.Fetch{}, opts); err != nil {
		t.Error(err)
	}
}

func BenchmarkDecode(b *testing.B) {
	opts := schema.Opts{Enums: map[string][]string{"image": {"jpeg", "png"}}}
	s, err := schema.Of(recipe.Upload{}, opts)
	if err != nil {
		b.Fatal(err)
	}
	document := []byte(`{"image":{"compression":"ultra","format":["jpeg","png"],"resize":{"mode":"fit","width":500,"height":250}}}`)
	for b.Loop() {
		var got recipe.Upload
		if err := s.Decode(document, &got); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOf(b *testing.B) {
	opts := schema.Opts{Enums: map[string][]string{"image": {"jpeg", "png"}}}
	for b.Loop() {
		if _, err := schema.Of(recipe.Upload{}, opts); err != nil {
			b.Fatal(err)
		}
	}
}
