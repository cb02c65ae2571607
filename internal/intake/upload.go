package intake

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"strings"

	"compressor/internal/blob"
	"compressor/internal/problem"
)

// The parts an upload is made of.
const (
	partFile = "file"
	partData = "data"
)

const (
	maxPartHeader = 64 << 10 // bytes before the content of a part begins
	maxBoundary   = 70       // characters (RFC 2046, section 5.1.1)
)

// Form is a multipart/form-data body (RFC 7578) that is read once, part by part, and
// never held in memory.
type Form struct {
	parts *multipart.Reader
	gate  *gate
}

// NewForm reads body as the form that contentType, the header's value, describes. The
// error is media-type-unsupported or multipart-broken.
func NewForm(body io.Reader, contentType string) (*Form, error) {
	media, parameters, err := mime.ParseMediaType(contentType)
	if media != "multipart/form-data" {
		return nil, problem.Newf(problem.MediaTypeUnsupported, "This endpoint takes multipart/form-data.").Because(err)
	}
	boundary := parameters["boundary"]
	if err != nil || boundary == "" || len(boundary) > maxBoundary {
		return nil, problem.Newf(problem.MultipartBroken, "The Content-Type of the form names no valid boundary.").Because(err)
	}
	g := &gate{body: bufio.NewReaderSize(body, copyBuffer), tail: "\r\n"} // the parser alone would ask for 4 KiB at a time
	return &Form{parts: multipart.NewReader(g, boundary), gate: g}, nil
}

// gate bounds what the parser of part headers may read ahead, which by itself would take
// 10 MiB a part, and any amount in front of the first one. And it never ends with io.EOF,
// because the parser takes an end right after a delimiter for the end of the form: it adds
// the line break that some clients leave out at the very end, and then fails.
type gate struct {
	body io.Reader
	open bool
	left int64  // bytes that may still be read while it is not open
	tail string // still to be added after the end of body
}

var errLongHeader = errors.New("intake: part header is too long")

func (g *gate) Read(p []byte) (int, error) {
	if !g.open {
		if g.left <= 0 {
			return 0, errLongHeader
		}
		p = p[:min(int64(len(p)), g.left)]
	}
	n, err := g.body.Read(p)
	if err == io.EOF {
		err = nil
		if n == 0 {
			n = copy(p, g.tail)
			if g.tail = g.tail[n:]; n == 0 {
				err = io.ErrUnexpectedEOF
			}
		}
	}
	g.left -= int64(n)
	return n, err
}

// next returns the next part's form name and the part, or io.EOF after the last one.
func (f *Form) next() (string, *multipart.Part, error) {
	f.gate.open, f.gate.left = false, maxPartHeader
	part, err := f.parts.NextRawPart() // raw: NextPart would decode quoted-printable on the quiet
	f.gate.open = true
	if err == io.EOF {
		return "", nil, io.EOF
	}
	if err != nil {
		return "", nil, broken(err)
	}
	switch strings.ToLower(part.Header.Get("Content-Transfer-Encoding")) {
	case "", "binary", "8bit", "7bit":
	default:
		return "", nil, problem.Newf(problem.MultipartBroken, "Parts must be sent as they are, without a Content-Transfer-Encoding.")
	}
	name := part.FormName()
	if name == "" {
		return "", nil, problem.Newf(problem.MultipartBroken, "A part of the form has no name.")
	}
	return name, part, nil
}

// finish reads what little may follow the last part, so that the connection's end can be
// seen while the answer is being made. Nothing in it matters, failure neither.
func (f *Form) finish() { io.CopyN(io.Discard, f.gate.body, maxPartHeader) }

// broken turns an error of reading the body into a problem, unless it is one already, as
// those of Guarded are.
func broken(err error) error {
	var known *problem.Problem
	if errors.As(err, &known) {
		return known
	}
	return problem.New(problem.MultipartBroken).Because(err)
}

// Upload reads the form to its end and stages its parts: file, exactly one, streamed to
// scratch, and optionally data, before or after it. The client's content types are ignored.
//
// Errors: options-invalid names the wrong parts; file-empty; file-too-large (on field data
// when that is what is too large); multipart-broken; any problem the body's reader fails
// with. An error of scratch, and the cause of an ended ctx, come back as they are. Nothing
// stays in scratch after an error.
func Upload(ctx context.Context, form *Form, limits Limits, scratch *blob.Scratch) (Staged, error) {
	u := &upload{limits: limits.complete(), form: form, scratch: scratch}
	defer u.discard()
	for {
		name, part, err := u.form.next()
		if err == io.EOF {
			return u.finish()
		}
		if err == nil {
			err = u.take(ctx, name, part)
		}
		if err != nil {
			return Staged{}, err
		}
	}
}

// upload is the state of one Upload.
type upload struct {
	limits  Limits
	form    *Form
	scratch *blob.Scratch

	count   int          // parts seen
	file    *blob.Writer // nil until the part file was seen
	name    string
	data    []byte // not nil once the part data was seen
	skipped int64  // bytes of refused parts
	wrong   []problem.Field
}

// take reads one part. An error ends the upload; a wrong part that is small is noted in
// u.wrong instead, so that the client learns of all of them at once.
func (u *upload) take(ctx context.Context, name string, part *multipart.Part) error {
	if u.count++; u.count > u.limits.Parts {
		return problem.Newf(problem.MultipartBroken, "The form has more than %d parts.", u.limits.Parts)
	}
	switch {
	case name == partFile && u.file == nil:
		return u.takeFile(ctx, part)
	case name == partData && u.data == nil:
		return u.takeData(ctx, part)
	case name == partFile:
		return u.refuse(ctx, part, problem.Field{Path: partFile, Message: "Exactly one file is taken in a request."})
	case name == partData:
		return u.refuse(ctx, part, problem.Field{Path: partData, Message: "The part data may be given once."})
	}
	return u.refuse(ctx, part, problem.Field{Path: shown(name), Message: unknownPart(name)})
}

func (u *upload) takeFile(ctx context.Context, part *multipart.Part) error {
	w, err := u.scratch.Create()
	if err != nil {
		return err
	}
	u.file, u.name = w, CleanName(part.FileName())
	n, err := copyAtMost(ctx, w, part, u.limits.File, broken)
	switch {
	case err == errTooLarge:
		return problem.Newf(problem.FileTooLarge, "The file is larger than the %d bytes allowed here.", u.limits.File)
	case err == nil && n == 0:
		return problem.New(problem.FileEmpty)
	}
	return err
}

func (u *upload) takeData(ctx context.Context, part *multipart.Part) error {
	var buffer bytes.Buffer
	_, err := copyAtMost(ctx, &buffer, part, u.limits.Data, broken)
	if err == errTooLarge {
		message := fmt.Sprintf("The part data is larger than %d bytes.", u.limits.Data)
		return problem.Newf(problem.FileTooLarge, "%s", message).With(problem.Field{Path: partData, Message: message})
	}
	u.data = append([]byte{}, buffer.Bytes()...)
	return err
}

// refuse notes a wrong part and reads over it, unless that would take too long: then what
// is wrong so far is the answer.
func (u *upload) refuse(ctx context.Context, part io.Reader, field problem.Field) error {
	u.wrong = append(u.wrong, field)
	n, err := copyAtMost(ctx, io.Discard, part, u.limits.Data-u.skipped, broken)
	u.skipped += n
	if err == errTooLarge {
		return problem.Invalid(u.wrong...)
	}
	return err
}

// finish is called at the end of the form.
func (u *upload) finish() (Staged, error) {
	if u.file == nil {
		u.wrong = append(u.wrong, problem.Field{Path: partFile, Message: "A part named file is required."})
	}
	if len(u.wrong) > 0 {
		return Staged{}, problem.Invalid(u.wrong...)
	}
	b, err := u.file.Commit()
	if err != nil {
		return Staged{}, err
	}
	u.form.finish()
	return Staged{Blob: b, Name: u.name, Data: u.data}, nil
}

func (u *upload) discard() {
	if u.file != nil {
		u.file.Discard()
	}
}

// unknownPart says which parts there are, and which was probably meant.
func unknownPart(name string) string {
	const known = "Unknown part. A form has the parts file and data."
	for _, part := range []string{partFile, partData} {
		if distance(strings.ToLower(name), part) <= 2 {
			return known + " Did you mean " + part + "?"
		}
	}
	return known
}

// shown makes a part's own name fit to be shown back.
func shown(name string) string {
	const most = 64 // bytes
	name = withoutUnsafe(name)
	return cut(name, min(len(name), most))
}

// distance is the Levenshtein distance of a and b in bytes; b is short. A far longer a is
// not compared.
func distance(a, b string) int {
	if len(a) > len(b)+2 {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
