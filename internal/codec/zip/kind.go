package zip

import (
	"io"
	"path"
	"strings"

	"compressor/internal/zipfile"
)

// kind is what the headers of an archive's members tell of it.
type kind struct {
	signed bool   // its members, or all of it, are signed
	whole  string // why it must stay whole, though it is not signed; empty for one that may change
}

// hashed is why an archive stays whole that says what is in it. Even packing it anew would
// make some of these lists untrue: that of MSIX counts the bytes that each block is packed in.
const hashed = "a list of its members' checksums"

// kindOf looks at names, headers and, of an Android package, the start of the manifest.
func kindOf(a *zipfile.Archive) kind {
	top := topOf(a)
	k := kind{signed: a.Signed || top.signed() || signsFile(a.Comment)}
	if top.hashed() {
		k.whole = hashed
	}
	android := top["AndroidManifest.xml"] && (top["resources.arsc"] || top["classes.dex"] || top["resources.pb"])
	for i := range a.Members {
		m := &a.Members[i]
		switch name := m.Name; {
		case isSignature(name), isWidgetSignature(name) && top.widget():
			k.signed = true
		case holdsHashes(name), top["project.json"] && isScratchAsset(name):
			k.whole = hashed
		case m.Method == zipfile.Stored && top.mustStore(name) != "":
			k.whole = top.mustStore(name) + ", whose members are stored uncompressed"
		}
		android = android || isAndroid(a, m, top)
	}
	switch {
	case android:
		k.whole = "Android package, whose members are aligned"
	case k.whole == "" && isUSDZ(a):
		k.whole = "USDZ, whose members are stored uncompressed and aligned"
	case k.whole == "" && isAligned(a):
		k.whole = "aligned members"
	}
	return k
}

// top is the members in no folder, by name.
type top map[string]bool

func topOf(a *zipfile.Archive) top {
	t := top{}
	for i := range a.Members {
		if name := a.Members[i].Name; !strings.Contains(name, "/") {
			t[name] = true
		}
	}
	return t
}

// mustStore names the kind of file by whose rules this member must be stored, or is empty.
func (t top) mustStore(name string) string {
	dir, file := path.Split(name)
	switch {
	case t["metadata.json"] && dir == "" && strings.HasPrefix(file, "pkg-") && strings.HasSuffix(file, ".tar.zst"):
		return "Conda package"
	case t["datapackage.json"] && dir == "archive/" && (strings.HasSuffix(file, ".warc.gz") || strings.HasSuffix(file, ".warc")):
		return "web archive (WACZ)" // read by ranges
	case name == "Index/Document.iwa": // Apple's reader knows no other method
		return "iWork document"
	}
	return ""
}

// isAndroid says whether m is what only the packages of Android's installer hold: libraries
// that are loaded where they lie, or a manifest in the binary form. In sources and in
// libraries (AAR) the manifest is text.
func isAndroid(a *zipfile.Archive, m *zipfile.Member, t top) bool {
	if t["AndroidManifest.xml"] && strings.HasPrefix(m.Name, "lib/") && strings.HasSuffix(m.Name, ".so") {
		return true
	}
	if m.Name != "AndroidManifest.xml" || m.Why() != "" {
		return false
	}
	contents := a.Reader()
	contents.Open(m)
	var head [4]byte
	_, err := io.ReadFull(contents, head[:])
	return err == nil && string(head[:]) == "\x03\x00\x08\x00" // RES_XML_TYPE, and the header's size
}
