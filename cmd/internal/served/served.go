// Package served runs the built service for commands that measure it, over HTTP and in a
// process of its own, as its users have it.
package served

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
)

// Binary is the program that is measured, from the root of the repository.
const Binary = "bin/compressor"

// Key is the API key that the service is seeded with; it listens on loopback only.
const Key = "bench-key-0123456789"

// Service is a running service.
type Service struct {
	Base    string // its address: http://127.0.0.1:PORT
	Sandbox string // the strength of its cage, in its own words
	Data    string // its data folder

	process *exec.Cmd
}

// Start starts the service with a data folder below dir and waits until it is ready; env is
// added to its settings. It ends with the caller, however that ends: the signal follows the
// thread that starts it, so lock that first (runtime.LockOSThread).
func Start(dir string, env ...string) (*Service, error) {
	s := &Service{Data: filepath.Join(dir, "data")}
	s.process = exec.Command(Binary, "serve", "--listen", "127.0.0.1:0", "--data", s.Data)
	s.process.Env = append(append(os.Environ(), "COMPRESSOR_API_KEY="+Key, "COMPRESSOR_MIN_FREE=0"), env...)
	s.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	logs, err := s.process.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := s.process.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(logs)
	ready := regexp.MustCompile(`msg=ready address=(\S+) sandbox="([^"]+)"`)
	for lines.Scan() {
		if m := ready.FindStringSubmatch(lines.Text()); m != nil {
			s.Base, s.Sandbox = m[1], m[2]
			go io.Copy(io.Discard, logs)
			return s, nil
		}
		fmt.Fprintln(os.Stderr, lines.Text())
	}
	return nil, errors.Join(errors.New("the service did not start"), s.process.Wait())
}

// Stop ends the service and waits for its end.
func (s *Service) Stop() {
	s.process.Process.Signal(syscall.SIGTERM)
	s.process.Wait()
}

// PID is that of the service itself.
func (s *Service) PID() int { return s.process.Process.Pid }

// Form is the body of an upload of one file and its type; options is JSON, or "".
func Form(name string, file []byte, options string) (body []byte, contentType string, err error) {
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	part, err := form.CreateFormFile("file", name)
	if err != nil {
		return nil, "", err
	}
	part.Write(file)
	if options != "" {
		form.WriteField("data", options)
	}
	if err := form.Close(); err != nil {
		return nil, "", err
	}
	return b.Bytes(), form.FormDataContentType(), nil
}
