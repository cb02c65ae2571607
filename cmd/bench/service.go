package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"compressor/cmd/internal/served"
)

// service is the running service.
type service struct{ *served.Service }

// reply is what the bench reads of an answer.
type reply struct {
	engineMillis float64
	output       int64 // bytes
}

// upload sends one file and waits for its result.
func (s service) upload(name string, data []byte) (reply, error) {
	body, contentType, err := served.Form(name, data, "")
	if err != nil {
		return reply{}, err
	}
	req, err := http.NewRequest(http.MethodPost, s.Base+"/1.0/upload", bytes.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	req.Header.Set("Content-Type", contentType)
	req.SetBasicAuth(served.Key, "")
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
func (s service) hammer(clients, each int, data []byte) (time.Duration, error) {
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
func commandLine(dir string, data []byte, n int) (time.Duration, error) {
	in := filepath.Join(dir, "in")
	if err := os.MkdirAll(in, 0o700); err != nil {
		return 0, err
	}
	for i := range n {
		if err := os.WriteFile(filepath.Join(in, fmt.Sprintf("%03d.jpg", i)), data, 0o600); err != nil {
			return 0, err
		}
	}
	cmd := exec.Command(served.Binary, "compress", in, "-o", filepath.Join(dir, "out"))
	var said bytes.Buffer
	cmd.Stderr = &said
	start := time.Now()
	err := cmd.Run()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, said.String())
	}
	return time.Since(start), err
}
