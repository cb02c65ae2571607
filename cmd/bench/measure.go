package main

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// quantile is the value below which the part p of the values lies.
func quantile(values []float64, p float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(len(sorted)-1, int(p*float64(len(sorted))))]
}

// makeJPEG draws a picture with soft shapes, edges and grain, as photos have, and encodes
// it with about size bytes, or at quality 90 if size is 0.
func makeJPEG(width, height, size int) ([]byte, error) {
	im := image.NewRGBA(image.Rect(0, 0, width, height))
	seed := uint32(1)
	for y := range height {
		for x := range width {
			fx, fy := float64(x)/float64(width), float64(y)/float64(height)
			seed = seed*1664525 + 1013904223
			grain := float64(seed>>24)/16 - 8
			v := 128 + 60*math.Sin(9*fx+4*fy*fy) + 40*math.Cos(23*fx*fy+float64(int(12*fy))) + grain
			im.SetRGBA(x, y, color.RGBA{clamp(v + 30*fx), clamp(v), clamp(v + 50*fy - 20), 255})
		}
	}
	low, high := 1, 100
	var out bytes.Buffer
	for quality := 90; ; quality = (low + high) / 2 {
		out.Reset()
		if err := jpeg.Encode(&out, im, &jpeg.Options{Quality: quality}); err != nil {
			return nil, err
		}
		if size == 0 || low >= high {
			return out.Bytes(), nil
		}
		if out.Len() >= size {
			high = quality
		} else {
			low = quality + 1
		}
	}
}

func clamp(v float64) uint8 { return uint8(min(max(v, 0), 255)) }

// watchMemory samples the service and its children until the returned function is called,
// which gives the largest resident sets in MB.
func (s service) watchMemory() func() (server, job float64) {
	stop := make(chan struct{})
	var done sync.WaitGroup
	var job float64
	done.Go(func() {
		for {
			for _, pid := range childrenOf(s.PID()) {
				job = max(job, peakOf(pid))
			}
			select {
			case <-stop:
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	})
	return func() (float64, float64) {
		close(stop)
		done.Wait()
		return peakOf(s.PID()), job
	}
}

// peakOf is VmHWM of a process in MB, 0 if it is gone.
func peakOf(pid int) float64 {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(status)) {
		if value, found := strings.CutPrefix(line, "VmHWM:"); found {
			kb, _ := strconv.ParseFloat(strings.Fields(value)[0], 64)
			return kb / 1000
		}
	}
	return 0
}

// childrenOf lists the processes whose parent is pid.
func childrenOf(pid int) []int {
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	var children []int
	for _, list := range lists {
		text, _ := os.ReadFile(list)
		for _, word := range strings.Fields(string(text)) {
			if child, err := strconv.Atoi(word); err == nil {
				children = append(children, child)
			}
		}
	}
	return children
}

// cpuModel is the processor's own name.
func cpuModel() string {
	info, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(info)) {
		if name, value, found := strings.Cut(line, ":"); found && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown processor"
}
