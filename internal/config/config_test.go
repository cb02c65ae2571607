package config

import (
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"compressor/internal/problem"
)

// reader serves one file.
func reader(content string) func(string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		if name != "good.env" {
			return nil, &fs.PathError{Op: "open", Path: name, Err: os.ErrNotExist}
		}
		return []byte(content), nil
	}
}

// load loads, or fails the test.
func load(t *testing.T, args, environ []string, file string) Loaded {
	t.Helper()
	l, err := Load(args, environ, reader(file))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// setting finds one setting in the list.
func setting(t *testing.T, l Loaded, name string) Setting {
	t.Helper()
	for _, s := range l.Settings {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("%s is not listed", name)
	return Setting{}
}

func TestDefaults(t *testing.T) {
	l := load(t, nil, nil, "")
	want := Config{
		Server:  Server{Listen: "127.0.0.1:8080", Data: "data", PublicURL: "http://127.0.0.1:8080", Connections: 10000, Streams: 2000, Drain: 30 * time.Second, MinFree: 1 << 30},
		Egress:  Egress{Ports: []int{80, 443, 8080, 8443}},
		Fetch:   Fetch{UserAgent: "Compressor/1.0 (+https://compressor.app)", Connect: 10 * time.Second, Idle: 30 * time.Second, Total: time.Hour},
		Upload:  Upload{MaxBytes: 8 << 30, MaxBatch: 16 << 30, Stall: 30 * time.Second, MinRate: 10 << 10, Open: 100, Life: 24 * time.Hour},
		Jobs:    Jobs{Slots: runtime.GOMAXPROCS(0), Spares: 2, QueueMax: 10000, Concurrent: 8, Queued: 1000, KeyBytes: 10 << 30, Hold: 55 * time.Second, ResultTTL: 2 * time.Hour, RecordTTL: 168 * time.Hour, SweepEvery: time.Minute},
		Webhook: Webhook{Timeout: 10 * time.Second, Retries: []time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute, 2 * time.Hour, 6 * time.Hour}},
		Limits:  Limits{Rate: 100000, Polls: 1000000, Window: 15 * time.Minute},
		Sandbox: Sandbox{Require: "strong", Memory: 4 << 30, Wall: 5 * time.Minute, CPU: 10 * time.Minute, LongWall: time.Hour, Output: 8 << 30, Pixels: 100000000, Seconds: 14400, Frames: 1000},
		Log:     Log{Level: "info", Format: "text"},
	}
	if !reflect.DeepEqual(l.Config, want) {
		t.Errorf("got  %+v\nwant %+v", l.Config, want)
	}
	if len(l.Rest) > 0 || len(l.Warnings) > 0 {
		t.Errorf("rest %v, warnings %v", l.Rest, l.Warnings)
	}
}

func TestEveryFieldIsASetting(t *testing.T) {
	l := load(t, nil, nil, "")
	names, count := map[string]bool{}, 0
	for _, s := range l.Settings {
		if names[s.Name] || names[s.Flag] || !strings.HasPrefix(s.Name, prefix) || s.Doc == "" || s.Source != SourceDefault {
			t.Errorf("bad row: %+v", s)
		}
		names[s.Name], names[s.Flag] = true, true
	}
	typ := reflect.TypeFor[Config]()
	for i := range typ.NumField() {
		count += typ.Field(i).Type.NumField()
	}
	if count != len(l.Settings) {
		t.Errorf("%d fields, %d settings", count, len(l.Settings))
	}
}

func TestSourcesInRisingOrder(t *testing.T) {
	file := "# a comment\n\nCOMPRESSOR_HOLD=1s\n COMPRESSOR_DATA = \"/file data\" \r\nCOMPRESSOR_LOG_LEVEL='debug'\nCOMPRESSOR_RATE_LIMIT=7\n"
	environ := []string{"PATH=/bin", "COMPRESSOR_CONFIG=good.env", "COMPRESSOR_HOLD=2s", "COMPRESSOR_DATA=", "COMPRESSOR_LOG_LEVEL=warn"}
	l := load(t, []string{"verb", "--hold=3s", "--listen", "127.0.0.1:0", "--other", "x", "--log-level", "", "--", "--data"}, environ, file)
	for name, want := range map[string][2]string{
		"COMPRESSOR_HOLD":       {"3s", SourceFlag},
		"COMPRESSOR_LOG_LEVEL":  {"warn", SourceEnvironment},
		"COMPRESSOR_DATA":       {"/file data", SourceFile},
		"COMPRESSOR_RATE_LIMIT": {"7", SourceFile},
		"COMPRESSOR_DRAIN":      {"30s", SourceDefault},
	} {
		if s := setting(t, l, name); s.Value != want[0] || s.Source != want[1] {
			t.Errorf("%s: got %s from %s, want %v", name, s.Value, s.Source, want)
		}
	}
	if l.Jobs.Hold != 3*time.Second || l.Server.Data != "/file data" || l.Log.Level != "warn" || l.Limits.Rate != 7 {
		t.Errorf("got %+v", l.Config)
	}
	if l.Server.PublicURL != "" || l.Server.BaseURL("127.0.0.1:4711") != "http://127.0.0.1:4711" {
		t.Errorf("the port is the system's choice, the public URL is %q", l.Server.PublicURL)
	}
	if want := []string{"verb", "--other", "x", "--", "--data"}; !reflect.DeepEqual(l.Rest, want) {
		t.Errorf("rest: got %q, want %q", l.Rest, want)
	}
}

func TestFlagNamesTheFile(t *testing.T) {
	l := load(t, []string{"--config", "good.env"}, []string{"COMPRESSOR_CONFIG=bad.env"}, "COMPRESSOR_EGRESS_PORTS=81\n")
	if !reflect.DeepEqual(l.Egress.Ports, []int{81}) {
		t.Errorf("got %v", l.Egress.Ports)
	}
}

func TestTypes(t *testing.T) {
	l := load(t, nil, []string{
		"COMPRESSOR_EGRESS_FETCH_ALLOW=127.0.0.1, 10.1.2.3/8,fd00::/8", "COMPRESSOR_MAX_UPLOAD=1.5 MB", "COMPRESSOR_JOB_MEMORY=536870912",
		"COMPRESSOR_PUBLIC_URL=https://c.example/base/", "COMPRESSOR_SLOTS=3", "COMPRESSOR_MIN_RATE=0",
	}, "")
	want := []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	if got := Prefixes(l.Egress.FetchAllow); !reflect.DeepEqual(got, want) {
		t.Errorf("prefixes: %v", got)
	}
	if l.Upload.MaxBytes != 1_500_000 || l.Sandbox.Memory != 512<<20 || l.Jobs.Slots != 3 || l.Upload.MinRate != 0 {
		t.Errorf("got %+v", l.Config)
	}
	if got := l.Server.BaseURL("127.0.0.1:1"); got != "https://c.example/base" {
		t.Errorf("base URL: %s", got)
	}
}

func TestBytes(t *testing.T) {
	for text, want := range map[string]Bytes{
		"0": 0, "1B": 1, "7kB": 7000, "7KiB": 7168, "2 GiB": 2 << 30, "0.5MiB": 1 << 19, "1TB": 1e12, "9223372036854775807": 9223372036854775807,
		"": -1, "GiB": -1, "-1": -1, "1e3": -1, "0x10": -1, "1.5": -1, "9999999TiB": -1, "1Gb": -1, "Inf": -1, "NaN": -1, "9223372036854775808": -1, "1 2": -1,
	} {
		got := Bytes(-1)
		if err := got.UnmarshalText([]byte(text)); (err != nil) != (want == -1) || got != want {
			t.Errorf("%q: got %d, %v; want %d", text, got, err, want)
		}
	}
}

func TestBadSettings(t *testing.T) {
	for _, c := range []struct {
		name          string
		args, environ []string
		file, want    string
	}{
		{"environment", nil, []string{"COMPRESSOR_HOLD=5x"}, "", "COMPRESSOR_HOLD: Must be a duration such as 500ms, 55s, 15m or 2h; got '5x'."},
		{"flag", []string{"--log-format", "xml"}, nil, "", "--log-format: Must be one of text, json; got 'xml'."},
		{"file", []string{"--config=good.env"}, nil, "COMPRESSOR_SLOTS=-1", "COMPRESSOR_SLOTS in the configuration file: Must be between 0 and 1024; got -1."},
		{"all at once", []string{"--spares", "many"}, []string{"COMPRESSOR_EGRESS_PORTS=80,99999", "COMPRESSOR_STALL=1ns"}, "",
			"COMPRESSOR_EGRESS_PORTS: Must be between 1 and 65535; got 99999.|COMPRESSOR_STALL: Must be at least 100ms; got '1ns'.|--spares: Must be a whole number; got 'many'."},
		{"listen", nil, []string{"COMPRESSOR_LISTEN=8080"}, "", "COMPRESSOR_LISTEN: Must be an address and port such as 127.0.0.1:8080; got '8080'."},
		{"named port", nil, []string{"COMPRESSOR_LISTEN=:http"}, "", "COMPRESSOR_LISTEN: Must be an address and port such as 127.0.0.1:8080; got ':http'."},
		{"public URL", nil, []string{"COMPRESSOR_PUBLIC_URL=ftp://h"}, "", "COMPRESSOR_PUBLIC_URL: Must be a URL such as https://compress.example.com; got 'ftp://h'."},
		{"password in it", nil, []string{"COMPRESSOR_PUBLIC_URL=https://a:hush@h"}, "", "COMPRESSOR_PUBLIC_URL: Must not hold a user or password."},
		{"prefix", nil, []string{"COMPRESSOR_EGRESS_FETCH_ALLOW=10.0.0.0/8,intranet"}, "", "COMPRESSOR_EGRESS_FETCH_ALLOW: Must be a prefix such as 10.0.0.0/8 or fd00::/8; got 'intranet'."},
		{"size", nil, []string{"COMPRESSOR_JOB_MEMORY=1MiB"}, "", "COMPRESSOR_JOB_MEMORY: Must be at least 256MiB; got '1MiB'."},
		{"short key", nil, []string{"COMPRESSOR_API_KEY=hush"}, "", "COMPRESSOR_API_KEY: Must be at least 16 characters long."},
		{"no value", []string{"--hold"}, nil, "", "--hold: Needs a value."},
		{"no file", nil, []string{"COMPRESSOR_CONFIG=bad.env"}, "", "COMPRESSOR_CONFIG: Must name a file that can be read; got 'bad.env': file does not exist."},
		{"bad lines", []string{"--config", "good.env"}, nil, "hello\nCOMPRESSOR_HOLDS=3s\nCOMPRESSOR_CONFIG=x\nCOMPRESSOR_HOLD=1s\nCOMPRESSOR_HOLD=1s", "line 1 of the configuration file: Must be a line such as COMPRESSOR_LISTEN=127.0.0.1:8080.|" +
			"line 2 of the configuration file: COMPRESSOR_HOLDS is not a setting. Did you mean COMPRESSOR_HOLD?|line 3 of the configuration file: COMPRESSOR_CONFIG is not a setting.|" +
			"line 5 of the configuration file: COMPRESSOR_HOLD is given more than once."},
	} {
		_, err := Load(c.args, c.environ, reader(c.file))
		var p *problem.Problem
		if !errors.As(err, &p) || p.Code != problem.OptionsInvalid {
			t.Errorf("%s: got %v", c.name, err)
			continue
		}
		var lines []string
		for _, f := range p.Fields {
			lines = append(lines, f.Path+": "+f.Message)
		}
		if got := strings.Join(lines, "|"); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
		if strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: a secret stands in %v", c.name, err)
		}
	}
}

func TestUnknownVariablesWarn(t *testing.T) {
	l := load(t, nil, []string{"COMPRESSOR_LISTENS=x", "COMPRESSOR_ZZZZZZZZ=x", "COMPRESSORX=1", "OTHER=1"}, "")
	want := []string{"COMPRESSOR_LISTENS is not a setting. Did you mean COMPRESSOR_LISTEN?", "COMPRESSOR_ZZZZZZZZ is not a setting."}
	if !reflect.DeepEqual(l.Warnings, want) {
		t.Errorf("got %q", l.Warnings)
	}
	for argument, want := range map[string]string{
		"--lisen=x": "[--lisen: Unknown flag; did you mean '--listen'?]", "--zzzzzzzz": "Unknown flag.", "x": "Unknown argument.",
	} {
		if err := l.Unexpected(argument); !problem.Has(err, problem.OptionsInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", argument, err)
		}
	}
}

func TestDescribe(t *testing.T) {
	l := load(t, []string{"--api-key", "a-very-secret-key"}, []string{"COMPRESSOR_SLOTS=5"}, "")
	if l.Server.APIKey != "a-very-secret-key" {
		t.Errorf("the key is %q", l.Server.APIKey)
	}
	var b strings.Builder
	if err := Describe(&b, l.Settings); err != nil {
		t.Fatal(err)
	}
	rows := map[string][]string{}
	for line := range strings.Lines(b.String()) {
		cells := strings.Fields(line)
		rows[cells[0]] = cells[1:]
	}
	if len(rows) != len(l.Settings)+1 {
		t.Errorf("%d rows for %d settings", len(rows), len(l.Settings))
	}
	for name, want := range map[string]string{
		"SETTING":                    "VALUE SOURCE DEFAULT FLAG MEANING",
		"COMPRESSOR_API_KEY":         "[secret] flag - --api-key",
		"COMPRESSOR_SLOTS":           "5 environment 0 --slots",
		"COMPRESSOR_PUBLIC_URL":      "http://127.0.0.1:8080 default - --public-url",
		"COMPRESSOR_SANDBOX_REQUIRE": "strong default strong --sandbox-require",
	} {
		if got := strings.Join(rows[name], " "); !strings.HasPrefix(got, want) {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if strings.Contains(b.String(), l.Server.APIKey) {
		t.Error("the key is written out")
	}
}
