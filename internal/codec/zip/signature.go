package zip

import (
	"path"
	"strings"
)

// isSignature says whether a member of this name signs the archive, whatever else is in it.
func isSignature(name string) bool {
	dir, file := path.Split(strings.ToUpper(name))
	switch {
	case strings.HasPrefix(dir, "META-INF/"):
		return isMetaSignature(dir, file)
	case dir == "_XMLSIGNATURES/", // Office documents (ECMA-376 part 2)
		strings.HasPrefix(dir, "PACKAGE/SERVICES/DIGITAL-SIGNATURE/"), // other OPC packages
		strings.HasSuffix(file, ".PSDSOR"), strings.HasSuffix(file, ".PSDSXS"):
		return true
	case strings.HasPrefix(dir, "_CODESIGNATURE/"), strings.Contains(dir, "/_CODESIGNATURE/"), // iOS and macOS
		file == "EMBEDDED.MOBILEPROVISION", file == "EMBEDDED.PROVISIONPROFILE":
		return true
	case strings.HasSuffix(dir, ".DIST-INFO/"): // wheels (PEP 427)
		return file == "RECORD.JWS" || file == "RECORD.P7S"
	}
	switch name {
	case ".signature.p7s", // NuGet
		"AppxSignature.p7x",                // MSIX, APPX
		"_metadata/verified_contents.json": // Chromium
		return true
	}
	return false
}

// isMetaSignature judges a member below META-INF, in capital letters.
func isMetaSignature(dir, file string) bool {
	switch dir {
	case "META-INF/SIGNATURES/": // ADOC
		return true
	case "META-INF/COM/ANDROID/": // updates of Android
		return file == "OTACERT"
	case "META-INF/":
	default:
		return false
	}
	has := func(part string) bool { return strings.Contains(file, part) }
	switch path.Ext(file) {
	case ".SF", ".RSA", ".DSA", ".EC": // JAR, APK, XPI
		return true
	case ".XML": // ODF, EPUB, AIR; ASiC with XAdES (ETSI EN 319 162-1)
		return has("SIGNATURES") || has("ASIC") && has("MANIFEST") || has("EVIDENCERECORD")
	case ".P7S": // ASiC with CAdES
		return has("SIGNATURE")
	case ".TST":
		return has("TIMESTAMP")
	case ".ERS":
		return has("EVIDENCERECORD")
	}
	return strings.HasPrefix(file, "SIG-") || file == "COSE.SIG" || file == "COSE.MANIFEST" // JAR; XPI
}

// signed says whether the members in no folder are those of a kind that is signed.
func (t top) signed() bool {
	return t["signature"] && t["manifest.json"] || // Apple Wallet, and others after its manner
		t["author-signature.xml"] && t.widget()
}

// widget says whether this is a W3C or Tizen application.
func (t top) widget() bool { return t["config.xml"] || t["tizen-manifest.xml"] }

// isWidgetSignature says whether a member of a widget signs it: signature1.xml and so on
// (XML Digital Signatures for Widgets, 4).
func isWidgetSignature(name string) bool {
	number, first := strings.CutPrefix(name, "signature")
	number, last := strings.CutSuffix(number, ".xml")
	return first && last && number != "" && strings.Trim(number, "0123456789") == ""
}

// signsFile says whether an archive's comment holds a signature of the file, as that of an
// update of Android does: it ends in where the signature begins, two bytes 0xff, and its size.
func signsFile(comment string) bool {
	const footer = 6
	n := len(comment)
	if n < footer || comment[n-4:n-2] != "\xff\xff" {
		return false
	}
	word := func(at int) int { return int(comment[at]) | int(comment[at+1])<<8 }
	return word(n-2) == n && word(n-footer) > footer && word(n-footer) <= n
}

// hashed says whether the members in no folder are those of a kind that holds checksums.
func (t top) hashed() bool {
	return t["oci-layout"] || // container images: members are named by checksums
		t["moodle_backup.xml"] || // Moodle courses: likewise
		t["BuildManifest.plist"] && t["Restore.plist"] || // iOS itself (IPSW)
		t["AppxBlockMap.xml"] // MSIX, APPX
}

// holdsHashes says whether a member of this name lists checksums of the others.
func holdsHashes(name string) bool {
	dir, file := path.Split(name)
	folders := strings.Count(dir, "/")
	switch {
	case folders > 1: // of something within the archive, and no kind that it is of
		return false
	case file == "RECORD": // Python wheels (PEP 427)
		return strings.HasSuffix(dir, ".dist-info/")
	case file == "bagit.txt", // BagIt (RFC 8493)
		strings.HasPrefix(file, "0=ocfl_object_"): // OCFL
		return true
	}
	switch strings.TrimSuffix(strings.ToUpper(file), ".TXT") {
	case "MD5SUMS", "SHA1SUMS", "SHA256SUMS", "SHA384SUMS", "SHA512SUMS", "B2SUMS":
		return true
	}
	return false
}

// isScratchAsset says whether a member of a Scratch project is named by its MD5, as the
// project knows it.
func isScratchAsset(name string) bool {
	const digits = 32
	return len(name) > digits && name[digits] == '.' && strings.Trim(name[:digits], "0123456789abcdef") == ""
}
