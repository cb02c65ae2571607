package zip

import (
	"path"
	"slices"
	"strings"

	"compressor/internal/zipfile"
)

// Extra fields that are there to align a member's data.
const (
	fieldAPK  = 0xd935 // apksigner
	fieldUSDZ = 0x1986 // Pixar's USD
)

const (
	leastAligned = 4  // what zipalign aligns to, at least
	usdzAligned  = 64 // what USDZ demands
)

// isUSDZ says whether the archive is a USDZ package: its first file is a scene, stored, and
// at its place without any padding.
func isUSDZ(a *zipfile.Archive) bool {
	order := a.Order()
	if len(order) == 0 {
		return false
	}
	m := &a.Members[order[0]]
	switch path.Ext(strings.ToLower(m.Name)) {
	case ".usd", ".usda", ".usdc":
		return m.Method == zipfile.Stored && m.DataAt()%usdzAligned == 0
	}
	return false
}

// isAligned says whether members were aligned on purpose, to be mapped into memory: all that
// are stored begin at multiples, and padding brought them there. Where either is missing the
// archive is only stored, as by "zip -0".
func isAligned(a *zipfile.Archive) bool {
	told := func(m zipfile.Member) bool {
		return blockOf(m.Local.Extra, fieldAPK) || blockOf(m.Local.Extra, fieldUSDZ)
	}
	if slices.ContainsFunc(a.Members, told) {
		return true
	}
	padded := false
	for i := range a.Members {
		m := &a.Members[i]
		if m.Method != zipfile.Stored || m.Size == 0 {
			continue
		}
		if m.DataAt()%leastAligned != 0 {
			return false
		}
		padded = padded || isPadded(m)
	}
	return padded
}

// isPadded says whether the local extra field holds what says nothing: zero bytes, or a block
// of one byte again and again that the directory knows nothing of.
func isPadded(m *zipfile.Member) bool {
	padded := false
	rest := eachBlock(m.Local.Extra, func(kind int, body string) {
		empty := body == "" || strings.Trim(body, body[:1]) == ""
		padded = padded || empty && (kind == 0 || !blockOf(m.Extra, kind))
	})
	return padded || rest != "" && strings.Trim(rest, "\x00") == ""
}

// blockOf says whether an extra field holds a block of this kind.
func blockOf(extra string, kind int) bool {
	found := false
	eachBlock(extra, func(k int, _ string) { found = found || k == kind })
	return found
}

// eachBlock visits the blocks of an extra field (APPNOTE 4.5.1), and gives what is behind
// the last whole one.
func eachBlock(extra string, visit func(kind int, body string)) (rest string) {
	for len(extra) >= 4 {
		size := 4 + int(extra[2]) + int(extra[3])<<8
		if size > len(extra) {
			break
		}
		visit(int(extra[0])|int(extra[1])<<8, extra[4:size])
		extra = extra[size:]
	}
	return extra
}
