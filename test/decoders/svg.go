package decoders

import (
	"bytes"
	_ "embed" // for the script
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"os"
	"os/exec"
	"sync"
)

//go:embed render.mjs
var render string

// Resvg draws SVG by resvg, in a process that is kept: starting one for each picture would
// take longer than all the drawing. Several goroutines may use it.
type Resvg struct {
	cmd    *exec.Cmd
	lock   sync.Mutex
	in     io.WriteCloser
	out    io.Reader
	broken error
}

// StartResvg starts the process.
func StartResvg() (*Resvg, error) {
	cmd := exec.Command("node", "--input-type=module", "-e", render)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%w (make setup installs what is missing)", err)
	}
	return &Resvg{cmd: cmd, in: in, out: out}, nil
}

// Close ends the process.
func (r *Resvg) Close() error {
	r.in.Close()
	return r.cmd.Wait()
}

// Decode draws a document, deflated or not, at its own size.
func (r *Resvg) Decode(from io.Reader) (image.Image, error) {
	data, err := io.ReadAll(from)
	if err != nil {
		return nil, err
	}
	if data, err = unzipped(data); err != nil {
		return nil, err
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

func (r *Resvg) ask(document []byte) ([]byte, error) {
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
