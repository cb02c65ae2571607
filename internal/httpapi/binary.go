package httpapi

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf16"

	"compressor/internal/job"
	"compressor/internal/work"
)

// resultHeader carries the JSON of a reply whose body is the result.
const resultHeader = "Compressor-Result"

// takesNoJSON says whether the client names what it takes (RFC 9110, section 12.5.1), and
// JSON is not among it. Many clients by themselves name types they prefer and then */*:
// they get JSON.
func takesNoJSON(h http.Header) bool {
	other := false
	for item := range strings.SplitSeq(strings.Join(h.Values("Accept"), ","), ",") {
		media, rest, _ := strings.Cut(item, ";")
		media = strings.ToLower(strings.TrimSpace(media))
		if media == "" || refused(rest) {
			continue
		}
		switch {
		case media == "*/*", media == "*", media == "application/*", strings.HasSuffix(media, "/json"), strings.HasSuffix(media, "+json"):
			return false
		}
		other = other || strings.Contains(media, "/")
	}
	return other
}

// refused says whether the parameters of a media range give it a weight of 0.
func refused(parameters string) bool {
	for p := range strings.SplitSeq(parameters, ";") {
		name, value, _ := strings.Cut(p, "=")
		if strings.EqualFold(strings.TrimSpace(name), "q") {
			weight, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			return err == nil && weight == 0
		}
	}
	return false
}

// sendResult answers with the result, described as its download is, and with the JSON of
// body in a header. Report and metadata have no bound that a header could bear.
func (s *Server) sendResult(x *exchange, j job.Job, body resultReply) error {
	_, file, err := s.to.Desk.OpenResult(x.r.Context(), j.Output.LinkID)
	if err != nil {
		return err
	}
	defer file.Close()
	body.Report, body.Input.Metadata, body.Output.Metadata = nil, nil, nil
	text, err := encode(body)
	if err != nil {
		return err
	}
	a, err := work.ReadAnswer(j.Result)
	if err != nil {
		return fmt.Errorf("result of job %s: %w", j.ID, err)
	}
	h := x.Header()
	s.describeFile(h, j, a)
	h.Set(resultHeader, escaped(bytes.TrimSpace(text)))
	h.Set("Content-Length", strconv.FormatInt(j.Output.Size, 10))
	w := &paced{exchange: x}
	w.extend()
	w.WriteHeader(http.StatusOK)
	// What breaks off is seen by its length, and there is nobody else to tell.
	w.ReadFrom(&io.LimitedReader{R: file, N: j.Output.Size}) //nolint:errcheck // see above
	return nil
}

// escaped is JSON text in ASCII alone, as a header can hold.
func escaped(text []byte) string {
	var b strings.Builder
	for _, r := range string(text) {
		switch {
		case r < 0x7f:
			b.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}
