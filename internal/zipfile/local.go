package zipfile

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
)

// readLocals reads the local headers in file order, and makes sure that members and
// directory fill the file without overlap or gap.
func (a *Archive) readLocals() error {
	a.order = make([]int, len(a.Members))
	for i := range a.order {
		a.order[i] = i
	}
	slices.SortStableFunc(a.order, func(i, j int) int { return cmp.Compare(a.Members[i].at, a.Members[j].at) })
	if err := a.takeMarker(); err != nil {
		return err
	}
	extras := 0
	for n, i := range a.order {
		m := &a.Members[i]
		m.end = a.dirAt
		if n+1 < len(a.order) {
			m.end = a.Members[a.order[n+1]].at
		}
		if m.end-m.at < sizeLocal+int64(len(m.Name))+m.Packed && n+1 < len(a.order) {
			return overlap()
		}
		if err := a.readLocal(m); err != nil {
			return err
		}
		if extras += len(m.Local.Extra); extras > maxHeaders {
			return exceeded("members", "local extra fields of more bytes", maxHeaders)
		}
		if m.why == "" {
			m.why = m.verdict()
		}
		if m.why == damagedHeader {
			continue
		}
		last := n+1 == len(a.order)
		if m.dataAt+m.Packed > m.end {
			if !last {
				return overlap()
			}
			m.why = damagedHeader
			continue
		}
		if err := a.checkGap(m, last); err != nil {
			return err
		}
	}
	return nil
}

// takeMarker looks at what is in front of the first record. Four bytes are allowed there in an
// archive that could have been split and is in one piece: "PK00", or the signature that split
// ones begin with (APPNOTE 8.5.3 and 8.5.4).
func (a *Archive) takeMarker() error {
	first := a.dirAt
	if len(a.order) > 0 {
		first = a.Members[a.order[0]].at
	}
	if first == 0 {
		return nil
	}
	var b [4]byte
	if _, err := a.src.ReadAt(b[:], 0); err != nil && err != io.EOF {
		return err
	}
	if marker := string(b[:]); first == int64(len(b)) && (marker == "PK00" || marker == "PK\x07\x08") {
		a.Marker = marker
		return nil
	}
	a.NotHandled = "data before the first member"
	return nil
}

// Reasons that the look at a local header gives.
const (
	damagedHeader = "damaged header"
	twoHeaders    = "its two headers differ"
)

// readLocal reads one local header and compares it with the central one.
func (a *Archive) readLocal(m *Member) error {
	le := binary.LittleEndian
	var b [sizeLocal]byte
	if _, err := a.src.ReadAt(b[:], m.at); err != nil && err != io.EOF {
		return err
	}
	name, extra := int(le.Uint16(b[26:])), int(le.Uint16(b[28:]))
	m.dataAt = m.at + sizeLocal + int64(name) + int64(extra)
	if le.Uint32(b[:]) != sigLocal || m.dataAt > m.end {
		m.why = damagedHeader
		return nil
	}
	rest := make([]byte, name+extra)
	if _, err := a.src.ReadAt(rest, m.at+sizeLocal); err != nil && err != io.EOF {
		return err
	}
	m.Local = Header{Needs: le.Uint16(b[4:]), Flags: le.Uint16(b[6:]), Time: le.Uint16(b[10:]), Date: le.Uint16(b[12:])}
	wide := []uint64{uint64(le.Uint32(b[22:])), uint64(le.Uint32(b[18:]))}
	ok := false
	if m.Local.Extra, ok = takeZip64(string(rest[name:]), wide, []uint64{full32, full32}); !ok {
		m.why = damagedHeader
		return nil
	}
	const telling = flagEncrypted | flagPatch | flagStrong | flagUTF8 | flagMasked
	agree := string(rest[:name]) == m.Name && le.Uint16(b[8:]) == m.Method &&
		(m.Flags^m.Local.Flags)&telling == 0
	if m.Local.Flags&flagDescriptor == 0 {
		agree = agree && le.Uint32(b[14:]) == m.CRC && wide[0] == uint64(m.Size) && wide[1] == uint64(m.Packed)
	}
	if !agree {
		m.why = twoHeaders
	}
	return nil
}

// checkGap looks at what lies between a member's data and the next record: a data
// descriptor, or nothing.
func (a *Archive) checkGap(m *Member, last bool) error {
	from := m.dataAt + m.Packed
	gap := m.end - from
	if gap == 0 {
		return nil
	}
	if gap <= 24 {
		b := make([]byte, gap)
		if _, err := a.src.ReadAt(b, from); err != nil && err != io.EOF {
			return err
		}
		if m.isDescriptor(b) {
			return nil
		}
	}
	if last {
		signed, err := a.signingBlock()
		if err != nil || signed {
			a.Signed = signed
			return err
		}
	}
	if a.NotHandled == "" {
		a.NotHandled = "data between the members"
	}
	return nil
}

// isDescriptor compares b with the descriptor that the member should have: with or
// without a signature, with sizes of 4 or 8 bytes (APPNOTE 4.3.9).
func (m *Member) isDescriptor(b []byte) bool {
	if (m.Flags|m.Local.Flags)&flagDescriptor == 0 {
		return false
	}
	le := binary.LittleEndian
	head := le.AppendUint32(nil, m.CRC)
	short := le.AppendUint32(le.AppendUint32(slices.Clone(head), uint32(m.Packed)), uint32(m.Size))
	long := le.AppendUint64(le.AppendUint64(slices.Clone(head), uint64(m.Packed)), uint64(m.Size))
	if len(b) >= 16 && le.Uint32(b) == sigDescriptor && (len(b) == 16 || len(b) == 24) {
		b = b[4:]
	}
	return bytes.Equal(b, short) || bytes.Equal(b, long)
}

// signingBlock says whether an APK signing block (v2 and later) lies in front of the
// central directory: it ends in a magic text.
func (a *Archive) signingBlock() (bool, error) {
	const magic = "APK Sig Block 42"
	if a.dirAt < int64(len(magic)) {
		return false, nil
	}
	b := make([]byte, len(magic))
	_, err := a.src.ReadAt(b, a.dirAt-int64(len(b)))
	return string(b) == magic, err
}

// markDuplicates finds names that were there before. Which of two members of one name
// is meant, readers decide differently.
func (a *Archive) markDuplicates() {
	seen := make(map[string]bool, len(a.Members))
	for i := range a.Members {
		m := &a.Members[i]
		if seen[m.Name] && m.why == "" {
			m.why = "duplicate name"
		}
		seen[m.Name] = true
	}
}

// String names the member in messages of tests and logs.
func (m *Member) String() string { return fmt.Sprintf("%q at %d", m.Name, m.at) }
