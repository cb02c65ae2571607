package zip_test

import (
	"bytes"
	"image"
	"image/jpeg"
	"image/png"
	"testing"

	"compressor/internal/codec/codectest"
	"compressor/internal/zipfile/ziptest"
)

func jpegOf(t testing.TB, im image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, im, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pngOf(t testing.TB, im image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, im); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func prose(n int) []byte {
	var b bytes.Buffer
	for i := 0; b.Len() < n; i++ {
		b.WriteString("The members of an archive are of every kind. ")
		b.WriteByte('a' + byte(i*i%26))
	}
	return b.Bytes()[:n]
}

// fast is a member deflated with little effort.
func fast(name string, data []byte) ziptest.Entry {
	e := ziptest.File(name, data)
	e.Effort = 1
	return e
}

func samples(t testing.TB) []codectest.Sample {
	graphic := pngOf(t, codectest.Flat(48, 40))
	photo := jpegOf(t, codectest.Picture(64, 48))
	inner := ziptest.Zip(fast("deep.png", graphic), fast("deep.txt", prose(900)))
	return []codectest.Sample{
		{Name: "small", Data: ziptest.Zip(fast("a.txt", prose(700)), fast("dot.png", pngOf(t, codectest.Flat(6, 5))))},
		{Name: "nested", Data: ziptest.Zip(fast("photo.jpg", photo), fast("inner.zip",
			ziptest.Zip(fast("deeper.zip", inner), fast("photo.jpg", photo))), fast("same.zip", inner))},
		{Name: "odd", Data: odd(photo, graphic)},
		{Name: "epub", Data: ziptest.Zip(
			ziptest.Entry{Name: "mimetype", Data: []byte("application/epub+zip")},
			fast("META-INF/container.xml", prose(500)), fast("OEBPS/cover.png", graphic))},
		{Name: "jar-in-jar", Data: ziptest.Zip(fast("META-INF/MANIFEST.MF", prose(300)),
			ziptest.Entry{Name: "BOOT-INF/lib/x.jar", Data: ziptest.Zip(ziptest.Entry{Name: "A.class", Data: prose(2000)})})},
		{Name: "wheel", Untouched: "a list of its members' checksums", Data: ziptest.Zip(fast("pkg/icon.png", graphic), fast("pkg-1.0.dist-info/RECORD", prose(300)))},
		{Name: "android", Untouched: "Android package, whose members are aligned", Data: ziptest.Zip(
			fast("AndroidManifest.xml", prose(300)), ziptest.Entry{Name: "resources.arsc", Data: prose(100)})},
		{Name: "self-extractor", Untouched: "data between the members", Data: ziptest.Archive{
			Entries: []ziptest.Entry{fast("a.txt", prose(300))}, Gap: []byte("a stub")}.Bytes()},
		{Name: "empty", Data: ziptest.Archive{Comment: "nothing here"}.Bytes()},
	}
}

// odd holds a member of every kind that must not be touched, and of every way to be packed.
func odd(photo, graphic []byte) []byte {
	wrong := uint32(1)
	damaged := fast("damaged.jpg", photo)
	damaged.CRC = &wrong
	truncated := fast("truncated.jpg", photo[:len(photo)/2])
	locked := fast("locked.png", graphic)
	locked.Flags, locked.Descriptor = 1, 16
	described := fast("described.txt", prose(3000))
	described.Descriptor, described.Comment = 16, "a comment"
	described.Local, described.Extra = "UT\x09\x00\x03abcdefgh", "UT\x05\x00\x03abcd"
	wide := fast("wide.txt", prose(2000))
	wide.Zip64, wide.Descriptor = true, 24
	return ziptest.Archive{Comment: "of the archive", Entries: []ziptest.Entry{
		fast("photo.jpg", photo), fast("copy/photo.jpg", photo), damaged, truncated, locked, described, wide,
		{Name: "copy/", Mode: 0o040755, Method: ziptest.Deflated},
		{Name: "link", Data: []byte("photo.jpg"), Mode: 0o120777},
		fast("../up.png", graphic), fast("photo.jpg", graphic), fast("caf\x82.png", graphic),
		{Name: "run.sh", Data: prose(100), Mode: 0o100755}, {Name: "none.txt", Method: ziptest.Deflated},
		{Name: "lzma.txt", Data: prose(50), Method: 14},
	}}.Bytes()
}
