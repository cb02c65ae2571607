package zip

import (
	"path"
	"strings"

	"compressor/internal/zipfile"
)

// kind is what the names of an archive's members tell of it.
type kind struct {
	signed  bool   // a member signs the others
	hashed  bool   // a member holds hashes of the others: they may be packed anew, not changed
	aligned string // why the archive must stay whole, though it is not signed
}

// kindOf looks at the names.
func kindOf(a *zipfile.Archive) kind {
	k := kind{signed: a.Signed}
	manifest, code := false, false
	for i := range a.Members {
		m := &a.Members[i]
		name := m.Name
		k.signed = k.signed || isSignature(name)
		k.hashed = k.hashed || holdsHashes(name)
		manifest = manifest || name == "AndroidManifest.xml"
		code = code || name == "resources.arsc" || name == "classes.dex" || name == "resources.pb"
		if hasField(m.Local.Extra, alignment) {
			k.aligned = "aligned members"
		}
	}
	if manifest && code {
		k.aligned = "Android package, whose members are aligned"
	}
	return k
}

// isSignature says whether a member of this name signs the archive.
func isSignature(name string) bool {
	dir, file := path.Split(name)
	switch upper := strings.ToUpper(dir); {
	case upper == "META-INF/": // JAR, APK, XPI; ODF and EPUB
		switch base := strings.ToUpper(file); path.Ext(base) {
		case ".SF", ".RSA", ".DSA", ".EC":
			return true
		default:
			return strings.HasPrefix(base, "SIG-") || base == "SIGNATURES.XML" ||
				base == "DOCUMENTSIGNATURES.XML" || base == "MACROSIGNATURES.XML"
		}
	case upper == "_XMLSIGNATURES/", // Office documents (ECMA-376 part 2)
		strings.HasPrefix(upper, "PACKAGE/SERVICES/DIGITAL-SIGNATURE/"): // other OPC packages
		return true
	case strings.HasSuffix(upper, "/_CODESIGNATURE/"): // iOS and macOS applications
		return true
	}
	return name == ".signature.p7s" // NuGet
}

// holdsHashes says whether a member of this name lists checksums of the others.
func holdsHashes(name string) bool {
	dir, file := path.Split(name)
	switch {
	case file == "RECORD": // Python wheels (PEP 427)
		return strings.HasSuffix(dir, ".dist-info/") && strings.Count(dir, "/") == 1
	case file == "bagit.txt": // BagIt (RFC 8493)
		return strings.Count(dir, "/") <= 1
	}
	return false
}

// alignment is the extra field that apksigner writes to align a member's data.
const alignment = 0xd935

// hasField says whether an extra field holds a block of this kind (APPNOTE 4.5.1).
func hasField(extra string, kind int) bool {
	for len(extra) >= 4 {
		if int(extra[0])|int(extra[1])<<8 == kind {
			return true
		}
		size := 4 + int(extra[2]) + int(extra[3])<<8
		if size > len(extra) {
			return false
		}
		extra = extra[size:]
	}
	return false
}
