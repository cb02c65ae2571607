package e2e

import (
	"bytes"
	"compress/zlib"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

func sha(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// picture is a made-up photo: waves, an edge and some grain, the same for the same seed.
func picture(width, height int, seed uint64) *image.NRGBA {
	r := rand.New(rand.NewPCG(seed, 1))
	fx, fy, phase := 3+5*r.Float64(), 3+5*r.Float64(), 6*r.Float64()
	im := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			u, v := float64(x)/float64(width), float64(y)/float64(height)
			light := 120 + 60*math.Sin(fx*u+phase)*math.Cos(fy*v) + 8*r.NormFloat64()
			if u+v > 1 {
				light += 30
			}
			im.SetNRGBA(x, y, color.NRGBA{clamp(light), clamp(light * (0.6 + 0.4*v)), clamp(255 - light*u), 255})
		}
	}
	return im
}

func clamp(v float64) uint8 { return uint8(max(0, min(255, v))) }

// photo is picture as a JPEG of high quality, as cameras write them.
func photo(width, height int, seed uint64) []byte {
	var out bytes.Buffer
	if err := jpeg.Encode(&out, picture(width, height, seed), &jpeg.Options{Quality: 93}); err != nil {
		panic(err) // a buffer takes everything
	}
	return out.Bytes()
}

// graphic is picture as a PNG.
func graphic(width, height int, seed uint64) []byte {
	var out bytes.Buffer
	if err := png.Encode(&out, picture(width, height, seed)); err != nil {
		panic(err) // a buffer takes everything
	}
	return out.Bytes()
}

// bomb is a PNG with one bit a pixel, all black: 112 MB of nothing for each 100 kB when it
// is 30000 pixels wide and high (PNG specification, sections 5 and 11.2).
func bomb(width, height int) []byte {
	var pixels bytes.Buffer
	z := zlib.NewWriter(&pixels)
	row := make([]byte, 1+(width+7)/8)
	for range height {
		z.Write(row) //nolint:errcheck // a buffer takes everything
	}
	z.Close() //nolint:errcheck // likewise
	head := binary.BigEndian.AppendUint32(nil, uint32(width))
	head = binary.BigEndian.AppendUint32(head, uint32(height))
	head = append(head, 1, 0, 0, 0, 0)
	out := []byte("\x89PNG\r\n\x1a\n")
	out = chunk(out, "IHDR", head)
	out = chunk(out, "IDAT", pixels.Bytes())
	return chunk(out, "IEND", nil)
}

func chunk(out []byte, kind string, data []byte) []byte {
	out = binary.BigEndian.AppendUint32(out, uint32(len(data)))
	body := append([]byte(kind), data...)
	out = append(out, body...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(body))
}

// padded is a JPEG made exactly size bytes long by comments after its first marker
// (ITU-T T.81, B.2.4.5).
func padded(data []byte, size int) ([]byte, error) {
	const most, least = 65_533 + 4, 4
	missing := size - len(data)
	out := append([]byte{}, data[:2]...)
	for missing > 0 {
		n := min(missing, most)
		if rest := missing - n; rest > 0 && rest < least {
			n -= least
		}
		if n < least {
			return nil, fmt.Errorf("cannot pad by %d bytes", missing)
		}
		out = append(out, 0xff, 0xfe)
		out = binary.BigEndian.AppendUint16(out, uint16(n-2))
		out = append(out, make([]byte, n-4)...)
		missing -= n
	}
	return append(out, data[2:]...), nil
}

// sample reads a picture of the repository.
func sample(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "testdata", "image", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestPaddedIsStillTheSamePicture(t *testing.T) {
	small := photo(32, 32, 1)
	for _, size := range []int{len(small) + 4, len(small) + 65_537, len(small) + 65_539, 1 << 20} {
		big, err := padded(small, size)
		if err != nil || len(big) != size {
			t.Fatalf("%d bytes instead of %d: %v", len(big), size, err)
		}
		if _, err := jpeg.Decode(bytes.NewReader(big)); err != nil {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}

func TestBombIsAPicture(t *testing.T) {
	im, err := png.Decode(bytes.NewReader(bomb(300, 200)))
	if err != nil || im.Bounds().Dx() != 300 || im.Bounds().Dy() != 200 {
		t.Fatalf("%v, %v", im, err)
	}
}
