package jpegdct

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"compressor/internal/problem"
)

// Bounds on what stands before the first scan.
const (
	maxSegments      = 10_000
	maxSegmentBytes  = 64 << 20
	maxFill          = 4096 // 0xFF bytes in front of a marker
	xmpGainMapGoogle = "http://ns.adobe.com/hdr-gain-map/"
	xmpGainMapApple  = "hdrgainmap"
)

// Color says how decoders read the components.
type Color uint8

// The colour models of JPEG files.
const (
	Gray Color = iota
	YCbCr
	RGB
	CMYK // with an Adobe marker: inverted
	YCCK
	UnknownColor
)

// String is the model's usual name.
func (c Color) String() string {
	return [...]string{"gray", "YCbCr", "RGB", "CMYK", "YCCK", "unknown"}[c]
}

// HeaderComponent is one component of a frame header.
type HeaderComponent struct {
	ID   byte
	H, V int // sampling factors
}

// Header is what stands before the first scan.
type Header struct {
	Width, Height int // pixels; Height 0 means that it follows the first scan
	Precision     int // bits per sample
	Progressive   bool
	Process       string // "baseline", "extended sequential", "progressive", "lossless" …
	Components    []HeaderComponent
	Quant         []QuantTable // by component; absent tables are zero
	Quality       int          // nearest IJG quality, 1…100; 0 without tables
	IJG           bool         // the tables are exactly those of Quality
	Color         Color

	Segments       []Segment
	Orientation    int      // EXIF, 1…8; 1 when absent
	EXIF           []byte   // the TIFF structure
	XMP            []byte   // the main packet
	ExtendedXMP    []byte   // its joined extension
	IPTC           []byte   // image resource 0x0404
	ICC            []byte   // the joined profile
	Density        *Density // of the JFIF header
	AdobeTransform int      // −1 without Adobe marker
	ThumbnailBytes int      // of EXIF, JFIF and JFXX thumbnails
	MPF            bool     // an index of further pictures is present
	GainMap        bool     // this file is, or carries, an HDR gain map picture

	frame *frame
}

// Handled returns nil when Parse can read such files, else an error that wraps
// ErrNotHandled and says why.
func (h *Header) Handled() error {
	if h.frame == nil {
		return notHandled("no frame")
	}
	return h.frame.handled()
}

// ReadHeader reads the markers of a file of size bytes up to its first scan, and nothing
// more. Errors are problems: file-corrupt, or limit-exceeded for more than 64 MiB of
// metadata. A file of a kind that is not handled is no error here; see Header.Handled.
func ReadHeader(r io.ReaderAt, size int64) (*Header, error) {
	c := &cursor{r: r, size: size}
	if err := c.start(); err != nil {
		return nil, err
	}
	h := &Header{}
	var tables [4]*QuantTable
	for {
		marker, payload, err := c.next()
		if err != nil {
			return nil, err
		}
		switch {
		case marker == markerSOS:
			if h.frame == nil {
				return nil, corrupt("a scan without frame")
			}
			h.finish(&tables)
			return h, nil
		case marker == markerEOI:
			return nil, corrupt("no picture before its end")
		case marker == markerDHP:
			h.frame = &frame{marker: markerDHP}
			h.finish(&tables)
			return h, nil
		case isFrame(marker):
			if h.frame != nil {
				return nil, corrupt("a second frame")
			}
			if h.frame, err = readFrame(marker, payload); err != nil {
				return nil, err
			}
		case marker == markerDQT:
			if err := readQuantTables(payload, &tables); err != nil {
				return nil, err
			}
		case isApplication(marker):
			h.Segments = append(h.Segments, newSegment(marker, payload))
		}
	}
}

// finish fills the header's fields from frame, tables and segments.
func (h *Header) finish(tables *[4]*QuantTable) {
	f := h.frame
	h.Width, h.Height, h.Precision = f.width, f.height, f.precision
	h.Process = process(f.marker)
	h.Progressive = f.marker == markerSOF2
	for _, c := range f.components {
		h.Components = append(h.Components, HeaderComponent{ID: c.id, H: c.h, V: c.v})
		var t QuantTable
		if q := tables[c.table]; q != nil {
			t = *q
		}
		h.Quant = append(h.Quant, t)
	}
	h.readSegments()
	h.Color = colorModel(h.ids(), h.Density != nil, h.AdobeTransform)
	if len(h.Quant) > 0 && h.Quant[0][0] > 0 {
		var chroma *QuantTable
		if len(h.Quant) > 1 && h.Quant[1][0] > 0 && (h.Color == YCbCr || h.Color == YCCK) {
			chroma = &h.Quant[1]
		}
		h.Quality, h.IJG = EstimateQuality(&h.Quant[0], chroma)
	}
}

func (h *Header) ids() (ids []byte) {
	for _, c := range h.Components {
		ids = append(ids, c.ID)
	}
	return ids
}

// readSegments fills what the APPn and COM segments say. Of several EXIF or XMP segments
// the first counts.
func (h *Header) readSegments() {
	h.Orientation, h.AdobeTransform = 1, -1
	for _, s := range h.Segments {
		switch s.Kind {
		case JFIF:
			if h.Density == nil {
				d := s.density()
				h.Density = &d
			}
			h.ThumbnailBytes += s.thumbnail()
		case JFXX:
			h.ThumbnailBytes += len(s.Data) - len(idJFXX)
		case EXIF:
			if h.EXIF == nil {
				h.EXIF = s.Data[len(idEXIF):]
				facts := readEXIF(h.EXIF)
				h.Orientation = facts.orientation
				h.ThumbnailBytes += facts.thumbnailBytes
			}
		case XMP:
			if h.XMP == nil {
				h.XMP = s.Data[len(idXMP):]
			}
		case MPF:
			h.MPF = true
		case GainMap:
			h.GainMap = true
		case Adobe:
			h.AdobeTransform = int(s.Data[11])
		}
	}
	h.ExtendedXMP = joinExtendedXMP(h.Segments)
	h.ICC = joinICC(h.Segments)
	h.IPTC = findIPTC(h.Segments)
	for _, packet := range [][]byte{h.XMP, h.ExtendedXMP} {
		h.GainMap = h.GainMap || bytes.Contains(packet, []byte(xmpGainMapGoogle)) ||
			bytes.Contains(bytes.ToLower(packet), []byte(xmpGainMapApple))
	}
}

// density reads a JFIF header of at least 12 bytes.
func (s Segment) density() Density {
	d := s.Data
	return Density{Unit: d[7], X: uint16(d[8])<<8 | uint16(d[9]), Y: uint16(d[10])<<8 | uint16(d[11])}
}

// thumbnail is the size of a JFIF header's own thumbnail, in bytes.
func (s Segment) thumbnail() int {
	if len(s.Data) < 14 {
		return 0
	}
	return min(3*int(s.Data[12])*int(s.Data[13]), len(s.Data)-14)
}

// colorModel follows the rules every decoder took over from the IJG library: JFIF means
// YCbCr, else an Adobe marker says it, else the component names R, G, B mean RGB.
func colorModel(ids []byte, jfif bool, adobe int) Color {
	switch len(ids) {
	case 1:
		return Gray
	case 3:
		if !jfif && (adobe == 0 || adobe < 0 && string(ids) == "RGB") {
			return RGB
		}
		return YCbCr
	case 4:
		if adobe == 2 {
			return YCCK
		}
		return CMYK
	}
	return UnknownColor
}

// ColorSegments returns the fewest JFIF or Adobe segments with which decoders read the
// file's colours as they do now. They go in front of whatever else is kept. A JFIF header
// is kept with its density when withDensity is set.
func (f *File) ColorSegments(withDensity bool) []Segment {
	ids, h := f.colorHeader()
	var out []Segment
	color := colorModel(ids, h.Density != nil, h.AdobeTransform)
	jfif := withDensity && h.Density != nil
	if jfif {
		out = append(out, JFIFSegment(*h.Density))
	}
	switch {
	case color == CMYK || color == YCCK: // its presence also means inverted inks
		if h.AdobeTransform >= 0 {
			out = append(out, AdobeSegment(byte(h.AdobeTransform)))
		}
	case colorModel(ids, jfif, -1) == color:
	case color == RGB:
		out = append(out, AdobeSegment(0))
	default:
		out = append(out, AdobeSegment(1))
	}
	return out
}

// ColorModel is what decoders take the components for.
func (f *File) ColorModel() Color {
	ids, h := f.colorHeader()
	return colorModel(ids, h.Density != nil, h.AdobeTransform)
}

// colorHeader gives what the colour model depends on.
func (f *File) colorHeader() (ids []byte, h Header) {
	for i := range f.Components {
		ids = append(ids, f.Components[i].ID)
	}
	h.Segments = f.Segments
	h.readSegments()
	return ids, h
}

// cursor walks marker segments.
type cursor struct {
	r         io.ReaderAt
	pos, size int64
	segments  int
	bytes     int64
}

// start checks SOI and steps behind it.
func (c *cursor) start() error {
	b, err := c.read(2)
	if err != nil {
		return err
	}
	if b[0] != 0xFF || b[1] != markerSOI {
		return corrupt("no start of a JPEG file")
	}
	return nil
}

// next reads one marker and its payload, which it allocates. It skips what stands alone
// and means nothing.
func (c *cursor) next() (marker byte, payload []byte, err error) {
	for {
		marker, err := c.marker()
		if err != nil || marker == markerEOI {
			return marker, nil, err
		}
		if marker == markerTEM {
			continue
		}
		if standsAlone(marker) || marker < markerSOF0 {
			return 0, nil, corrupt("a marker where none may be")
		}
		b, err := c.read(2)
		if err != nil {
			return 0, nil, err
		}
		length := int64(b[0])<<8 | int64(b[1])
		if length < 2 {
			return 0, nil, corrupt("a bad segment length")
		}
		c.segments++
		c.bytes += length
		if c.segments > maxSegments || c.bytes > maxSegmentBytes {
			return 0, nil, problem.Over("image.segments", fmt.Sprintf("%d with %d bytes", c.segments, c.bytes), fmt.Sprintf("%d with %d bytes", maxSegments, maxSegmentBytes))
		}
		payload, err = c.read(length - 2)
		return marker, payload, err
	}
}

// marker reads 0xFF, fill bytes and the marker code.
func (c *cursor) marker() (byte, error) {
	b, err := c.read(2)
	if err != nil {
		return 0, err
	}
	if b[0] != 0xFF || b[1] == 0 {
		return 0, corrupt("something else where a marker must be")
	}
	for fill := 0; b[1] == 0xFF; fill++ {
		one, err := c.read(1)
		if err != nil {
			return 0, err
		}
		if fill > maxFill {
			return 0, corrupt("endless fill bytes")
		}
		b[1] = one[0]
	}
	if b[1] == 0 {
		return 0, corrupt("something else where a marker must be")
	}
	return b[1], nil
}

// read returns the next n bytes.
func (c *cursor) read(n int64) ([]byte, error) {
	if n > c.size-c.pos {
		return nil, corrupt("it ends early")
	}
	b := make([]byte, n)
	if got, err := c.r.ReadAt(b, c.pos); got < len(b) {
		if errors.Is(err, io.EOF) {
			return nil, corrupt("it ends early")
		}
		return nil, fmt.Errorf("reading a JPEG header: %w", err)
	}
	c.pos += n
	return b, nil
}
