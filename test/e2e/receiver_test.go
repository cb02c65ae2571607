package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// receiver is a web server on 127.0.0.1 that webhooks are sent to. It keeps what it is told,
// by path, also while it is down. What it answers follows from the path:
//
//	/ok…         200
//	/fail/N…     500 to the first N, then 200
//	/later/N…    503 to the first N, to come back in a second, then 200
//	/hang/N…     nothing at all to the first N, then 200
//	/redirect…   302 to /ok-elsewhere
//	/gone…       410
type receiver struct {
	address string

	mu     sync.Mutex
	server *http.Server
	got    map[string][]notice
}

// notice is one request that the receiver got.
type notice struct {
	at     time.Time
	header http.Header
	host   string
	path   string // with its query
	body   []byte
}

func newReceiver() (*receiver, error) {
	r := &receiver{address: "127.0.0.1:0", got: map[string][]notice{}}
	return r, r.start()
}

// start begins to listen, where it did before.
func (r *receiver) start() error {
	l, err := net.Listen("tcp", r.address)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.address = l.Addr().String()
	server := &http.Server{Handler: r}
	r.server = server
	go server.Serve(l) //nolint:errcheck // it always ends with an error
	return nil
}

// stop ends the server as a kill would: connections break off.
func (r *receiver) stop() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.server.Close()
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return
	}
	r.mu.Lock()
	path := q.URL.Path
	r.got[path] = append(r.got[path], notice{time.Now(), q.Header, q.Host, q.URL.RequestURI(), body})
	n := len(r.got[path])
	r.mu.Unlock()
	what, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	count, _, _ := strings.Cut(rest, "/")
	first, _ := strconv.Atoi(count)
	switch {
	case strings.HasPrefix(what, "redirect"):
		http.Redirect(w, q, "/ok-elsewhere", http.StatusFound)
	case strings.HasPrefix(what, "gone"):
		w.WriteHeader(http.StatusGone)
	case n > first:
	case what == "fail":
		w.WriteHeader(http.StatusInternalServerError)
	case what == "later":
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusServiceUnavailable)
	case what == "hang":
		<-q.Context().Done()
	}
}

func (r *receiver) notices(path string) []notice {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]notice(nil), r.got[path]...)
}

// total is how many requests came, of any path.
func (r *receiver) total() (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, all := range r.got {
		n += len(all)
	}
	return n
}

// doReceiver starts the receiver, $HOOK, or stops and starts it again.
func doReceiver(s *session, args []string) error {
	if err := want(args, 0, 1); err != nil {
		return err
	}
	switch {
	case len(args) == 0:
		var err error
		if s.receiver, err = newReceiver(); err != nil {
			return err
		}
		s.ts.Setenv("HOOK", "http://"+s.receiver.address)
		s.ts.Setenv("HOOKHOST", s.receiver.address)
		return nil
	case args[0] == "stop":
		return s.receiver.stop()
	case args[0] == "start":
		return s.receiver.start()
	}
	return errors.New("start or stop")
}

// doGot waits until the receiver has got N requests of a path, and no more.
func doGot(s *session, args []string) error {
	if err := want(args, 2, 2); err != nil {
		return err
	}
	n, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	return eventually(patience, func() error {
		if got := len(s.receiver.notices(args[1])); got != n {
			return fmt.Errorf("%d requests of %s instead of %d", got, args[1], n)
		}
		return nil
	})
}

// doNotice makes the Nth request of a path what json and header look at, and writes its body
// to the file notice.
func doNotice(s *session, args []string) error {
	if err := want(args, 2, 2); err != nil {
		return err
	}
	n, err := strconv.Atoi(args[0])
	all := s.receiver.notices(args[1])
	if err != nil || n < 1 || n > len(all) {
		return fmt.Errorf("of %s there are %d requests", args[1], len(all))
	}
	got := all[n-1]
	s.last, s.json = reply{header: got.header.Clone(), body: got.body}, nil
	s.last.header.Set("Request-Target", got.path)
	decoder := json.NewDecoder(bytes.NewReader(got.body))
	decoder.UseNumber()
	if err := decoder.Decode(&s.json); err != nil {
		return fmt.Errorf("JSON of the webhook: %w", err)
	}
	return os.WriteFile(s.ts.MkAbs("notice"), got.body, 0o600)
}

// doVerified checks the signature of the request that doNotice chose, by the library of the
// Standard Webhooks project.
func doVerified(s *session, neg bool, args []string) error {
	if err := want(args, 1, 1); err != nil {
		return err
	}
	hook, err := standardwebhooks.NewWebhook(args[0])
	if err != nil {
		return err
	}
	err = hook.Verify(s.last.body, s.last.header)
	if neg && err == nil {
		return errors.New("the signature is good")
	}
	if neg {
		return nil
	}
	return err
}

// doSettled looks at the delivery that tells of a job, as soon as it has a state.
func doSettled(s *session, args []string) error {
	if err := want(args, 2, 2); err != nil {
		return err
	}
	return eventually(patience, func() error {
		if err := doRequest(s, []string{http.MethodGet, "/1.0/webhooks?limit=100"}); err != nil {
			return err
		}
		var page struct {
			Webhooks []struct {
				ID    string `json:"id"`
				JobID string `json:"job_id"`
				State string `json:"state"`
			} `json:"webhooks"`
		}
		if err := json.Unmarshal(s.last.body, &page); err != nil {
			return err
		}
		for _, d := range page.Webhooks {
			if d.JobID == args[1] && d.State == args[0] {
				return doRequest(s, []string{http.MethodGet, "/1.0/webhooks/" + d.ID})
			}
		}
		return fmt.Errorf("no delivery of job %s is %s: %s", args[1], args[0], s.last.body)
	})
}

// doApart checks the time between the first two requests of a path.
func doApart(s *session, args []string) error {
	if err := want(args, 2, 2); err != nil {
		return err
	}
	least, err := time.ParseDuration(args[0])
	if err != nil {
		return err
	}
	all := s.receiver.notices(args[1])
	if len(all) < 2 || all[1].at.Sub(all[0].at) < least {
		return fmt.Errorf("the requests of %s came at %v", args[1], all)
	}
	return nil
}
