package svg_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"image"
	"image/png"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"

	"compressor/internal/codec/codectest"
	"compressor/internal/codec/svg"
)

func TestCodec(t *testing.T) {
	codectest.Run(t, codectest.Suite{Format: svg.ID, Samples: samples(t), Decode: newResvg(t).decode, Rounds: true})
}

func TestCodecZipped(t *testing.T) {
	codectest.Run(t, codectest.Suite{Format: svg.IDZ, Samples: zippedSamples(t), Decode: newResvg(t).decode, Rounds: true})
}

func FuzzInspect(f *testing.F) {
	codectest.FuzzInspect(f, codectest.Suite{Format: svg.ID, Samples: samples(f)})
}

func FuzzInspectZipped(f *testing.F) {
	codectest.FuzzInspect(f, codectest.Suite{Format: svg.IDZ, Samples: zippedSamples(f)})
}

// resvg draws by a process that is kept: starting one for each picture would take longer
// than all the drawing.
type resvg struct {
	lock   sync.Mutex
	in     io.WriteCloser
	out    io.Reader
	broken error
}

func newResvg(t *testing.T) *resvg {
	t.Helper()
	cmd := exec.Command("node", "testdata/render.mjs")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("%v (make setup installs what is missing)", err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	})
	return &resvg{in: in, out: out}
}

// decode draws a document, deflated or not, at its own size.
func (r *resvg) decode(from io.Reader) (image.Image, error) {
	data, err := io.ReadAll(from)
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(data, []byte("\x1f\x8b")) {
		z, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			return nil, err
		}
		if data, err = io.ReadAll(z); err != nil {
			return nil, err
		}
	}
	r.lock.Lock()
	defer r.lock.Unlock()
	if r.broken != nil {
		return nil, r.broken
	}
	drawn, err := r.ask(data)
	if err != nil {
		r.broken = err
		return nil, err
	}
	if len(drawn) == 0 {
		return nil, errors.New("resvg refuses the document")
	}
	return png.Decode(bytes.NewReader(drawn))
}

func (r *resvg) ask(document []byte) ([]byte, error) {
	if _, err := r.in.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(document))), document...)); err != nil {
		return nil, err
	}
	var length [4]byte
	if _, err := io.ReadFull(r.out, length[:]); err != nil {
		return nil, err
	}
	drawn := make([]byte, binary.BigEndian.Uint32(length[:]))
	_, err := io.ReadFull(r.out, drawn)
	return drawn, err
}
