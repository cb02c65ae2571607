package zip_test

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"compressor/internal/report"
	"compressor/internal/zipfile/ziptest"
)

// named is an archive of such members, all of which would pack better. Those whose names
// begin with = here are stored.
func named(names ...string) []byte {
	var entries []ziptest.Entry
	for _, name := range names {
		e := fast(strings.TrimPrefix(name, "="), prose(2000))
		if name != e.Name {
			e.Method = ziptest.Stored
		}
		entries = append(entries, e)
	}
	return ziptest.Zip(entries...)
}

// What becomes of an archive of a kind, in TestSignedKinds and TestWholeKinds.
const (
	plain  = ""
	signed = "signed"
	hashed = "a list of its members' checksums"
	stored = ", whose members are stored uncompressed"
)

// TestSignedKinds: archives that are signed stay byte by byte, and the report says so.
// Neighbours that only look like them are compressed.
func TestSignedKinds(t *testing.T) {
	testKinds(t, map[string]string{
		"a.txt META-INF/signatures.xml":                                         signed,
		"mimetype a.txt META-INF/manifest.xml META-INF/signatures0.xml":         signed, // ASiC-E
		"mimetype a.txt META-INF/ASiCManifest001.xml META-INF/signature001.p7s": signed,
		"mimetype a.txt META-INF/signature.p7s":                                 signed, // ASiC-S
		"mimetype a.txt META-INF/timestamp.tst":                                 signed,
		"mimetype a.txt META-INF/evidencerecord.ers":                            signed,
		"mimetype a.txt META-INF/signatures/signatures0.xml":                    signed,
		"manifest.json signature pass.json icon.png":                            signed, // Apple Wallet
		"AppxManifest.xml AppxBlockMap.xml AppxSignature.p7x":                   signed, // MSIX
		"manifest.json META-INF/cose.sig META-INF/cose.manifest":                signed, // XPI
		"config.xml author-signature.xml a.txt":                                 signed, // widget
		"config.xml signature1.xml a.txt":                                       signed,
		"tizen-manifest.xml signature12.xml a.txt":                              signed,
		"_CodeSignature/CodeResources a.txt":                                    signed,
		"A.app/Contents/_CodeSignature/CodeDirectory a.txt":                     signed,
		"Payload/A.app/embedded.mobileprovision a.txt":                          signed,
		"_metadata/verified_contents.json manifest.json":                        signed, // Chromium
		"META-INF/com/android/otacert a.txt":                                    signed, // Android update
		"package/services/digital-signature/origin.psdsor a.txt":                signed,
		"x/y/z.psdsxs a.txt":                                                    signed,
		"a.txt pkg-1.0.dist-info/RECORD.jws pkg-1.0.dist-info/RECORD":           signed,
		"mimetype a.txt META-INF/manifest.xml":                                  plain, // OpenDocument
		"META-INF/container.xml META-INF/encryption.xml a.txt":                  plain, // EPUB
		"META-INF/signature-notes.txt a.txt":                                    plain,
		"signature a.txt":                                                       plain,
		"manifest.json a.txt":                                                   plain,
		"photos/manifest.json photos/signature":                                 plain,
		"signature1.xml a.txt":                                                  plain,
		"config.xml signature.xml signatures1.xml signature1.xml.bak":           plain,
		"A.app/Contents/Info.plist a.txt":                                       plain,
	})
}

// TestWholeKinds: likewise for those that hold checksums, or whose members must lie as they do.
func TestWholeKinds(t *testing.T) {
	testKinds(t, map[string]string{
		"AppxManifest.xml AppxBlockMap.xml a.txt":                             hashed,
		"a.txt pkg-1.0.dist-info/RECORD":                                      hashed, // wheel
		"a.txt lib/pkg-1.0.dist-info/RECORD":                                  plain,  // of an installation, not the archive's own
		"bag/bagit.txt bag/data/a.txt":                                        hashed,
		"oci-layout index.json blobs/sha256/ab":                               hashed,
		"0=ocfl_object_1.0 inventory.json":                                    hashed,
		"moodle_backup.xml files/da/da39a3ee5e6b4b0d3255bfef95601890afd80709": hashed,
		"BuildManifest.plist Restore.plist a.dmg":                             hashed,
		"project.json cd21514d0531fdffb22204e0ec5ed84a.svg":                   hashed, // Scratch
		"project.json a.svg":                                                  plain,
		"a.txt SHA256SUMS":                                                    hashed,
		"top/a.txt top/md5sums.txt":                                           hashed,
		"top/deep/a.txt top/deep/SHA256SUMS":                                  plain,
		"3D/3dmodel.model [Content_Types].xml _rels/.rels":                    plain, // 3MF
		"doc.kml files/a.png":                                                 plain,
		"001.jpg 002.jpg ComicInfo.xml":                                       plain,
		"word/document.xml [Content_Types].xml _rels/.rels":                   plain,
		"AndroidManifest.xml lib/arm64-v8a/libx.so a.txt":                     "Android package, whose members are aligned",
		"AndroidManifest.xml classes.jar R.txt jni/arm64-v8a/libx.so":         plain, // AAR
		"BundleConfig.pb base/manifest/AndroidManifest.xml":                   plain, // AAB
		"metadata.json =info-a-1.tar.zst =pkg-a-1.tar.zst":                    "Conda package" + stored,
		"datapackage.json =archive/a.warc.gz =indexes/index.cdx.gz":           "web archive (WACZ)" + stored,
		"datapackage.json data/a.csv":                                         plain,
		"=Index/Document.iwa =Data/a.jpg":                                     "iWork document" + stored,
		"Index/Document.iwa =Data/a.jpg":                                      plain, // no iWork application opens it as it is
		"metadata.json pkg-a-1.tar.zst =a.txt":                                plain,
		"Index.zip Data/a.jpg":                                                plain,
	})
}

// testKinds compresses archives of members of these names.
func testKinds(t *testing.T, kinds map[string]string) {
	t.Helper()
	for names, want := range kinds {
		data := named(strings.Fields(names)...)
		out, result := compress(t, data, high())
		got := out.Report.Why
		if out.Report.Reason == report.Signed {
			got = signed
		}
		if got != want || (want != plain) != bytes.Equal(result, data) || want != plain && want != signed && out.Report.Reason != report.NotHandled {
			t.Errorf("%s: %q (%s), %d of %d bytes, want %q", names, got, out.Report.Reason, len(result), len(data), want)
		}
	}
}

// TestWheel: the report does not call a wheel signed, alone or inside another archive.
func TestWheel(t *testing.T) {
	wheel := named("pkg/a.txt", "pkg-1.0.dist-info/RECORD")
	out, _ := compress(t, ziptest.Zip(fast("a.whl", wheel), fast("b.txt", prose(2000))), high())
	if p := out.Report.Parts[0]; p.Reason != report.NotHandled || p.Why != "a list of its members' checksums" {
		t.Errorf("%+v", p)
	}
}

// TestWholeFile: an Android update is signed as a whole, in the archive's comment.
func TestWholeFile(t *testing.T) {
	comment := append([]byte("signed by SignApk\x00"), make([]byte, 100)...)
	size := len(comment) + 6
	comment = binary.LittleEndian.AppendUint16(comment, uint16(size-18))
	comment = append(comment, 0xff, 0xff)
	comment = binary.LittleEndian.AppendUint16(comment, uint16(size))
	for text, want := range map[string]bool{string(comment): true, "signed by SignApk": false, "\xff\xff": false} {
		data := ziptest.Archive{Entries: []ziptest.Entry{fast("a.txt", prose(3000))}, Comment: text}.Bytes()
		if out, result := compress(t, data, high()); (out.Report.Reason == report.Signed) != want || bytes.Equal(result, data) != want {
			t.Errorf("%q: %s", text, out.Report.Reason)
		}
	}
}

// TestBinaryManifest: any part of an Android application, whatever else it holds.
func TestBinaryManifest(t *testing.T) {
	for head, want := range map[string]bool{"\x03\x00\x08\x00": true, "<?xm": false, "": false} {
		manifest := append([]byte(head), prose(300)...)
		data := ziptest.Zip(fast("AndroidManifest.xml", manifest), fast("assets/a.txt", prose(2000)))
		if out, _ := compress(t, data, high()); strings.HasPrefix(out.Report.Why, "Android package") != want {
			t.Errorf("%q: %s", head, out.Report.Why)
		}
	}
}

// padding says how much a local header must be longer for the data to begin at a multiple.
type padding struct {
	multiple int
	field    func(size int) string // size is at least 4
}

// aligned is an archive of stored members that are padded like that; one is deflated.
func aligned(p padding, names ...string) []byte {
	var entries []ziptest.Entry
	at := 0
	for i, name := range names {
		e := ziptest.Entry{Name: name, Data: prose(1001 + 7*i)}
		if p.multiple > 0 {
			e.Local = p.field(4 + ((-(at+30+len(name)+4))%p.multiple+p.multiple)%p.multiple)
		}
		entries = append(entries, e)
		at += 30 + len(name) + len(e.Local) + len(e.Data)
	}
	return ziptest.Zip(append(entries, fast("deflated.txt", prose(3000)))...)
}

// TestAligned: archives whose stored members begin at multiples, by padding, stay whole: they
// are mapped into memory. Those in which they do so by chance, or only stored, do not.
func TestAligned(t *testing.T) {
	block := func(kind uint16, fill string) func(int) string {
		return func(size int) string {
			head := binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint16(nil, kind), uint16(size-4))
			return string(head) + strings.Repeat(fill, size-4)
		}
	}
	zeros := func(size int) string { return strings.Repeat("\x00", size) }
	for name, test := range map[string]struct {
		data []byte
		want bool
	}{
		"USDZ":           {aligned(padding{64, block(0x1986, "\x00")}, "scene.usdc", "a.png", "b.jpg"), true},
		"PyTorch":        {aligned(padding{64, block(0x4246, "Z")}, "m/data.pkl", "m/data/0"), true},
		"zipalign":       {aligned(padding{4, zeros}, "a", "bc"), true},
		"pages":          {aligned(padding{4096, zeros}, "a", "bc"), true},
		"USDZ, unpadded": {ziptest.Zip(ziptest.Entry{Name: strings.Repeat("n", 29) + ".usda", Data: prose(3000)}), true},
		"zip -0":         {aligned(padding{}, "a", "bc", "d.usda"), false},
		"not all":        {aligned(padding{64, func(n int) string { return block(0x4246, "Z")(n + 1) }}, "a", "b"), false},
		"by chance":      {ziptest.Zip(ziptest.Entry{Name: "ab", Data: prose(3000)}), false},
		"other fields":   {ziptest.Zip(ziptest.Entry{Name: "abc", Data: prose(3000), Local: "UT\x09\x00\x03abcdefgh\x75\x78\x02\x00\x01\x00"}), false},
		"no data":        {ziptest.Zip(ziptest.Entry{Name: "abcd", Local: "\x00\x00"}, fast("b", prose(3000))), false},
	} {
		out, result := compress(t, test.data, high())
		if got := strings.Contains(out.Report.Why, "aligned"); got != test.want || bytes.Equal(result, test.data) != test.want {
			t.Errorf("%s: %s %s", name, out.Report.Reason, out.Report.Why)
		}
	}
}
