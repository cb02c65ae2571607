// Package servers starts object stores on this machine, for tests: programs of others, each
// speaking the protocol of a provider. scripts/servers.sh installs them. It imports nothing of
// the service.
package servers

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Store is a running object store. It stops when the test ends.
type Store struct {
	URL    string // base URL
	Dir    string // where it keeps its buckets, as folders of files; "" if in memory
	Key    string // the name of its credentials
	Secret string
}

// Versity starts versitygw, which speaks S3, over an empty folder. The ownership that a bucket is
// made with decides whether the bucket may have an ACL; without one it enforces its owner. ACLs
// of objects are taken and forgotten whatever it is. region is what requests are signed for.
func Versity(t testing.TB, region string) Store {
	t.Helper()
	s := Store{URL: "http://" + free(t), Dir: t.TempDir(), Key: "versity-test-key", Secret: "versity-test-secret"}
	start(t, s.URL, "bin/servers/versitygw", "--access", s.Key, "--secret", s.Secret, "--quiet", "--keep-alive",
		"--region", region, "--port", s.URL[len("http://"):], "posix", "--default-etag", "unknown", s.Dir)
	return s
}

// GCS starts fake-gcs-server, which speaks the JSON API of Google's Cloud Storage, with its
// objects in memory. It looks at no credentials.
func GCS(t testing.TB) Store {
	t.Helper()
	address := free(t)
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	s := Store{URL: "http://" + address}
	start(t, s.URL+"/_internal/healthcheck", "bin/servers/fake-gcs-server", "-backend", "memory", "-scheme", "http",
		"-host", host, "-port", port, "-public-host", address, "-external-url", s.URL, "-log-level", "error")
	return s
}

// Azurite starts Azurite, which speaks the API of Azure's blobs, with its objects in memory.
// The account and its key are the ones that Azurite documents.
func Azurite(t testing.TB) Store {
	t.Helper()
	address := free(t)
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	s := Store{URL: "http://" + address + "/devstoreaccount1", Key: "devstoreaccount1",
		Secret: "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="}
	start(t, s.URL, "test/servers/azurite/node_modules/.bin/azurite-blob", "--blobHost", host, "--blobPort", port,
		"--inMemoryPersistence", "--silent", "--disableTelemetry")
	return s
}

// free is an address that nobody listens at. Another process could take it before the server
// does; the test would then fail, and say so.
func free(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// start runs a program of the repository, waits until it answers at url, and ends it with the
// test.
func start(t testing.TB, url, program string, args ...string) {
	t.Helper()
	path := filepath.Join(root(t), filepath.FromSlash(program))
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%s is missing: run scripts/servers.sh", program)
	}
	var said bytes.Buffer
	c := exec.CommandContext(context.Background(), path, args...)
	c.Dir, c.Stdout, c.Stderr = t.TempDir(), &said, &said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	t.Cleanup(func() {
		c.Process.Kill()
		<-ended
	})
	deadline := time.Now().Add(time.Minute)
	for {
		reply, err := http.Get(url) //nolint:gosec // of this machine
		if err == nil {
			reply.Body.Close()
			return
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("%s ended: %v\n%s", program, err, said.Bytes())
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not answer: %v", program, err)
		}
	}
}

// root is the folder of the repository, above the test's own.
func root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "scripts", "setup.sh")); err == nil {
			return dir
		}
		if filepath.Dir(dir) == dir {
			t.Fatal(fmt.Errorf("no repository above the test"))
		}
		dir = filepath.Dir(dir)
	}
}
