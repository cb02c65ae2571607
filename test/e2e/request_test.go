package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// doRequest sends a request. PATH is one of the server, or a whole URL. Options:
//
//	-u USER:PASSWORD     Basic, instead of $KEY and no password
//	-bearer KEY          Bearer
//	-nokey               neither
//	-H 'Name: value'     a header
//	-F name=text         a part of a form
//	-F name=@file[;as]   a part that is a file, sent under the name as
//	-F name=<file        a part that is no file, its text from a file
//	-json TEXT           a JSON body
//	-raw FILE            a body as it is
func doRequest(s *session, args []string) error {
	r, err := s.buildRequest(args)
	if err != nil {
		return err
	}
	return s.send(r)
}

// send sends r and keeps the reply, also as files.
func (s *session) send(r *http.Request) error {
	got, err := do(s.client, r)
	if err != nil {
		return err
	}
	s.last, s.json = got, nil
	decoder := json.NewDecoder(bytes.NewReader(got.body))
	decoder.UseNumber()
	if strings.HasPrefix(got.header.Get("Content-Type"), "application/json") {
		if err := decoder.Decode(&s.json); err != nil && r.Method != http.MethodHead {
			return fmt.Errorf("JSON of the reply: %w", err)
		}
	}
	var headers bytes.Buffer
	if err := got.header.Write(&headers); err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(s.ts.MkAbs("body"), got.body, 0o600),
		os.WriteFile(s.ts.MkAbs("headers"), headers.Bytes(), 0o600))
}

// builder gathers the options of a request.
type builder struct {
	s       *session
	header  http.Header
	user    string // user:password, "" for none
	bearer  string
	parts   []part
	body    []byte
	hasBody bool
}

func (s *session) buildRequest(args []string) (*http.Request, error) {
	if len(args) < 2 {
		return nil, errors.New("METHOD and PATH are needed")
	}
	b := &builder{s: s, header: http.Header{}, user: key + ":"}
	for rest := args[2:]; len(rest) > 0; {
		used, err := b.option(rest)
		if err != nil {
			return nil, err
		}
		rest = rest[used:]
	}
	return b.build(args[0], args[1])
}

// option reads one option and says how many arguments it took.
func (b *builder) option(args []string) (int, error) {
	if args[0] == "-nokey" {
		b.user = ""
		return 1, nil
	}
	if len(args) < 2 {
		return 0, fmt.Errorf("option %s needs a value", args[0])
	}
	var err error
	switch args[0] {
	case "-u":
		b.user = args[1]
	case "-bearer":
		b.user, b.bearer = "", args[1]
	case "-H":
		name, value, _ := strings.Cut(args[1], ":")
		b.header[name] = append(b.header[name], strings.TrimSpace(value))
	case "-F":
		err = b.part(args[1])
	case "-json":
		b.header.Set("Content-Type", "application/json")
		b.body, b.hasBody = []byte(args[1]), true
	case "-raw":
		b.body, err = os.ReadFile(b.s.ts.MkAbs(args[1]))
		b.hasBody = true
	default:
		err = fmt.Errorf("unknown option %s", args[0])
	}
	return 2, err
}

func (b *builder) part(text string) error {
	name, value, _ := strings.Cut(text, "=")
	p := part{name: name, body: value}
	if value != "" && (value[0] == '@' || value[0] == '<') {
		path, as, renamed := strings.Cut(value[1:], ";")
		data, err := os.ReadFile(b.s.ts.MkAbs(path))
		if err != nil {
			return err
		}
		p.body = string(data)
		if value[0] == '@' {
			p.fileName = path[strings.LastIndexByte(path, '/')+1:]
			if renamed {
				p.fileName = as
			}
		}
	}
	b.parts = append(b.parts, p)
	return nil
}

func (b *builder) build(method, path string) (*http.Request, error) {
	var body io.Reader
	if b.hasBody {
		body = bytes.NewReader(b.body)
	}
	if len(b.parts) > 0 {
		buffer, contentType, err := form(b.parts...)
		if err != nil {
			return nil, err
		}
		body = buffer
		if b.header.Get("Content-Type") == "" {
			b.header.Set("Content-Type", contentType)
		}
	}
	if strings.HasPrefix(path, "/") {
		path = b.s.server.base() + path
	}
	r, err := http.NewRequest(method, path, body)
	if err != nil {
		return nil, err
	}
	r.Header = b.header
	if b.user != "" && r.Header.Get("Authorization") == "" {
		name, password, _ := strings.Cut(b.user, ":")
		r.SetBasicAuth(name, password)
	}
	if b.bearer != "" {
		r.Header.Set("Authorization", "Bearer "+b.bearer)
	}
	return r, nil
}

func doUntil(s *session, args []string) error {
	if len(args) < 3 {
		return errors.New("STATUS, METHOD and PATH are needed")
	}
	return eventually(30*time.Second, func() error {
		if err := doRequest(s, args[1:]); err != nil {
			return err
		}
		if strconv.Itoa(s.last.status) != args[0] {
			return fmt.Errorf("status %d instead of %s", s.last.status, args[0])
		}
		return nil
	})
}

func doAwait(s *session, args []string) error {
	if err := want(args, 1, 1); err != nil {
		return err
	}
	return eventually(patience, func() error {
		if err := doRequest(s, []string{http.MethodGet, "/1.0/jobs/" + args[0] + "?wait=20"}); err != nil {
			return err
		}
		f, err := s.last.fields()
		if err == nil && !f.ended() {
			err = fmt.Errorf("job %s has not ended", args[0])
		}
		return err
	})
}

func doPicture(s *session, args []string) error {
	if err := want(args, 3, 3); err != nil {
		return err
	}
	f, err := os.Open(s.ts.MkAbs(args[0]))
	if err != nil {
		return err
	}
	defer f.Close()
	im, format, err := image.Decode(f)
	if err != nil {
		return err
	}
	if got := fmt.Sprintf("%dx%d", im.Bounds().Dx(), im.Bounds().Dy()); format != args[1] || got != args[2] {
		return fmt.Errorf("a %s of %s", format, got)
	}
	return nil
}

// doMedia makes a file: KIND is
//
//	jpeg WxH, png WxH   a made-up photo
//	bomb WxH            a tiny file of a huge PNG
//	bytes N             N bytes of text
//	cut FILE N          the first N bytes of another
//	pad FILE N          a JPEG made N bytes long by comments
//	archive KIND        a ZIP archive, see archived
func doMedia(s *session, args []string) error {
	if err := want(args, 3, 4); err != nil {
		return err
	}
	data, err := s.media(args[0], args[2:])
	if err != nil {
		return err
	}
	return os.WriteFile(s.ts.MkAbs(args[1]), data, 0o600)
}

func (s *session) media(kind string, args []string) ([]byte, error) {
	var width, height, n int
	var from []byte
	var err error
	switch kind {
	case "jpeg", "png", "bomb":
		_, err = fmt.Sscanf(args[0], "%dx%d", &width, &height)
	case "bytes":
		n, err = strconv.Atoi(args[0])
	case "cut", "pad":
		if len(args) < 2 {
			return nil, errors.New("FILE and N are needed")
		}
		if n, err = strconv.Atoi(args[1]); err == nil {
			from, err = os.ReadFile(s.ts.MkAbs(args[0]))
		}
	}
	if err != nil {
		return nil, err
	}
	switch kind {
	case "jpeg":
		return photo(width, height, 7), nil
	case "png":
		return graphic(width, height, 7), nil
	case "bomb":
		return bomb(width, height), nil
	case "bytes":
		return bytes.Repeat([]byte("x"), n), nil
	case "cut":
		return from[:min(n, len(from))], nil
	case "pad":
		return padded(from, n)
	case "archive":
		return archived(args[0])
	}
	return nil, fmt.Errorf("unknown kind %s", kind)
}
