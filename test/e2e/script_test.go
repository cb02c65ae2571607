package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// session is one script: its server, its origins and the last reply.
type session struct {
	t        testing.TB
	ts       *testscript.TestScript // of the command that runs
	server   *server
	client   *http.Client
	origin   *origin
	receiver *receiver
	last     reply
	json     any // of the last reply, nil if it is no JSON
}

type sessionKey struct{}

// TestScripts runs testdata/script/*.txtar. The commands are:
//
//	serve [NAME=value…]             start the server, with fresh data, or again on the same
//	shutdown                        SIGTERM; it must end well
//	media KIND FILE [arguments]     make a file, see media
//	origin                          start web servers to fetch from: $ORIGIN, $OTHER
//	request METHOD PATH [options]   see request; the reply lands in the files body, headers
//	until STATUS METHOD PATH […]    request again and again until the reply has the status
//	await ID                        poll a job until it has ended
//	status CODE [PROBLEM]           of the reply, and its problem's code
//	[!] json PATH [VALUE|/REGEX/]   a value of the reply, or that there is one
//	let NAME PATH                   set a variable from the reply; link is the path of url, header:X a header
//	[!] header NAME [REGEX]         a header of the reply
//	[!] log REGEX                   what the server logged
//	saw N REGEX                     requests that the origins got, by lines of the request
//	picture FILE FORMAT WxH         a file is a picture, by another decoder
//	members FILE BEFORE             an archive holds what another does, by other readers
//	rising FILE                     the percentages in a stream of events never fall
//	stored FOLDER N                 files in a folder of the data, soon
//	receiver [stop|start]           start a web server for webhooks: $HOOK; see receiver
//	got N PATH                      requests of a path that it gets in the end
//	notice N PATH                   look at the Nth of them as if it were a reply
//	[!] verified SECRET             its signature, by another library
//	settled STATE JOB               look at the delivery that tells of a job, once it has the state
//	apart DURATION PATH             the first two requests of a path came at least so far apart
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               setUp,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"serve": run1(doServe), "shutdown": run1(doShutdown), "media": run1(doMedia), "origin": run1(doOrigin),
			"request": run1(doRequest), "until": run1(doUntil), "await": run1(doAwait), "status": run1(doStatus),
			"let": run1(doLet), "saw": run1(doSaw), "picture": run1(doPicture), "stored": run1(doStored),
			"members": run1(doMembers), "rising": run1(doRising),
			"receiver": run1(doReceiver), "got": run1(doGot), "notice": run1(doNotice),
			"verified": run2(doVerified), "settled": run1(doSettled), "apart": run1(doApart),
			"json": run2(doJSON), "header": run2(doHeader), "log": run2(doLog),
		},
	})
}

func setUp(env *testscript.Env) error {
	samples, err := filepath.Abs(filepath.Join("..", "..", "testdata", "image"))
	if err != nil {
		return err
	}
	// The scripts' own folder is gone before the server is, so its data lie elsewhere.
	data, err := os.MkdirTemp("", "compressor-e2e-data-")
	if err != nil {
		return err
	}
	s := &session{t: env.T().(testing.TB), client: newClient()}
	s.server = newServer(s.t, data)
	env.Values[sessionKey{}] = s
	env.Setenv("KEY", key)
	env.Setenv("DATA", data)
	env.Setenv("SAMPLES", samples)
	env.Setenv("PATH", filepath.Dir(program)+":/usr/bin:/bin")
	env.Defer(func() {
		defer os.RemoveAll(data)
		if s.origin != nil {
			s.origin.close()
		}
		if s.server.cmd != nil {
			s.server.stop()
			s.server.checkNothingLeft()
		}
		if s.receiver != nil {
			s.receiver.stop() //nolint:errcheck // it may have been stopped before
		}
	})
	return nil
}

// run1 and run2 make commands of functions on the session; those of run2 may be negated.
func run1(do func(s *session, args []string) error) func(*testscript.TestScript, bool, []string) {
	return run2(func(s *session, neg bool, args []string) error {
		if neg {
			return fmt.Errorf("this command cannot be negated")
		}
		return do(s, args)
	})
}

func run2(do func(s *session, neg bool, args []string) error) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		s := ts.Value(sessionKey{}).(*session)
		s.ts = ts
		if err := do(s, neg, args); err != nil {
			if s.last.status != 0 {
				ts.Logf("last reply: %d %s", s.last.status, cut(s.last.body, 2000))
			}
			ts.Fatalf("%v", err)
		}
	}
}

func cut(text []byte, most int) []byte { return text[:min(len(text), most)] }

// want checks the number of arguments.
func want(args []string, least, most int) error {
	if len(args) < least || len(args) > most {
		return fmt.Errorf("%d arguments instead of %d to %d", len(args), least, most)
	}
	return nil
}

func doServe(s *session, args []string) error {
	if s.server.cmd != nil {
		s.server.stop()
	}
	s.server.env = args
	s.server.launch()
	s.server.waitReady()
	s.ts.Setenv("URL", s.server.base())
	return nil
}

func doShutdown(s *session, args []string) error {
	s.server.stop()
	return want(args, 0, 0)
}

func doStatus(s *session, args []string) error {
	if err := want(args, 1, 2); err != nil {
		return err
	}
	if got := strconv.Itoa(s.last.status); got != args[0] {
		return fmt.Errorf("status %s instead of %s", got, args[0])
	}
	if len(args) == 1 {
		return nil
	}
	return s.checkError(args[1])
}

// checkError holds an error reply against the documented shape, on every occasion.
func (s *session) checkError(code string) error {
	var shape struct {
		Success *bool   `json:"success"`
		Status  int     `json:"status"`
		ID      string  `json:"id"`
		Message string  `json:"message"`
		Code    string  `json:"code"`
		Errors  []field `json:"errors"`
	}
	if err := json.Unmarshal(s.last.body, &shape); err != nil {
		return fmt.Errorf("error reply: %w", err)
	}
	switch {
	case shape.Code != code:
		return fmt.Errorf("code %q instead of %q", shape.Code, code)
	case shape.Success == nil || *shape.Success || shape.Status != s.last.status || shape.Message == "":
		return fmt.Errorf("error reply without the documented fields")
	case !uuid4.MatchString(shape.ID):
		return fmt.Errorf("id %q is no UUID of version 4", shape.ID)
	case s.last.header.Get("Content-Type") != "application/json":
		return fmt.Errorf("an error reply of type %q", s.last.header.Get("Content-Type"))
	}
	for _, leak := range []string{s.server.data, "/tmp/", "panic", "goroutine"} {
		if strings.Contains(string(s.last.body), leak) {
			return fmt.Errorf("the reply holds %q", leak)
		}
	}
	return nil
}

type field struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

var uuid4 = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

func doJSON(s *session, neg bool, args []string) error {
	if err := want(args, 1, 2); err != nil {
		return err
	}
	value, found := lookup(s.json, args[0])
	if len(args) == 1 {
		if found == neg {
			return fmt.Errorf("%s: found is %v", args[0], found)
		}
		return nil
	}
	if !found {
		return fmt.Errorf("the reply has no %s", args[0])
	}
	ok, err := matches(text(value), args[1])
	if err == nil && ok == neg {
		err = fmt.Errorf("%s is %q", args[0], text(value))
	}
	return err
}

// matches compares with a value, or with a regular expression between slashes.
func matches(got, pattern string) (bool, error) {
	if len(pattern) < 2 || pattern[0] != '/' || pattern[len(pattern)-1] != '/' {
		return got == pattern, nil
	}
	return regexp.MatchString(pattern[1:len(pattern)-1], got)
}

// lookup finds a value by a path such as errors.0.field; errors.len is how many there are.
func lookup(value any, path string) (any, bool) {
	for name := range strings.SplitSeq(path, ".") {
		switch v := value.(type) {
		case map[string]any:
			next, ok := v[name]
			if !ok {
				return nil, false
			}
			value = next
		case []any:
			if name == "len" {
				value = json.Number(strconv.Itoa(len(v)))
				continue
			}
			i, err := strconv.Atoi(name)
			if err != nil || i < 0 || i >= len(v) {
				return nil, false
			}
			value = v[i]
		default:
			return nil, false
		}
	}
	return value, true
}

// text is a JSON value as it stands in the reply, texts without quotes.
func text(value any) string {
	if s, ok := value.(string); ok {
		return s
	}
	raw, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(raw)
}

func doLet(s *session, args []string) error {
	if err := want(args, 2, 2); err != nil {
		return err
	}
	if args[1] == "link" {
		f, err := s.last.fields()
		s.ts.Setenv(args[0], f.path())
		return err
	}
	if name, ok := strings.CutPrefix(args[1], "header:"); ok {
		s.ts.Setenv(args[0], s.last.header.Get(name))
		return nil
	}
	value, found := lookup(s.json, args[1])
	if !found {
		return fmt.Errorf("the reply has no %s", args[1])
	}
	s.ts.Setenv(args[0], text(value))
	return nil
}

func doHeader(s *session, neg bool, args []string) error {
	if err := want(args, 1, 2); err != nil {
		return err
	}
	values := s.last.header.Values(args[0])
	if len(args) == 1 || len(values) == 0 {
		if (len(values) > 0) == neg {
			return fmt.Errorf("header %s: %q", args[0], values)
		}
		return nil
	}
	ok, err := regexp.MatchString(args[1], strings.Join(values, "\n"))
	if err == nil && ok == neg {
		err = fmt.Errorf("header %s: %q", args[0], values)
	}
	return err
}

func doLog(s *session, neg bool, args []string) error {
	if err := want(args, 1, 1); err != nil {
		return err
	}
	pattern, err := regexp.Compile(args[0])
	if err != nil {
		return err
	}
	if neg {
		if found := pattern.FindString(s.server.log.String()); found != "" {
			return fmt.Errorf("the log holds %q", found)
		}
		return nil
	}
	return eventually(5*time.Second, func() error { // the line of a request follows its reply
		if !pattern.MatchString(s.server.log.String()) {
			return fmt.Errorf("not in the log:\n%s", s.server.log.String())
		}
		return nil
	})
}

func doStored(s *session, args []string) error {
	if err := want(args, 2, 2); err != nil {
		return err
	}
	return eventually(20*time.Second, func() error {
		files := s.server.files(args[0])
		if strconv.Itoa(len(files)) != args[1] {
			return fmt.Errorf("in %s: %q", args[0], files)
		}
		return nil
	})
}
