// Command bench measures the service against itself: what a request costs beside the
// engine's work, how much of the machine the service turns into results compared with
// the command line, and what memory a large picture takes. It starts bin/compressor on
// loopback, and every figure is printed from this one run.
package main

import (
	"fmt"
	"os"
	"runtime"
	"time"

	"compressor/cmd/internal/served"
)

func main() {
	runtime.LockOSThread() // see served.Start
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() error {
	dir, err := os.MkdirTemp("", "compressor-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	small, err := makeJPEG(640, 480, 100_000)
	if err != nil {
		return err
	}
	started, err := served.Start(dir, "COMPRESSOR_JOB_WALL=10m")
	if err != nil {
		return err
	}
	defer started.Stop()
	s := service{started}
	fmt.Printf("%s, %d cores, %s\n%s\n\n", time.Now().UTC().Format(time.DateOnly), runtime.NumCPU(), cpuModel(), s.Sandbox)
	if err := overhead(s, small); err != nil {
		return err
	}
	if err := throughput(s, small, dir); err != nil {
		return err
	}
	return memory(s)
}

// overhead: one client, one request after another, a spare job process always ready.
func overhead(s service, jpeg []byte) error {
	const warm, counted = 5, 60
	var total, engine []float64
	for i := range warm + counted {
		start := time.Now()
		r, err := s.upload("bench.jpg", jpeg)
		if err != nil {
			return err
		}
		if i >= warm {
			total = append(total, millis(time.Since(start)))
			engine = append(engine, r.engineMillis)
		}
		time.Sleep(50 * time.Millisecond) // lets the next spare start, so that one is waiting
	}
	fmt.Printf("overhead of the service, %d requests of a %d byte JPEG, one client:\n", counted, len(jpeg))
	fmt.Printf("  request, median          %7.1f ms   (p95 %.1f)\n", quantile(total, 0.5), quantile(total, 0.95))
	fmt.Printf("  engine, median           %7.1f ms   (p95 %.1f)\n", quantile(engine, 0.5), quantile(engine, 0.95))
	fmt.Printf("  overhead                 %7.1f ms   (at most 15 wanted)\n\n", quantile(total, 0.5)-quantile(engine, 0.5))
	return nil
}

// throughput: four clients against the command line on copies of the same file.
func throughput(s service, jpeg []byte, dir string) error {
	const clients, each = 4, 20
	if _, err := s.hammer(clients, 2, jpeg); err != nil { // warm
		return err
	}
	took, err := s.hammer(clients, each, jpeg)
	if err != nil {
		return err
	}
	cli, err := commandLine(dir, jpeg, clients*each)
	if err != nil {
		return err
	}
	service, alone := float64(clients*each)/took.Seconds(), float64(clients*each)/cli.Seconds()
	fmt.Printf("throughput, %d files of the same JPEG:\n", clients*each)
	fmt.Printf("  service, %d clients       %7.1f requests/s\n", clients, service)
	fmt.Printf("  command line             %7.1f files/s\n", alone)
	fmt.Printf("  ratio                    %7.2f      (at least 0.85 wanted)\n\n", service/alone)
	return nil
}

// memory: the largest resident sets while a 24 megapixel JPEG is compressed.
func memory(s service) error {
	jpeg, err := makeJPEG(6000, 4000, 0)
	if err != nil {
		return err
	}
	watch := s.watchMemory()
	start := time.Now()
	r, err := s.upload("large.jpg", jpeg)
	if err != nil {
		return err
	}
	server, job := watch()
	fmt.Printf("memory, one JPEG of 6000 by 4000 (%.1f MB to %.1f MB, %.1f s):\n", float64(len(jpeg))/1e6, float64(r.output)/1e6, time.Since(start).Seconds())
	fmt.Printf("  server, peak resident    %7.1f MB\n", server)
	fmt.Printf("  job process, peak        %7.1f MB\n", job)
	return nil
}
