package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"compressor/test/canary"
	"compressor/test/servers"
)

// TestCanary plants secrets of every kind of connector, the token that one is given, and the
// master key, and has the service use them with success and without. They are in no reply, no
// log and no file of the data folder. Those of connectors are in no environment and no command
// line either, and the master key is in none but the server's own, which it was given.
func TestCanary(t *testing.T) {
	t.Parallel()
	p := plant(t)
	connectors := p.connectors()
	p.s = storing(t, append(p.settings, "COMPRESSOR_LOG_LEVEL=debug", "COMPRESSOR_MASTER_KEY=1:"+p.master.Text)...)
	stop := p.watch()
	for _, c := range connectors {
		p.use(c)
	}
	stop()
	p.command("connectors", "list", "--json")
	p.command("masterkeys", "status", "--json")
	for _, path := range []string{"/1.0/connectors", "/1.0/jobs", "/1.0/account"} {
		p.get(path)
	}
	p.s.stop()
	p.search("the log", []byte(p.s.log.String()))
	if n := p.files(p.s.data); n < 5 || !strings.Contains(p.s.log.String(), "msg=ready") {
		t.Errorf("%d files, and a log of %d bytes, were searched", n, len(p.s.log.String()))
	}
}

// planting is a service with secrets, and the stores that it uses them on.
type planting struct {
	t        *testing.T
	s        *server
	c        *http.Client
	bucket   *bucket
	azurite  servers.Store
	settings []string
	pair     canary.Secret // one that is not
	key      canary.Secret
	sas      canary.Secret
	account  canary.Secret
	token    canary.Secret
	master   canary.Secret
	given    atomic.Bool // the token was
}

func plant(t *testing.T) *planting {
	p := &planting{
		t: t, c: newClient(), bucket: newBucket(t), azurite: servers.Azurite(t),
		pair: canary.Word("a secret access key"), key: canary.AzureKey(), sas: canary.AzureSignature(),
		account: canary.ServiceAccount(t), token: canary.Word("a token"), master: canary.MasterKey(),
	}
	google := servers.GCS(t)
	makeBucket(t, google.URL+"/storage/v1/b?project=test", `{"name":"`+bucketName+`"}`)
	makeContainer(t, p.azurite)
	tokens := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"access_token":%q,"token_type":"Bearer","expires_in":3600}`, p.token.Text)
		p.given.Store(true)
	}))
	t.Cleanup(tokens.Close)
	p.settings = []string{"COMPRESSOR_GCS_ENDPOINT=" + google.URL, "COMPRESSOR_GCS_TOKEN=" + tokens.URL,
		"COMPRESSOR_AZURE_ENDPOINT=" + strings.TrimSuffix(p.azurite.URL, "/"+p.azurite.Key)}
	return p
}

// planted is a connector with a secret, and how an upload to it ends.
type planted struct {
	body   map[string]any
	status int
}

func (p *planting) connectors() []planted {
	pair := p.bucket.connector("pair")
	pair["credentials"] = map[string]string{"access_key_id": p.bucket.store.Key, "secret_access_key": p.pair.Text}
	azure := func(name, secret string) map[string]any {
		return map[string]any{"name": name, "provider": "azure", "bucket": bucketName, "credentials": map[string]string{"account": p.azurite.Key, name: secret}}
	}
	return []planted{
		{pair, http.StatusBadGateway},
		{azure("key", p.key.Text), http.StatusBadGateway},
		{azure("sas", p.sas.Text), http.StatusBadGateway},
		{map[string]any{"name": "account", "provider": "gcs", "bucket": bucketName,
			"credentials": map[string]string{"service_account": p.account.Text}}, http.StatusOK},
	}
}

// secrets are all that must not be seen.
func (p *planting) secrets() []canary.Secret {
	return []canary.Secret{p.pair, p.key, p.sas, p.account, p.token, p.master}
}

// search looks for all secrets but those that may be there.
func (p *planting) search(what string, text []byte, but ...string) {
	for _, s := range p.secrets() {
		if form := s.In(text); form != "" && (len(but) == 0 || but[0] != s.Name) {
			p.t.Errorf("%s holds %s %s", what, s.Name, form)
		}
	}
}

// use makes a connector, looks at it, tries it where there is a bucket and where there is none,
// stores a file with it, and has it refused.
func (p *planting) use(c planted) {
	p.t.Helper()
	id := p.s.connect(p.c, c.body)
	p.get("/1.0/connectors/" + id)
	for body, status := range map[string]int{"": http.StatusOK, `{"bucket":"no-such-bucket"}`: http.StatusOK, `{"bucket":"?"}`: http.StatusUnprocessableEntity} {
		var said json.RawMessage
		p.s.post(p.c, "/1.0/connectors/"+id+"/test", body, status, &said)
		p.search("the test", said)
	}
	r, err := upload(p.c, p.s.base(), "cat.jpg", catPhoto(p.t), `{"store":{"id":"`+id+`"}}`)
	if err != nil || r.status != c.status {
		p.t.Fatalf("%s: status %d, %v", c.body["name"], r.status, err)
	}
	p.search("the reply", r.body)
	c.body["region"] = "no such region!"
	text, err := json.Marshal(c.body)
	if err != nil {
		p.t.Fatal(err)
	}
	var refusal json.RawMessage
	p.s.post(p.c, "/1.0/connectors", string(text), http.StatusUnprocessableEntity, &refusal)
	p.search("a refusal", refusal)
}

func (p *planting) get(path string) {
	p.t.Helper()
	r, err := get(p.c, p.s.base(), path)
	if err != nil || r.status != http.StatusOK {
		p.t.Fatalf("%s: status %d, %v", path, r.status, err)
	}
	p.search(path, r.body)
}

// command runs the binary beside the service.
func (p *planting) command(args ...string) {
	p.t.Helper()
	c := exec.Command(program, append(args, "--data", p.s.data)...)
	c.Env = []string{"PATH=/usr/bin:/bin", "COMPRESSOR_MASTER_KEY=1:" + p.master.Text}
	said, err := c.CombinedOutput()
	if err != nil || len(said) == 0 {
		p.t.Errorf("%v: %v\n%s", args, err, said)
	}
	p.search(strings.Join(args, " "), said)
}

// watch looks at the environment and the command line of the server and of every process
// below it, again and again, until it is told to stop.
func (p *planting) watch() (stop func()) {
	over, seen := make(chan struct{}), map[int]bool{}
	var watching sync.WaitGroup
	server := p.s.pid()
	watching.Go(func() {
		for again := time.NewTicker(50 * time.Millisecond); ; <-again.C {
			for _, pid := range append(descendants(server), server) {
				for _, name := range []string{"environ", "cmdline"} {
					text, err := os.ReadFile(procFile(pid, name))
					if err != nil {
						continue // it has ended
					}
					seen[pid] = true
					but := ""
					if pid == server && name == "environ" {
						but = p.master.Name
					}
					p.search("the "+name+" of a process", text, but)
				}
			}
			select {
			case <-over:
				again.Stop()
				return
			default:
			}
		}
	})
	return func() {
		close(over)
		watching.Wait()
		if len(seen) < 3 || !p.given.Load() {
			p.t.Errorf("%d processes were seen, and a token given: %v", len(seen), p.given.Load())
		}
	}
}

// descendants are the processes that pid has started, and those that they have.
func descendants(pid int) (all []int) {
	for _, child := range children(pid) {
		all = append(append(all, child), descendants(child)...)
	}
	return all
}

// files looks into every file at or below dir, and counts them.
func (p *planting) files(dir string) (n int) {
	p.t.Helper()
	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(name)
		p.search(e.Name(), text)
		n++
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		p.t.Error(err)
	}
	return n
}
