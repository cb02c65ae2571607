package zipfile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
)

// Signatures and fixed sizes of the records (APPNOTE 4.3).
const (
	sigLocal      = 0x04034b50
	sigCentral    = 0x02014b50
	sigEnd        = 0x06054b50
	sigEnd64      = 0x06064b50
	sigLocator64  = 0x07064b50
	sigDescriptor = 0x08074b50
	sigSignature  = 0x05054b50 // digital signature of the central directory

	sizeLocal     = 30
	sizeCentral   = 46
	sizeEnd       = 22
	sizeEnd64     = 56
	sizeLocator64 = 20

	// What stands in a field whose value is in the zip64 one.
	full16 = 1<<16 - 1
	full32 = 1<<32 - 1
)

// Read reads the directory and all local headers of an archive of size bytes. Contents
// are not read. Damage to the directory is file-corrupt; overlapping members and sizes
// that cannot be honest are limit-exceeded. Memory is bounded by maxHeaders.
func Read(src io.ReaderAt, size int64) (*Archive, error) {
	a := &Archive{src: src, size: size}
	e, err := a.findEnd()
	if err != nil {
		return nil, err
	}
	if err := a.checkEnd(&e); err != nil || a.NotHandled != "" {
		return a, err
	}
	if err := a.readDirectory(e); err != nil || a.NotHandled != "" {
		return a, err
	}
	if err := a.checkRatio(); err != nil {
		return nil, err
	}
	if err := a.readLocals(); err != nil {
		return nil, err
	}
	a.markDuplicates()
	if a.NotHandled != "" {
		a.Members, a.order = nil, nil
	}
	return a, nil
}

// endRecord is the end of the central directory, classic and zip64.
type endRecord struct {
	at             int64 // where these records begin, so where the directory ends
	entries        uint64
	size, offset   uint64
	disk, firstDir uint32
	zip64          bool
	trailing       bool // something follows
	comment        string
}

// findEnd looks for the end record from the back: the last one whose comment reaches the
// end of the file, else the last one at all.
func (a *Archive) findEnd() (endRecord, error) {
	tail := make([]byte, min(a.size, sizeEnd+full16))
	if _, err := a.src.ReadAt(tail, a.size-int64(len(tail))); err != nil && err != io.EOF {
		return endRecord{}, err
	}
	loose := -1
	for i := len(tail) - sizeEnd; i >= 0; i-- {
		if tail[i] != 'P' || binary.LittleEndian.Uint32(tail[i:]) != sigEnd {
			continue
		}
		end := i + sizeEnd + int(binary.LittleEndian.Uint16(tail[i+20:]))
		if end == len(tail) {
			return a.endAt(tail, i), nil
		}
		if end < len(tail) && loose < 0 {
			loose = i
		}
	}
	if loose < 0 {
		return endRecord{}, corrupt("no end of central directory")
	}
	e := a.endAt(tail, loose)
	e.trailing = true
	return e, nil
}

func (a *Archive) endAt(tail []byte, i int) endRecord {
	b := tail[i:]
	return endRecord{
		at: a.size - int64(len(tail)-i), disk: uint32(binary.LittleEndian.Uint16(b[4:])),
		firstDir: uint32(binary.LittleEndian.Uint16(b[6:])),
		entries:  uint64(binary.LittleEndian.Uint16(b[10:])), size: uint64(binary.LittleEndian.Uint32(b[12:])),
		offset: uint64(binary.LittleEndian.Uint32(b[16:])), comment: string(b[sizeEnd:min(len(b), sizeEnd+int(binary.LittleEndian.Uint16(b[20:])))]),
	}
}

// checkEnd says whether the directory is where its end record says, and nothing else is.
func (a *Archive) checkEnd(e *endRecord) error {
	if err := a.readEnd64(e); err != nil || a.NotHandled != "" {
		return err
	}
	if e.disk != 0 || e.firstDir != 0 {
		a.NotHandled = "split archive"
		return nil
	}
	if e.entries > MaxMembers {
		return exceeded("members", fmt.Sprint(e.entries), MaxMembers)
	}
	if e.size > uint64(e.at) || e.offset > uint64(e.at)-e.size {
		return corrupt("central directory outside the file")
	}
	a.dirAt, a.Comment = e.at-int64(e.size), e.comment
	var sig [4]byte
	if e.size > 0 {
		if _, err := a.src.ReadAt(sig[:], a.dirAt); err != nil {
			return err
		}
	}
	switch found := e.size == 0 || binary.LittleEndian.Uint32(sig[:]) == sigCentral; {
	case !found, e.trailing && int64(e.offset) != a.dirAt:
		return corrupt("no central directory where it should be")
	case int64(e.offset) != a.dirAt:
		a.NotHandled = "data before the archive, such as a self-extractor"
	case e.trailing:
		a.NotHandled = "data after the archive"
	case e.size > maxHeaders:
		return exceeded("members", fmt.Sprintf("a directory of %d bytes", e.size), maxHeaders)
	}
	return nil
}

// readEnd64 replaces the values of e by those of the zip64 record, if there is one.
func (a *Archive) readEnd64(e *endRecord) error {
	if e.at < sizeLocator64+sizeEnd64 {
		return nil
	}
	var loc [sizeLocator64]byte
	if _, err := a.src.ReadAt(loc[:], e.at-sizeLocator64); err != nil {
		return err
	}
	if binary.LittleEndian.Uint32(loc[:]) != sigLocator64 {
		return nil
	}
	at := e.at - sizeLocator64 - sizeEnd64
	if binary.LittleEndian.Uint64(loc[8:]) != uint64(at) {
		a.NotHandled = "data before or inside the zip64 records"
		return nil
	}
	var b [sizeEnd64]byte
	if _, err := a.src.ReadAt(b[:], at); err != nil {
		return err
	}
	if binary.LittleEndian.Uint32(b[:]) != sigEnd64 || binary.LittleEndian.Uint64(b[4:]) != sizeEnd64-12 {
		return corrupt("damaged zip64 end of central directory")
	}
	long := endRecord{
		at: at, zip64: true, comment: e.comment, trailing: e.trailing,
		disk: binary.LittleEndian.Uint32(b[16:]), firstDir: binary.LittleEndian.Uint32(b[20:]),
		entries: binary.LittleEndian.Uint64(b[32:]), size: binary.LittleEndian.Uint64(b[40:]),
		offset: binary.LittleEndian.Uint64(b[48:]),
	}
	agree := func(short, long, full uint64) bool { return short == full || short == long }
	if !agree(e.entries, long.entries, full16) || !agree(e.size, long.size, full32) || !agree(e.offset, long.offset, full32) {
		return corrupt("the two ends of the central directory differ")
	}
	*e = long
	return nil
}

// readDirectory reads the members' central headers.
func (a *Archive) readDirectory(e endRecord) error {
	dir := make([]byte, e.size)
	if _, err := a.src.ReadAt(dir, a.dirAt); err != nil && err != io.EOF {
		return err
	}
	a.Members = make([]Member, 0, min(e.entries, e.size/sizeCentral))
	for len(dir) > 0 {
		if len(dir) >= 4 && binary.LittleEndian.Uint32(dir) == sigSignature {
			a.Signed = true
			break
		}
		if len(a.Members) == MaxMembers {
			return exceeded("members", "more", MaxMembers)
		}
		m, n, err := parseCentral(dir)
		if err != nil {
			return err
		}
		if m.at > a.dirAt-sizeLocal {
			return corrupt("member outside the file")
		}
		a.Members, dir = append(a.Members, m), dir[n:]
	}
	if got := uint64(len(a.Members)); got != e.entries {
		return corrupt(fmt.Sprintf("%d members where %d are declared", got, e.entries))
	}
	return nil
}

// parseCentral reads the header at the start of b and says how many bytes it takes.
func parseCentral(b []byte) (Member, int, error) {
	le := binary.LittleEndian
	if len(b) < sizeCentral || le.Uint32(b) != sigCentral {
		return Member{}, 0, corrupt("damaged central directory")
	}
	name, extra, comment := int(le.Uint16(b[28:])), int(le.Uint16(b[30:])), int(le.Uint16(b[32:]))
	end := sizeCentral + name + extra + comment
	if len(b) < end {
		return Member{}, 0, corrupt("truncated central directory")
	}
	if name > maxName {
		return Member{}, 0, exceeded("name", fmt.Sprintf("%d bytes", name), maxName)
	}
	m := Member{
		MadeBy: le.Uint16(b[4:]), Method: le.Uint16(b[10:]), CRC: le.Uint32(b[16:]),
		Internal: le.Uint16(b[36:]), External: le.Uint32(b[38:]),
		Header: Header{Needs: le.Uint16(b[6:]), Flags: le.Uint16(b[8:]), Time: le.Uint16(b[12:]), Date: le.Uint16(b[14:])},
	}
	rest := string(b[sizeCentral:end])
	m.Name, m.Comment = rest[:name], rest[name+extra:]
	wide := []uint64{uint64(le.Uint32(b[24:])), uint64(le.Uint32(b[20:])), uint64(le.Uint32(b[42:])), uint64(le.Uint16(b[34:]))}
	full := []uint64{full32, full32, full32, full16}
	ok := false
	if m.Extra, ok = takeZip64(rest[name:name+extra], wide, full); !ok {
		return Member{}, 0, corrupt("damaged zip64 field")
	}
	for _, v := range wide[:3] {
		if v > maxContents {
			return Member{}, 0, exceeded("ratio", fmt.Sprintf("a member of %d bytes", v), int64(maxContents))
		}
	}
	if wide[3] != 0 {
		return Member{}, 0, corrupt("member on another disk")
	}
	m.Size, m.Packed, m.at = int64(wide[0]), int64(wide[1]), int64(wide[2])
	return m, end, nil
}

// takeZip64 splits the zip64 field (APPNOTE 4.5.3) off an extra field and fills in those
// values that are full. Where the field is malformed it says so; other fields need not be
// well-formed and are kept.
func takeZip64(extra string, values, full []uint64) (rest string, ok bool) {
	const id = 1
	for at := 0; at+4 <= len(extra); {
		kind, size := le16(extra[at:]), int(le16(extra[at+2:]))
		end := at + 4 + size
		if end > len(extra) {
			break
		}
		if kind != id {
			at = end
			continue
		}
		body := []byte(extra[at+4 : end])
		for i := range values {
			if values[i] != full[i] {
				continue
			}
			width := 8
			if full[i] == full16 {
				width = 4
			}
			if len(body) < width {
				return extra, false
			}
			values[i] = binary.LittleEndian.Uint64(append(bytes.Clone(body[:width]), make([]byte, 8)...))
			body = body[width:]
		}
		return extra[:at] + extra[end:], true
	}
	return extra, true
}

func le16(s string) uint16 { return uint16(s[0]) | uint16(s[1])<<8 }
