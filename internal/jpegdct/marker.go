package jpegdct

// Marker codes (T.81 table B.1); each follows a 0xFF byte.
const (
	markerSOF0 = 0xC0 // baseline
	markerSOF1 = 0xC1 // extended sequential
	markerSOF2 = 0xC2 // progressive
	markerDHT  = 0xC4
	markerJPG  = 0xC8
	markerDAC  = 0xCC
	markerSOFF = 0xCF
	markerRST0 = 0xD0
	markerRST7 = 0xD7
	markerSOI  = 0xD8
	markerEOI  = 0xD9
	markerSOS  = 0xDA
	markerDQT  = 0xDB
	markerDNL  = 0xDC
	markerDRI  = 0xDD
	markerDHP  = 0xDE
	markerEXP  = 0xDF
	markerAPP0 = 0xE0
	markerCOM  = 0xFE
	markerTEM  = 0x01
)

// frameComponent is one line of a frame header.
type frameComponent struct {
	id    byte
	h, v  int
	table byte // quantization table destination
}

// frame is a frame header (T.81 B.2.2).
type frame struct {
	marker        byte
	precision     int
	width, height int
	components    []frameComponent
}

// isFrame says whether a marker starts a frame header of any process.
func isFrame(marker byte) bool {
	return marker >= markerSOF0 && marker <= markerSOFF &&
		marker != markerDHT && marker != markerJPG && marker != markerDAC
}

// isApplication says whether a marker is APPn or COM.
func isApplication(marker byte) bool {
	return marker == markerCOM || marker >= markerAPP0 && marker <= markerAPP0+15
}

// standsAlone says whether a marker has no length and no payload.
func standsAlone(marker byte) bool {
	return marker == markerTEM || marker >= markerRST0 && marker <= markerEOI
}

// process names what a frame marker announces.
func process(marker byte) string {
	switch marker {
	case markerSOF0:
		return "baseline"
	case markerSOF1:
		return "extended sequential"
	case markerSOF2:
		return "progressive"
	case 0xC3, 0xCB:
		return "lossless"
	case 0xC9, 0xCA:
		return "arithmetic coding"
	default:
		return "hierarchical"
	}
}

// readFrame parses the payload of a frame header. It checks the syntax only; whether the
// frame is handled is for frame.handled to say.
func readFrame(marker byte, p []byte) (*frame, error) {
	if len(p) < 6 || len(p) != 6+3*int(p[5]) {
		return nil, corrupt("a bad frame header")
	}
	f := &frame{
		marker:    marker,
		precision: int(p[0]),
		height:    int(p[1])<<8 | int(p[2]),
		width:     int(p[3])<<8 | int(p[4]),
	}
	if f.width == 0 || p[5] == 0 {
		return nil, corrupt("a frame without size")
	}
	for c := p[6:]; len(c) >= 3; c = c[3:] {
		fc := frameComponent{id: c[0], h: int(c[1] >> 4), v: int(c[1] & 15), table: c[2]}
		if fc.h < 1 || fc.h > 4 || fc.v < 1 || fc.v > 4 || fc.table > 3 {
			return nil, corrupt("a bad component in the frame header")
		}
		for _, other := range f.components {
			if other.id == fc.id {
				return nil, corrupt("two components of one name")
			}
		}
		f.components = append(f.components, fc)
	}
	return f, nil
}

// handled returns nil when Parse can read files of this frame, else ErrNotHandled.
func (f *frame) handled() error {
	switch {
	case f.marker > markerSOF2:
		return notHandled(process(f.marker))
	case f.precision != 8:
		return notHandled("more than 8 bits")
	case f.height == 0:
		return notHandled("height given after the first scan")
	case len(f.components) != 1 && len(f.components) != 3 && len(f.components) != 4:
		return notHandled("an unusual number of components")
	}
	return nil
}

// readQuantTables parses the payload of a DQT segment into the four destinations.
func readQuantTables(p []byte, tables *[4]*QuantTable) error {
	for len(p) > 0 {
		wide, id := p[0]>>4, p[0]&15
		size := 64 * (1 + int(wide))
		if wide > 1 || id > 3 || len(p) < 1+size {
			return corrupt("a bad quantization table")
		}
		t := new(QuantTable)
		for k := range t {
			if wide == 1 {
				t[k] = uint16(p[1+2*k])<<8 | uint16(p[2+2*k])
			} else {
				t[k] = uint16(p[1+k])
			}
			if t[k] == 0 {
				return corrupt("a quantization step of zero")
			}
		}
		tables[id] = t
		p = p[1+size:]
	}
	return nil
}
