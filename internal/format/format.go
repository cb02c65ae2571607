// Package format knows what files are: names, families, media types and magic bytes.
//
// The rows themselves live with their codecs; a Table is put together from them.
package format

import (
	"bytes"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"compressor/internal/problem"
)

// ID is a format's short name, as in replies: "jpeg", "docx", "mp4".
type ID string

// Family groups formats that share options and a quality metric. It is the "type" of
// replies and the name of the options' hash: "image", "video", "audio" …
type Family string

// Row describes one format. Its codec's package holds it; nothing else repeats it.
type Row struct {
	ID       ID
	Family   Family
	Label    string // as people write it: "JPEG"
	MIME     string
	Ext      []string // without dot, preferred first
	Magic    []Magic  // any match suffices
	Within   ID       // the holder's format, such as "zip" for "docx"
	Members  []string // members that a holder must have to be this; the longer list wins
	Lossy    bool     // can be written with loss
	Alpha    bool     // can hold transparency
	Animates bool     // can hold more than one frame
	Inline   bool     // browsers may show it in place: no script can run in it
	Web      bool     // every current browser shows it
	Effort   int64    // processor time that compressing a pixel takes, about, as a multiple of JPEG's
	Vector   bool     // drawn from shapes: nothing made of pixels becomes it, and it loses what makes it one otherwise
	Base     bool     // other kinds of files are built on it, and go by extensions that nobody can list

	foreign []string // extensions of the other formats of its Table
}

// Magic is a byte pattern at an offset. Where Mask is given, zero bytes of it match
// anything. Where Root is given, the file is an XML text with a root element of that name,
// whatever its prefix; Zipped says that the text lies in a gzip stream. That is looked at
// first, since it says more than any pattern.
type Magic struct {
	Offset int
	Bytes  string
	Mask   string
	Root   string
	Zipped bool
}

// matches says whether head, the first bytes of a file, carries m.
func (m Magic) matches(head []byte) bool {
	if m.Root != "" {
		return false // by Table.root
	}
	end := m.Offset + len(m.Bytes)
	if len(head) < end {
		return false
	}
	part := head[m.Offset:end]
	if m.Mask == "" {
		return bytes.Equal(part, []byte(m.Bytes))
	}
	for i := range part {
		if part[i]&m.Mask[i] != m.Bytes[i]&m.Mask[i] {
			return false
		}
	}
	return true
}

// collides says whether some file could match both patterns.
func (m Magic) collides(o Magic) bool {
	if m.Root != "" || o.Root != "" {
		return m.Root == o.Root && m.Zipped == o.Zipped
	}
	overlap := false
	for i := range m.Bytes {
		j := m.Offset + i - o.Offset
		if j < 0 || j >= len(o.Bytes) {
			continue
		}
		mask := m.maskAt(i) & o.maskAt(j)
		if mask != 0 {
			overlap = true
		}
		if m.Bytes[i]&mask != o.Bytes[j]&mask {
			return false
		}
	}
	return overlap
}

func (m Magic) maskAt(i int) byte {
	if m.Mask == "" {
		return 0xff
	}
	return m.Mask[i]
}

// Table is all rows of a build. It is immutable.
type Table struct{ rows []Row }

// NewTable refuses rows whose ids repeat or whose magic could match the same bytes, so
// that the order of registration never decides what a file is.
func NewTable(rows ...Row) (*Table, error) {
	for i, a := range rows {
		for _, b := range rows[i+1:] {
			if a.ID == b.ID {
				return nil, fmt.Errorf("format %q is listed twice", a.ID)
			}
			for _, m := range a.Magic {
				if slices.ContainsFunc(b.Magic, m.collides) {
					return nil, fmt.Errorf("formats %q and %q could match the same bytes", a.ID, b.ID)
				}
			}
		}
	}
	t := &Table{rows: slices.Clone(rows)}
	for i := range t.rows {
		for _, other := range rows {
			if other.ID != t.rows[i].ID {
				t.rows[i].foreign = append(t.rows[i].foreign, other.Ext...)
			}
		}
	}
	return t, nil
}

// HeadSize is how many bytes of a file Detect looks at.
const HeadSize = 1 << 16

// Detect names the format of src, whose size is given in bytes. Contents decide; name
// only settles formats that have no magic. An empty file is file-empty, an unknown kind
// format-unsupported with the list of what is handled.
func (t *Table) Detect(src io.ReaderAt, size int64, name string) (Row, error) {
	if size == 0 {
		return Row{}, problem.New(problem.FileEmpty)
	}
	head := make([]byte, min(size, HeadSize))
	n, err := src.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return Row{}, err
	}
	head = head[:n]
	if r, ok := t.root(head); ok {
		return r, nil
	}
	for _, r := range t.rows {
		if slices.ContainsFunc(r.Magic, func(m Magic) bool { return m.matches(head) }) {
			return r, nil
		}
	}
	ext := strings.ToLower(strings.TrimPrefix(path.Ext(name), "."))
	for _, r := range t.rows {
		if len(r.Magic) == 0 && r.Within == "" && slices.Contains(r.Ext, ext) {
			return r, nil
		}
	}
	return Row{}, problem.Newf(problem.FormatUnsupported,
		"This kind of file is not handled. Handled are: %s.", t.labels())
}

// Row gives the row of id.
func (t *Table) Row(id ID) (Row, bool) {
	for _, r := range t.rows {
		if r.ID == id {
			return r, true
		}
	}
	return Row{}, false
}

// Rows lists all rows, in the order of registration.
func (t *Table) Rows() []Row { return slices.Clone(t.rows) }

func (t *Table) labels() string {
	var names []string
	for _, r := range t.rows {
		names = append(names, r.Label)
	}
	return strings.Join(names, ", ")
}

// Name gives the file name of a result in this format: the stem of name, and its
// extension where that is a valid one for the format, else the format's usual one.
func (r Row) Name(name string) string {
	ext := path.Ext(name)
	stem := strings.TrimSuffix(name, ext)
	if lower := strings.ToLower(strings.TrimPrefix(ext, ".")); slices.Contains(r.Ext, lower) || stem != "" && r.mayBear(lower) {
		return name
	}
	if stem == "" {
		stem = "file"
	}
	if len(r.Ext) == 0 {
		return stem
	}
	return stem + "." + r.Ext[0]
}

// maxExt is how long an extension may be: "msixbundle" has ten letters.
const maxExt = 12

// mayBear says whether ext, in small letters, may be that of a kind of file that is built on
// this format: it is short, looks like one, and belongs to no other format. A number, such
// as what follows the dot in "report-1.2", is none.
func (r Row) mayBear(ext string) bool {
	letter := func(c rune) bool { return 'a' <= c && c <= 'z' }
	other := func(c rune) bool { return !letter(c) && (c < '0' || c > '9') }
	return r.Base && len(ext) <= maxExt && strings.ContainsFunc(ext, letter) && !strings.ContainsFunc(ext, other) &&
		!slices.Contains(r.foreign, ext)
}
