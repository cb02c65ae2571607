package schema_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"compressor/internal/problem"
	"compressor/internal/schema"
)

// level is a named text with spellings of its own.
type level string

func (level) Aliases() map[string]string { return map[string]string{"hi": "high"} }

// words is a list that also takes one bare word.
type words []level

func (words) AsList() {}

// size is a number with a text form of its own.
type size int64

func (s *size) UnmarshalText(text []byte) error {
	n, ok := strings.CutSuffix(string(text), "k")
	var v int64
	if _, err := fmt.Sscanf(n, "%d", &v); err != nil {
		return errors.New("a size such as 5k")
	}
	if ok {
		v *= 1000
	}
	*s = size(v)
	return nil
}

type resize struct {
	Mode   string `json:"mode" default:"auto" enum:"auto,fit" doc:"How."`
	Width  *int   `json:"width,omitempty" minimum:"1" maximum:"16384" doc:"Pixels."`
	Height *int   `json:"height,omitempty" minimum:"1" maximum:"16384"`
}

func (r resize) Check() []problem.Field {
	if r.Width == nil && r.Height == nil {
		return []problem.Field{{Message: "Needs width or height."}}
	}
	if r.Mode == "fit" && r.Height == nil {
		return []problem.Field{{Path: "height", Message: "Is needed, too."}}
	}
	return nil
}

type image struct {
	Compression level          `json:"compression" default:"high" enum:"medium,high,ultra,lossless,none" doc:"How hard."`
	Format      words          `json:"format" default:"keep" enum:"keep,@image" alias:"jpg=jpeg"`
	Quality     *int           `json:"quality" minimum:"1" maximum:"100"`
	Resize      *resize        `json:"resize"`
	Background  string         `json:"background" default:"#ffffff" pattern:"^#[0-9a-f]{6}$" example:"#ffffff"`
	Progressive *bool          `json:"progressive"`
	Preserve    []string       `json:"preserve" enum:"copyright,profile" maxItems:"2"`
	Scale       float64        `json:"scale" default:"1" maximum:"2"`
	Wait        time.Duration  `json:"wait" default:"5s" minimum:"1s" maximum:"1m"`
	Room        size           `json:"room" default:"2k" minimum:"1k"`
	Small       uint8          `json:"small"`
	Notes       map[string]int `json:"notes" minimum:"0" maxItems:"2"`
	hidden      int
}

type Inner struct {
	Async bool `json:"async"`
	Count int  `json:"count" default:"1"`
}

func (i Inner) Check() []problem.Field {
	if i.Count == 13 {
		return []problem.Field{{Path: "count", Message: "Is unlucky."}}
	}
	return nil
}

type request struct {
	URL    string `json:"url" required:"true"`
	Image  image  `json:"image"`
	Tag    string `json:"tag" maxLength:"5"`
	Secret string `json:"secret" minLength:"4" pattern:"^[a-z]+$" writeOnly:"true" default:"none"`
	Items  []item `json:"items" maxItems:"3"`
	Inner
	Skipped int `json:"-"`
}

type item struct {
	URL  string `json:"url" required:"true"`
	Kind string `json:"kind" default:"plain"`
}

var opts = schema.Opts{Enums: map[string][]string{"image": {"jpeg", "png", "webp"}}}

// decode reads the document, or fails the test.
func decode(t *testing.T, document string) request {
	t.Helper()
	var out request
	if err := schema.Decode([]byte(document), &out, opts); err != nil {
		t.Fatalf("%s: %v", document, err)
	}
	return out
}

func TestDefaultsFillOnlyWhatIsAbsent(t *testing.T) {
	got := decode(t, `{"url":"u"}`)
	want := request{URL: "u", Secret: "none", Inner: Inner{Count: 1}, Image: image{
		Compression: "high", Format: words{"keep"}, Background: "#ffffff", Scale: 1, Wait: 5 * time.Second, Room: 2000,
	}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	got = decode(t, `{"url":"","count":0,"image":{"scale":0,"quality":null,"resize":null,"compression":null}}`)
	if got.Count != 0 || got.Image.hidden != 0 || got.Image.Scale != 0 || got.Image.Quality != nil || got.Image.Resize != nil || got.Image.Compression != "high" {
		t.Errorf("zero is a value and null is none: %+v", got)
	}
	got = decode(t, `{"url":"","image":{"resize":{"width":300}}}`)
	if r := got.Image.Resize; r == nil || r.Mode != "auto" || *r.Width != 300 || r.Height != nil {
		t.Errorf("a given hash has its own defaults: %+v", r)
	}
}

func TestValuesOfEveryKind(t *testing.T) {
	got := decode(t, `{"url":"u","async":true,"tag":"äöüßx","items":[{"url":"a"},{"url":"b","kind":"c"}],"image":{
		"compression":"hi","format":["jpg","webp"],"quality":1e2,"progressive":false,"preserve":["profile"],
		"scale":1.5,"wait":"1m","room":2000,"small":255,"notes":{"a":1,"b":2.0}}}`)
	if got.Image.Compression != "high" || !reflect.DeepEqual(got.Image.Format, words{"jpeg", "webp"}) {
		t.Errorf("spellings: %+v", got.Image)
	}
	if *got.Image.Quality != 100 || *got.Image.Progressive || got.Image.Small != 255 || got.Image.Scale != 1.5 {
		t.Errorf("numbers: %+v", got.Image)
	}
	if got.Image.Wait != time.Minute || got.Image.Room != 2000 || !reflect.DeepEqual(got.Image.Notes, map[string]int{"a": 1, "b": 2}) {
		t.Errorf("texts and maps: %+v", got.Image)
	}
	if !got.Async || !reflect.DeepEqual(got.Items, []item{{"a", "plain"}, {"b", "c"}}) {
		t.Errorf("embedded and listed hashes: %+v", got)
	}
	if got := decode(t, `{"url":"u","image":{"format":"jpg"}}`); !reflect.DeepEqual(got.Image.Format, words{"jpeg"}) {
		t.Errorf("one bare item: %v", got.Image.Format)
	}
}

// fields makes a document wrong and returns what is said of it, one line each.
func fields(t *testing.T, document string) []string {
	t.Helper()
	out := request{Tag: "before"}
	err := schema.Decode([]byte(document), &out, opts)
	var p *problem.Problem
	if !errors.As(err, &p) || p.Code != problem.OptionsInvalid {
		t.Fatalf("%s: got %v", document, err)
	}
	if !reflect.DeepEqual(out, request{Tag: "before"}) {
		t.Errorf("%s: a refused document left traces: %+v", document, out)
	}
	var lines []string
	for _, f := range p.Fields {
		lines = append(lines, f.Path+": "+f.Message)
	}
	return lines
}

func TestEveryWrongFieldIsNamed(t *testing.T) {
	for _, c := range []struct {
		document string
		want     []string
	}{
		{`{}`, []string{"url: Is required."}},
		{`{"url":"u","image":{"compression":"max"}}`, []string{"image.compression: Must be one of medium, high, ultra, lossless, none; got 'max'."}},
		{`{"url":"u","image":{"compresion":"high"}}`, []string{"image.compresion: Unknown option; did you mean 'compression'?"}},
		{`{"url":"u","imgae":{}}`, []string{"imgae: Unknown option; did you mean 'image'?"}},
		{`{"url":"u","Image":{}}`, []string{"Image: Unknown option; did you mean 'image'?"}},
		{`{"url":"u","resize":{}}`, []string{"resize: Unknown option; did you mean 'image.resize'?"}},
		{`{"url":"u","image.quality":3}`, []string{"image.quality: Unknown option; did you mean 'image.quality'?"}},
		{`{"url":"u","items":[{"url":"","zzz":1}]}`, []string{"items[0].zzz: Unknown option; known here: url, kind."}},
		{`{"url":"u","image":{"resize":{"mode":"auto"}}}`, []string{"image.resize: Needs width or height."}},
		{`{"url":"u","image":{"resize":{"mode":"fit","width":1}}}`, []string{"image.resize.height: Is needed, too."}},
		{`{"url":"u","image":{"resize":{"widht":3}}}`, []string{"image.resize.widht: Unknown option; did you mean 'width'?", "image.resize: Needs width or height."}},
		{`{"url":"u","image":{"resize":{"width":"x"}}}`, []string{"image.resize.width: Must be a whole number; got 'x'."}},
		{`{"url":"u","image":{"resize":{"width":0}}}`, []string{"image.resize.width: Must be between 1 and 16384; got 0."}},
		{`{"url":"u","image":{"resize":[]}}`, []string{"image.resize: Must be a hash of options; got a list."}},
		{`{"url":"u","image":{"quality":400,"resize":{}}}`, []string{"image.quality: Must be between 1 and 100; got 400.", "image.resize: Needs width or height."}},
		{`{"url":"u","image":{"quality":1.5}}`, []string{"image.quality: Must be a whole number; got 1.5."}},
		{`{"url":"u","image":{"quality":123456789012345678901234567890}}`, []string{"image.quality: Must be between 1 and 100; got 123456789012345678901234567890."}},
		{`{"url":"u","image":{"format":["jpeg","gif"]}}`, []string{"image.format[1]: Must be one of keep, jpeg, png, webp; got 'gif'."}},
		{`{"url":"u","image":{"format":"gif"}}`, []string{"image.format: Must be one of keep, jpeg, png, webp; got 'gif'."}},
		{`{"url":"u","image":{"format":[]}}`, []string{"image.format: Must have at least one entry."}},
		{`{"url":"u","image":{"format":{}}}`, []string{"image.format: Must be text; got a hash."}},
		{`{"url":"u","image":{"preserve":"profile"}}`, []string{"image.preserve: Must be a list; got 'profile'."}},
		{`{"url":"u","image":{"preserve":[null]}}`, []string{"image.preserve[0]: Must be text; got null."}},
		{`{"url":"u","image":{"preserve":["profile","profile","profile"]}}`, []string{"image.preserve: Must have at most 2 entries; got 3."}},
		{`{"url":"u","image":{"progressive":"yes"}}`, []string{"image.progressive: Must be true or false; got 'yes'."}},
		{`{"url":"u","image":{"scale":"1"}}`, []string{"image.scale: Must be a number; got '1'."}},
		{`{"url":"u","image":{"scale":3}}`, []string{"image.scale: Must be at most 2; got 3."}},
		{`{"url":"u","image":{"scale":1e999}}`, []string{"image.scale: Must be a number; got 1e999."}},
		{`{"url":"u","image":{"wait":"2m"}}`, []string{"image.wait: Must be between 1s and 1m; got '2m'."}},
		{`{"url":"u","image":{"wait":"soon"}}`, []string{"image.wait: Must be a duration such as 500ms, 55s, 15m or 2h; got 'soon'."}},
		{`{"url":"u","image":{"room":1}}`, []string{"image.room: Must be at least 1k; got 1."}},
		{`{"url":"u","image":{"room":"much"}}`, []string{"image.room: Must be a size such as 5k; got 'much'."}},
		{`{"url":"u","image":{"small":256}}`, []string{"image.small: Must be a number that uint8 can hold; got 256."}},
		{`{"url":"u","image":{"small":1e300}}`, []string{"image.small: Must be a smaller number; got 1e300."}},
		{`{"url":"u","image":{"background":"red"}}`, []string{"image.background: Must be of a form such as #ffffff; got 'red'."}},
		{`{"url":"u","image":{"notes":{"a":-1}}}`, []string{"image.notes.a: Must be at least 0; got -1."}},
		{`{"url":"u","image":{"notes":{"a":1,"a":2}}}`, []string{"image.notes.a: Is given more than once."}},
		{`{"url":"u","image":{"notes":{"a":1,"b":2,"c":3}}}`, []string{"image.notes: Must have at most 2 entries; got 3."}},
		{`{"url":"u","url":"v"}`, []string{"url: Is given more than once."}},
		{`{"url":"u","count":13}`, []string{"count: Is unlucky."}},
		{`{"url":"u","tag":"toolong"}`, []string{"tag: Must be at most 5 characters long; got 7."}},
		{`{"url":"u","secret":4711}`, []string{"secret: Must be text; got a number."}},
		{`{"url":"u","secret":["abc"]}`, []string{"secret: Must be text; got a list."}},
		{`{"url":"u","secret":"abc"}`, []string{"secret: Must be at least 4 characters long."}},
		{`{"url":"u","secret":"ABCDE"}`, []string{"secret: Must be of the form ^[a-z]+$."}},
		{`{"url":7,"Skipped":1,"hidden":2}`, []string{"Skipped: Unknown option; known here: url, image, tag, secret, items, async, count.", "hidden: Unknown option; known here: url, image, tag, secret, items, async, count.", "url: Must be text; got 7."}},
		{`{"items":[{},{"url":1}],"image":{"quality":0}}`, []string{"url: Is required.", "image.quality: Must be between 1 and 100; got 0.", "items[0].url: Is required.", "items[1].url: Must be text; got 1."}},
		{"{\"url\":\"u\",\"tag\":{},\"a\\u001b[2Jb\":1}", []string{"a\uFFFD[2Jb: Unknown option; known here: url, image, tag, secret, items, async, count.", "tag: Must be text; got a hash."}},
	} {
		if got := fields(t, c.document); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s:\n got %q\nwant %q", c.document, got, c.want)
		}
	}
}

func TestBodyNotJSON(t *testing.T) {
	for _, document := range []string{"", " ", "[", "{", `{"url":"u"} x`, `{"url":"u"}{}`, `{url:"u"}`, `{"url":"u",}`, "{\"url\":\"\xff\"}", "\ufeff{}", `{"a":01}`} {
		err := schema.Decode([]byte(document), &request{}, opts)
		if !problem.Has(err, problem.BodyNotJSON) {
			t.Errorf("%q: got %v", document, err)
		} else if problem.From(err).Message != "Incoming request body does not contain a valid JSON data" {
			t.Errorf("%q: got %v", document, err)
		}
	}
}

// TestNoHash: what is JSON, and no hash, is called by its kind.
func TestNoHash(t *testing.T) {
	for document, kind := range map[string]string{"null": "null", "[]": "a list", `[{"url":"u"}]`: "a list", "3": "a number", `"s3cret"`: "a text", " false ": "true or false"} {
		_, err := schema.Members([]byte(document))
		for _, err := range []error{schema.Decode([]byte(document), &request{}, opts), err} {
			if !problem.Has(err, problem.BodyNotJSON) || problem.From(err).Message != "The JSON in the request body must be a hash; got "+kind+"." {
				t.Errorf("%q: got %v", document, err)
			}
		}
	}
}

func TestDepth(t *testing.T) {
	nested := func(levels int) string {
		return `{"url":"u","tag":` + strings.Repeat("[", levels) + strings.Repeat("]", levels) + "}"
	}
	if got := fields(t, nested(schema.MaxDepth-1)); !strings.HasPrefix(got[0], "tag: Must be text") {
		t.Errorf("within the limit: %q", got)
	}
	for _, levels := range []int{schema.MaxDepth, 9_000, 1_000_000} {
		err := schema.Decode([]byte(nested(levels)), &request{}, opts)
		if levels < 9_001 && (!problem.Has(err, problem.OptionsInvalid) || !strings.Contains(err.Error(), "deeper than 32 levels")) {
			t.Errorf("%d levels: got %v", levels, err)
		}
		if err == nil {
			t.Errorf("%d levels were taken", levels)
		}
	}
}

func TestManyMistakesAreCounted(t *testing.T) {
	var b strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&b, `,"n%d":1`, i)
	}
	got := fields(t, `{"url":"u"`+b.String()+"}")
	if len(got) != 101 || got[100] != ": 4900 more fields are wrong." {
		t.Errorf("got %d lines, last %q", len(got), got[len(got)-1])
	}
	long := strings.Repeat("x", 10_000)
	if got := fields(t, `{"url":"u","`+long+`":1,"tag":"`+long+`"}`); len(strings.Join(got, "")) > 500 {
		t.Errorf("long names and values come back long: %q", got)
	}
}

func TestMistakesInTheStruct(t *testing.T) {
	type loop struct {
		Next *struct{ Loop []struct{ A chan int } }
	}
	type twice struct {
		Inner
		A int `json:"count"`
	}
	for want, v := range map[string]any{
		"is not a struct":             3,
		"no option can be":            loop{},
		"the name count stands twice": twice{},
		"default: options-invalid": struct {
			A int `default:"x"`
		}{},
		"nothing is known as @image": struct {
			A string `enum:"@image"`
		}{},
		"holds itself": recursive{},
		"has no order": struct {
			A string `minimum:"1"`
		}{},
		"missing closing": struct {
			A string `pattern:"["`
		}{},
		"is not a count": struct {
			A string `maxLength:"x"`
		}{},
		"has no sign": struct {
			A string `alias:"x"`
		}{},
		"may not be pointers": struct{ A []*int }{},
		"a map needs text":    struct{ A map[int]string }{},
		"has no default of its own": struct {
			A struct{} `default:"x"`
		}{},
	} {
		if _, err := schema.Of(v, schema.Opts{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%T: got %v, want %q", v, err, want)
		}
	}
	if err := schema.Decode([]byte("{}"), request{}, opts); err == nil || problem.Has(err, problem.OptionsInvalid) {
		t.Errorf("not a pointer: got %v", err)
	}
}

type recursive struct {
	Below []recursive `json:"below"`
}

func TestNearest(t *testing.T) {
	names := []string{"compression", "format", "quality", "resize", "crop", "preserve"}
	for name, want := range map[string]string{
		"compresion": "compression", "qualtiy": "quality", "rezise": "resize", "Format": "format", "formats": "format",
		"comp": "compression", "corp": "crop", "x": "", "width": "", "": "", strings.Repeat("z", 100): "",
	} {
		if got := schema.Nearest(name, names); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestOptionsAreInOrder(t *testing.T) {
	list, err := schema.Options(request{}, opts)
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	byPath := map[string]schema.Option{}
	for _, o := range list {
		paths, byPath[o.Path] = append(paths, o.Path+" "+o.Type), o
	}
	want := "url string,image hash,image.compression string,image.format list,image.quality integer,image.resize hash," +
		"image.resize.mode string,image.resize.width integer,image.resize.height integer,image.background string," +
		"image.progressive boolean,image.preserve list,image.scale number,image.wait duration,image.room string," +
		"image.small integer,image.notes map,tag string,secret string,items list,items[].url string,items[].kind string," +
		"async boolean,count integer"
	if got := strings.Join(paths, ","); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	w, f := byPath["image.resize.width"], byPath["image.format"]
	if w.Minimum != "1" || w.Maximum != "16384" || w.Doc != "Pixels." || !w.Optional || w.Default != "" {
		t.Errorf("width: %+v", w)
	}
	if !f.OneOrList || f.Items != "string" || f.Default != "keep" || strings.Join(f.Enum, ",") != "keep,jpeg,png,webp" || f.Optional {
		t.Errorf("format: %+v", f)
	}
	if !byPath["url"].Required || !byPath["secret"].WriteOnly || byPath["image.room"].Default != "2k" {
		t.Errorf("tags are lost: %+v", byPath)
	}
}

func TestDocumentFromText(t *testing.T) {
	s, err := schema.Of(request{}, opts)
	if err != nil {
		t.Fatal(err)
	}
	d := s.Document()
	for _, pair := range [][2]string{
		{"url", "http://h/?a=1,2"}, {"image.resize.width", "300"}, {"image.resize.mode", "auto"}, {"image.format", "jpg"},
		{"image.format", "png, webp"}, {"image.preserve", `["profile"]`}, {"image.progressive", "false"},
		{"image.notes", "a=1"}, {"image.notes", "b=2"}, {"image.wait", "2s"}, {"image.scale", "0.5"}, {"async", "true"},
	} {
		if err := d.Set(pair[0], pair[1]); err != nil {
			t.Fatal(err)
		}
	}
	var got request
	if err := d.Decode(&got); err != nil {
		t.Fatal(err)
	}
	want := decode(t, `{"url":"http://h/?a=1,2","async":true,"image":{"resize":{"width":300},"format":["jpeg","png","webp"],
		"preserve":["profile"],"progressive":false,"notes":{"a":1,"b":2},"wait":"2s","scale":0.5}}`)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

func TestDocumentRefuses(t *testing.T) {
	s, err := schema.Of(request{}, opts)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"image.resize.widht": "did you mean 'image.resize.width'?",
		"resize":             "did you mean 'image.resize'?",
		"resize.width":       "did you mean 'image.resize.width'?",
		"width":              "did you mean 'image.resize.width'?",
		"image":              "Is a group of options",
		"tag.x":              "Unknown option",
		"":                   "Unknown option",
		"url":                "Is given more than once.",
		"items[0].url":       "Unknown option",
	} {
		d := s.Document()
		if err := d.Set("url", "u"); err != nil {
			t.Fatal(err)
		}
		if err := d.Set(path, "1"); !problem.Has(err, problem.OptionsInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", path, err, want)
		}
	}
	d := s.Document()
	for path, word := range map[string]string{"url": "u", "image.quality": "1O", "image.progressive": "maybe", "image.notes": "a", "items": "a"} {
		if err := d.Set(path, word); err != nil {
			t.Fatal(err)
		}
	}
	var p *problem.Problem
	if err := d.Decode(&request{}); !errors.As(err, &p) || len(p.Fields) != 4 {
		t.Errorf("wrong texts: got %v", err)
	}
}

func TestJSONSchema(t *testing.T) {
	got, err := schema.JSONSchema(struct {
		URL    string            `json:"url" required:"true" doc:"Where."`
		Format words             `json:"format" enum:"keep,@image" alias:"jpg=jpeg" default:"keep"`
		Width  *int              `json:"width" minimum:"1" maximum:"9"`
		Level  int               `json:"level" enum:"1,2" default:"2"`
		Notes  map[string]string `json:"notes" maxItems:"3" maxLength:"7"`
		On     bool              `json:"on" default:"true"`
		Class  string            `json:"class" words:"warm,cold"`
		Key    string            `json:"key" writeOnly:"true" pattern:"^a" example:"ab" minLength:"1"`
		Wait   time.Duration     `json:"wait" minimum:"1s"`
		List   []item            `json:"list" maxItems:"2"`
	}{}, opts)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"additionalProperties":false,"properties":{` +
		`"class":{"enum":["warm","cold"],"type":"string"},` +
		`"format":{"default":["keep"],"oneOf":[{"enum":["keep","jpeg","png","webp","jpg"],"type":"string"},{"items":{"enum":["keep","jpeg","png","webp","jpg"],"type":"string"},"type":"array"}]},` +
		`"key":{"examples":["ab"],"minLength":1,"pattern":"^a","type":"string","writeOnly":true},` +
		`"level":{"default":2,"enum":[1,2],"type":"integer"},` +
		`"list":{"items":{"additionalProperties":false,"properties":{"kind":{"default":"plain","type":"string"},"url":{"type":"string"}},"required":["url"],"type":"object"},"maxItems":2,"type":"array"},` +
		`"notes":{"additionalProperties":{"maxLength":7,"type":"string"},"maxProperties":3,"type":"object"},` +
		`"on":{"default":true,"type":"boolean"},` +
		`"url":{"description":"Where.","type":"string"},` +
		`"wait":{"type":"string"},` +
		`"width":{"maximum":9,"minimum":1,"type":"integer"}},"required":["url"],"type":"object"}`
	if string(text) != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
}
