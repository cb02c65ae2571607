// Package zipfile reads and writes ZIP archives (PKWARE APPNOTE.TXT 6.3.10) exactly.
//
// It is for rewriting archives of strangers: all that a member carries beside its contents
// comes back byte for byte (names in any encoding, both headers' extra fields, times,
// attributes, comments, order), and nothing an archive says of itself is believed.
//
// Why not archive/zip: its reader sees the central directory alone, so the local headers'
// extra fields are lost; it opens overlapping members without complaint; and its writer
// decides flags and extra fields itself.
package zipfile

import (
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"compressor/internal/problem"
)

// Methods of compression that are read and written (APPNOTE 4.4.5).
const (
	Stored   uint16 = 0
	Deflated uint16 = 8
)

// Bits of the general purpose flags (APPNOTE 4.4.4).
const (
	flagEncrypted  = 1 << 0
	flagEffort     = 1<<1 | 1<<2 // how hard the deflater tried
	flagDescriptor = 1 << 3      // sizes and checksum follow the data
	flagPatch      = 1 << 5
	flagStrong     = 1 << 6
	flagUTF8       = 1 << 11
	flagMasked     = 1 << 13 // the local header's values are hidden
)

// Archive is an opened archive. Its readers may be used by one goroutine each.
type Archive struct {
	Members []Member // as the central directory lists them
	Comment string   // raw bytes
	Marker  string   // four bytes in front of the first member, or none: see takeMarker

	// NotHandled says in words why this archive must not be rewritten: what it holds
	// beside its members would be lost. Members is then empty.
	NotHandled string

	// Signed: the archive holds a signature of itself (APK signing block, or the digital
	// signature of APPNOTE 4.3.13). Members may be empty.
	Signed bool

	src   io.ReaderAt
	size  int64
	dirAt int64 // where the central directory begins
	order []int // members as they lie in the file
}

// Header is what the two headers of a member both hold. They may differ, and both are kept.
type Header struct {
	Needs uint16 // version needed to extract
	Flags uint16
	Time  uint16 // MS-DOS
	Date  uint16 // MS-DOS
	Extra string // raw, without the zip64 field, which belongs to the sizes
}

// Member is one entry.
type Member struct {
	Header          // as in the central directory
	Local    Header // as in front of the data
	Name     string // raw bytes
	Comment  string // raw bytes
	MadeBy   uint16 // host system and version
	Method   uint16
	Internal uint16 // internal attributes
	External uint32 // external attributes: Unix modes, MS-DOS bits
	CRC      uint32 // CRC-32 of the contents, as declared
	Size     int64  // bytes of the contents, as declared
	Packed   int64  // bytes they take in the file

	why    string // see Why
	at     int64  // where the local header begins
	dataAt int64
	end    int64 // where the next record begins
}

// Order lists the members' indexes as they lie in the file.
func (a *Archive) Order() []int { return append([]int(nil), a.order...) }

// Contents is how many bytes all members declare to hold.
func (a *Archive) Contents() int64 {
	var sum int64
	for i := range a.Members {
		sum += a.Members[i].Size
	}
	return sum
}

// Path is the member's name for people: UTF-8 where it is such, else read as code page
// 437 (APPNOTE appendix D).
func (m *Member) Path() string {
	if utf8.ValidString(m.Name) {
		return m.Name
	}
	text, err := charmap.CodePage437.NewDecoder().String(m.Name)
	if err != nil {
		return strings.ToValidUTF8(m.Name, "\ufffd")
	}
	return text
}

// IsDir says whether the member is a folder.
func (m *Member) IsDir() bool {
	return strings.HasSuffix(m.Name, "/") || m.unixType() == typeDir
}

// Why says in words why the member must stay exactly as it is, or is empty for one whose
// contents can be read and written anew.
func (m *Member) Why() string { return m.why }

// DataAt is where the member's data begin in the file.
func (m *Member) DataAt() int64 { return m.dataAt }

// Types of files in Unix modes.
const (
	typeMask    = 0o170000
	typePipe    = 0o010000 // with contents, Info-ZIP's mark of what came from its standard input
	typeDir     = 0o040000
	typeRegular = 0o100000
	typeSymlink = 0o120000
)

// unixType is the kind of file of a Unix mode, 0 if there is none.
func (m *Member) unixType() uint32 {
	switch m.MadeBy >> 8 { // host systems, APPNOTE 4.4.2.2
	case 3, 19: // Unix, OS X
		return m.External >> 16 & typeMask
	}
	return 0
}

// verdict finds the reason of Why in what the headers say.
func (m *Member) verdict() string {
	switch t := m.unixType(); {
	case (m.Flags|m.Local.Flags)&(flagEncrypted|flagStrong|flagMasked) != 0:
		return "encrypted"
	case t == typeSymlink:
		return "symbolic link"
	case t == typePipe && m.Size == 0, t != 0 && t != typePipe && t != typeRegular && t != typeDir:
		return "special file"
	case m.Method != Stored && m.Method != Deflated, m.Flags&flagPatch != 0:
		return "compression method not handled"
	case unsafeName(m.Name):
		return "unsafe name"
	}
	return ""
}

// unsafeName says whether a name could lead out of the folder it is unpacked into.
func unsafeName(name string) bool {
	slashed := strings.ReplaceAll(name, `\`, "/")
	if slashed == "" || slashed[0] == '/' || strings.ContainsRune(slashed, 0) {
		return true
	}
	if len(slashed) > 1 && slashed[1] == ':' {
		return true
	}
	for part := range strings.SplitSeq(slashed, "/") {
		if part == ".." {
			return true
		}
	}
	return false
}

// corrupt is the problem of a damaged archive or member.
func corrupt(what string) error {
	return problem.New(problem.FileCorrupt).Because(errors.New("zipfile: " + what))
}

// SameAttributes says whether two members carry the same beside their contents and how
// these are packed.
func (m *Member) SameAttributes(o *Member) bool {
	const packing = flagEffort | flagDescriptor
	same := func(a, b Header) bool {
		return a.Flags&^packing == b.Flags&^packing && a.Time == b.Time && a.Date == b.Date && a.Extra == b.Extra
	}
	return same(m.Header, o.Header) && same(m.Local, o.Local) && m.Name == o.Name && m.Comment == o.Comment &&
		m.MadeBy == o.MadeBy && m.Internal == o.Internal && m.External == o.External && m.why == o.why
}
