package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// apiKey is the key that the bench seeds; the service listens on loopback only.
const apiKey = "bench-key-0123456789"

// service is a running bin/compressor.
type service struct {
	process *exec.Cmd
	base    string
	sandbox string
}

// startService starts the binary with a data folder below dir and waits until it is ready.
func startService(binary, dir string) (*service, error) {
	cmd := exec.Command(binary, "serve", "--listen", "127.0.0.1:0", "--data", filepath.Join(dir, "data"))
	cmd.Env = append(os.Environ(), "COMPRESSOR_API_KEY="+apiKey, "COMPRESSOR_MIN_FREE=0", "COMPRESSOR_JOB_WALL=10m")
	// The service ends with the bench, however that ends. The signal follows the thread that
	// starts it, which main has locked.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	logs, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &service{process: cmd}
	lines := bufio.NewScanner(logs)
	ready := regexp.MustCompile(`msg=ready address=(\S+) sandbox="([^"]+)"`)
	for lines.Scan() {
		if m := ready.FindStringSubmatch(lines.Text()); m != nil {
			s.base, s.sandbox = m[1], m[2]
			go io.Copy(io.Discard, logs)
			return s, nil
		}
		fmt.Fprintln(os.Stderr, lines.Text())
	}
	return nil, errors.Join(errors.New("the service did not start"), cmd.Wait())
}

func (s *service) stop() {
	s.process.Process.Signal(syscall.SIGTERM)
	s.process.Wait()
}

// reply is what the bench reads of an answer.
type reply struct {
	engineMillis float64
	output       int64 // bytes
}

// upload sends one file and waits for its result.
func (s *service) upload(name string, data []byte) (reply, error) {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", name)
	if err != nil {
		return reply{}, err
	}
	part.Write(data)
	form.Close()
	req, err := http.NewRequest(http.MethodPost, s.base+"/1.0/upload", &body)
	if err != nil {
		return reply{}, err
	}
	req.Header.Set("Content-Type", form.FormDataContentType())
	req.SetBasicAuth(apiKey, "")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return reply{}, err
	}
	if res.StatusCode != http.StatusOK {
		return reply{}, fmt.Errorf("status %d: %s", res.StatusCode, text)
	}
	var answer struct{ Output struct{ Size int64 } }
	if err := json.Unmarshal(text, &answer); err != nil {
		return reply{}, err
	}
	_, dur, _ := strings.Cut(res.Header.Get("Server-Timing"), "dur=")
	engine, err := strconv.ParseFloat(dur, 64)
	return reply{engineMillis: engine, output: answer.Output.Size}, err
}

// hammer has clients send each requests, one after another, and gives the time for all.
func (s *service) hammer(clients, each int, data []byte) (time.Duration, error) {
	start := time.Now()
	var wait sync.WaitGroup
	failed := make([]error, clients)
	for c := range clients {
		wait.Go(func() {
			for range each {
				if _, err := s.upload("bench.jpg", data); err != nil {
					failed[c] = err
					return
				}
			}
		})
	}
	wait.Wait()
	return time.Since(start), errors.Join(failed...)
}

// commandLine times the verb compress on n copies of a file: the same search on the same
// bytes, without a service around it.
func commandLine(binary, dir string, data []byte, n int) (time.Duration, error) {
	in := filepath.Join(dir, "in")
	if err := os.MkdirAll(in, 0o700); err != nil {
		return 0, err
	}
	for i := range n {
		if err := os.WriteFile(filepath.Join(in, fmt.Sprintf("%03d.jpg", i)), data, 0o600); err != nil {
			return 0, err
		}
	}
	cmd := exec.Command(binary, "compress", in, "-o", filepath.Join(dir, "out"))
	var said bytes.Buffer
	cmd.Stderr = &said
	start := time.Now()
	err := cmd.Run()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, said.String())
	}
	return time.Since(start), err
}
