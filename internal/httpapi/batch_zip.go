package httpapi

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"os"
	"path"
	"strconv"
	"strings"
	"time"

	"compressor/internal/job"
	"compressor/internal/problem"
)

// leftOutName is the file that tells what is not in the archive of a batch.
const leftOutName = "errors.json"

// leftOut is an item that is not in the archive, and why.
type leftOut struct {
	Item    int          `json:"item"` // its position, from 0
	ID      string       `json:"id"`
	Status  string       `json:"status"`
	Code    problem.Code `json:"code"`
	Message string       `json:"message"`
}

// downloadBatch is GET of all results of a batch as one ZIP archive, made while it is sent:
// stored, since they are small already, in the order of the items, under names that are
// unique also where upper and lower case are the same. There is no length and no range
// before it was made once. What breaks off is cut, so that nobody takes it for whole.
func (s *Server) downloadBatch(x *exchange, whole job.Job) error {
	x.payer = whole.KeyID
	h := x.Header()
	h.Set("Content-Type", whole.Output.MIME)
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": whole.Output.Name}))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cross-Origin-Resource-Policy", "same-site")
	h.Set("Cache-Control", "private, no-cache")
	h.Set("Accept-Ranges", "none")
	w := &paced{exchange: x}
	w.extend()
	w.WriteHeader(http.StatusOK)
	if x.r.Method == http.MethodHead {
		return nil
	}
	a := archive{s: s, to: zip.NewWriter(w), names: map[string]bool{leftOutName: true}}
	err := a.write(x.r.Context(), whole)
	if err != nil {
		if x.r.Context().Err() == nil {
			s.to.Log.Warn("archive of a batch broke off", "job", whole.ID, "error", err)
		}
		panic(http.ErrAbortHandler)
	}
	return nil
}

// archive is the ZIP archive of a batch that is being written.
type archive struct {
	s       *Server
	to      *zip.Writer
	names   map[string]bool // in use, in lower case
	missing []leftOut
}

func (a *archive) write(ctx context.Context, whole job.Job) error {
	// What the items are is read first: a client that takes its time must not hold a
	// connection of the database.
	var items []job.Job
	err := a.s.to.Desk.Items(ctx, whole.ID, func(j job.Job) error {
		j.Request, j.Result = nil, nil
		items = append(items, j)
		return nil
	})
	if err != nil {
		return err
	}
	for _, j := range items {
		if err := a.item(j); err != nil {
			return err
		}
	}
	if len(a.missing) > 0 {
		text, err := encode(a.missing)
		if err != nil {
			return err
		}
		if err := a.text(leftOutName, whole.Finished, text); err != nil {
			return err
		}
	}
	return a.to.Close()
}

// item adds the result of an item, or notes why there is none.
func (a *archive) item(j job.Job) error {
	if j.State != job.Completed {
		p := reasonOf(j)
		a.leave(j, p)
		return nil
	}
	gone := problem.Newf(problem.LinkExpired, "The result was removed.")
	if !j.Available(a.s.to.Now()) {
		a.leave(j, gone)
		return nil
	}
	f, err := a.s.to.Desk.OpenItem(j)
	if errors.Is(err, fs.ErrNotExist) {
		a.leave(j, gone)
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	return a.file(f, a.name(j.Output.Name), j.Finished)
}

func (a *archive) leave(j job.Job, p *problem.Problem) {
	a.missing = append(a.missing, leftOut{Item: j.Position, ID: j.ID, Status: j.State.Word(), Code: p.Code, Message: p.Message})
}

// name makes a name unique: a.jpg, a-2.jpg, a-3.jpg.
func (a *archive) name(name string) string {
	ext := path.Ext(name)
	stem := strings.TrimSuffix(name, ext)
	for n := 2; a.names[strings.ToLower(name)]; n++ {
		name = stem + "-" + strconv.Itoa(n) + ext
	}
	a.names[strings.ToLower(name)] = true
	return name
}

// huge is from which size on a file needs the ZIP64 form, in bytes.
const huge = 1<<32 - 1

// file adds a file. It is read twice, the first time for its checksum, since readers that
// take an archive as a stream cannot know where a stored file ends unless its header says
// so. A huge one has its size behind it.
func (a *archive) file(f *os.File, name string, at time.Time) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() >= huge {
		w, err := a.to.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store, Modified: at})
		if err == nil {
			_, err = io.Copy(w, f)
		}
		return err
	}
	sum := crc32.NewIEEE()
	n, err := io.Copy(sum, f)
	if err != nil {
		return err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return a.raw(name, at, io.LimitReader(f, n), uint64(n), sum.Sum32())
}

func (a *archive) text(name string, at time.Time, text []byte) error {
	return a.raw(name, at, strings.NewReader(string(text)), uint64(len(text)), crc32.ChecksumIEEE(text))
}

// raw adds content of which size and checksum are known. Bit 11 says that the name is UTF-8
// (APPNOTE 6.3.10, appendix D).
func (a *archive) raw(name string, at time.Time, content io.Reader, size uint64, sum uint32) error {
	h := &zip.FileHeader{Name: name, Method: zip.Store, Flags: 1 << 11, CRC32: sum,
		CompressedSize64: size, UncompressedSize64: size, CreatorVersion: 20, ReaderVersion: 20}
	//lint:ignore SA1019 CreateRaw writes the fields as they are, and Modified is none of them
	h.ModifiedDate, h.ModifiedTime = dosTime(at)
	w, err := a.to.CreateRaw(h)
	if err != nil {
		return err
	}
	n, err := io.Copy(w, content)
	if err == nil && uint64(n) != size {
		err = fmt.Errorf("%d bytes of %d", n, size)
	}
	return err
}

// dosTime is a time in UTC as ZIP has it (APPNOTE 6.3.10, section 4.4.6).
func dosTime(t time.Time) (date, clock uint16) {
	t = t.UTC()
	if t.Year() < 1980 || t.Year() > 2107 {
		return 1<<5 | 1, 0
	}
	return uint16((t.Year()-1980)<<9 | int(t.Month())<<5 | t.Day()), uint16(t.Hour()<<11 | t.Minute()<<5 | t.Second()/2)
}
