package httpapi

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"time"

	"compressor/internal/intake"
	"compressor/internal/job"
	"compressor/internal/problem"
	"compressor/internal/work"
)

const linkPattern = "/{unix}/{uuid}/{name}"

// Bounds of a chunk of a download, in bytes. Smaller ones would cost too many calls.
const (
	leastChunk = 16 << 10
	mostChunk  = 1 << 20
)

// sendChunk is how much of a download must go out within the stall time of the pace, so
// that a client slower than its rate is given up.
func sendChunk(p intake.Pace) int64 {
	return min(max(int64(float64(p.Rate)*p.Stall.Seconds()), leastChunk), mostChunk)
}

// isLink tells paths of results from those that only have as many segments: the first is
// a number, and the second a UUID, as we write them.
func isLink(r *http.Request) bool {
	slot, err := strconv.ParseInt(r.PathValue("unix"), 10, 64)
	return err == nil && slot >= 0 && strconv.FormatInt(slot, 10) == r.PathValue("unix") && isUUID(r.PathValue("uuid"))
}

// download is GET of a result. It asks for no key: the UUID is the secret. The other two
// segments must be right as well, so that one file has one address.
func (s *Server) download(x *exchange) error {
	j, file, err := s.to.Desk.OpenResult(x.r.Context(), x.r.PathValue("uuid"))
	if err != nil {
		return err
	}
	if file != nil {
		defer file.Close()
	}
	if strconv.FormatInt(j.Output.Slot, 10) != x.r.PathValue("unix") || j.Output.Name != x.r.PathValue("name") {
		return problem.New(problem.NotFound)
	}
	if j.Batch.Total > 0 {
		return s.downloadBatch(x, j)
	}
	a, err := work.ReadAnswer(j.Result)
	if err != nil {
		return fmt.Errorf("result of job %s: %w", j.ID, err)
	}
	x.payer = j.KeyID
	s.describeFile(x.Header(), j, a)
	w := &paced{exchange: x}
	http.ServeContent(w, x.r, "", j.Finished, file)
	if w.unsatisfiable {
		x.Header().Del("Content-Disposition") // of the file, which this answer is not
		return problem.New(problem.RangeInvalid).With(problem.Field{
			Path: "Range", Message: fmt.Sprintf("Lies outside the file, which has %d bytes.", j.Output.Size)})
	}
	return nil
}

// describeFile sets the headers of a result. A stranger made the file, so no browser may
// run anything in it: the type is that of our table, and what could hold a script is
// never shown in place.
func (s *Server) describeFile(h http.Header, j job.Job, a work.Answer) {
	media, place := j.Output.MIME, "attachment"
	if row, ok := s.to.Formats.Row(a.Output.Format); ok {
		media = row.MIME
		if row.Inline {
			place = "inline"
		}
	}
	disposition := mime.FormatMediaType(place, map[string]string{"filename": j.Output.Name})
	if disposition == "" {
		disposition = place
	}
	h.Set("Content-Type", media)
	h.Set("Content-Disposition", disposition)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cross-Origin-Resource-Policy", "same-site")
	h.Set("Cache-Control", "private, no-cache") // it may be removed before it expires
	h.Set("ETag", `"`+a.Output.SHA256+`"`)
	if sum, err := hex.DecodeString(a.Output.SHA256); err == nil { // RFC 9530, section 3
		h.Set("Repr-Digest", "sha-256=:"+base64.StdEncoding.EncodeToString(sum)+":")
	}
}

// paced gives up on a client that does not take what is sent, and keeps an answer of
// http.ServeContent back that is not JSON.
type paced struct {
	*exchange
	unsatisfiable bool
}

func (p *paced) WriteHeader(status int) {
	if status == http.StatusRequestedRangeNotSatisfiable {
		p.unsatisfiable = true
		return
	}
	p.exchange.WriteHeader(status)
}

func (p *paced) Write(text []byte) (int, error) {
	if p.unsatisfiable {
		return len(text), nil
	}
	p.extend()
	return p.exchange.Write(text)
}

// ReadFrom sends chunk by chunk, each in its own time. A chunk is a bare LimitedReader on
// the file, the one form in which the kernel may send it by itself.
func (p *paced) ReadFrom(src io.Reader) (sent int64, err error) {
	limited, ok := src.(*io.LimitedReader)
	if !ok {
		limited = &io.LimitedReader{R: src, N: 1<<63 - 1}
	}
	chunk := sendChunk(p.s.config.Pace)
	for limited.N > 0 {
		p.extend()
		n, err := p.exchange.ReadFrom(&io.LimitedReader{R: limited.R, N: min(limited.N, chunk)})
		sent += n
		limited.N -= n
		if err != nil || n == 0 {
			return sent, err
		}
	}
	return sent, nil
}

func (p *paced) extend() {
	p.ctl.SetWriteDeadline(time.Now().Add(p.s.config.Pace.Stall)) //nolint:errcheck // not every connection has deadlines
}
