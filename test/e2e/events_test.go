package e2e

import (
	"bufio"
	"errors"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var percent = regexp.MustCompile(`"percent":([0-9.]+)`)

// doRising checks that the percentages in a stream of events, of which there is one at
// least, never fall.
func doRising(s *session, args []string) error {
	if err := want(args, 1, 1); err != nil {
		return err
	}
	text, err := os.ReadFile(s.ts.MkAbs(args[0]))
	if err != nil {
		return err
	}
	return checkRising(string(text))
}

func checkRising(text string) error {
	found, last := percent.FindAllStringSubmatch(text, -1), 0.0
	for _, m := range found {
		p, err := strconv.ParseFloat(m[1], 64)
		if err != nil || p < last || p > 100 {
			return fmt.Errorf("after %g %% came %s: %v", last, m[1], err)
		}
		last = p
	}
	if last == 0 {
		return errors.New("nobody was told of any progress")
	}
	return nil
}

// TestProgressNeverFalls kills the process of a job that is well under way, follows its
// second attempt, and then the third, which a new server makes on the same data.
func TestProgressNeverFalls(t *testing.T) {
	t.Parallel()
	s := start(t, oneAtATime...)
	c := newClient()
	picture := photo(1800, 1200, 14)
	var id string
	var told strings.Builder
	for killed := false; !killed; { // a job may end while its process is looked for
		told.Reset()
		id = s.mustUpload(c, "photo.jpg", picture, `{"async":true}`, http.StatusAccepted).ID
		s.follow(t, c, id, &told, func(p float64) bool { return p >= 30 })
		killed = s.killJob(func() bool {
			r, err := get(c, s.base(), "/1.0/jobs/"+id)
			return err != nil || strings.Contains(string(r.body), `"completed"`)
		})
	}
	s.follow(t, c, id, &told, func(float64) bool { return strings.Contains(s.log.String(), "trying again") })
	s.kill()
	s.launch()
	s.waitReady()
	s.follow(t, c, id, &told, func(float64) bool { return false })
	if text := told.String(); checkRising(text) != nil || strings.Count(text, "event: done") > 1 || !strings.Contains(text, "\nid: completed\n") {
		t.Errorf("%v:\n%s", checkRising(text), text)
	}
}

// follow reads the events of a job, from the last one told, until it ends or enough says so
// of a percentage.
func (s *server) follow(t *testing.T, c *http.Client, id string, told *strings.Builder, enough func(percent float64) bool) {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, s.base()+"/1.0/jobs/"+id+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth(key, "")
	if at := strings.LastIndex(told.String(), "\nid: "); at >= 0 {
		last, _, _ := strings.Cut(told.String()[at+5:], "\n")
		r.Header.Set("Last-Event-ID", last)
	}
	got, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	for lines := bufio.NewScanner(got.Body); lines.Scan(); {
		told.WriteString(lines.Text() + "\n")
		if m := percent.FindStringSubmatch(lines.Text()); m != nil {
			if p, err := strconv.ParseFloat(m[1], 64); err != nil || enough(p) {
				return
			}
		}
	}
}
