package mp4file

import (
	"io"
	"math"

	"compressor/internal/bitstream"
	"compressor/internal/problem"
)

// Movie is what a film's file says of itself.
type Movie struct {
	Brand      string // major brand of ftyp; "qt  " where there is none
	Timescale  uint32 // units a second, of Seconds and of edits
	Seconds    float64
	Tracks     []Track
	Fragmented bool // packets lie in fragments, which are not read
	FastStart  bool // the description stands before the packets
	Mark       string
	Unknown    []string // boxes of the film that are not known here
	Carries    []string // what stands beside the streams, by name: "location", "tags", "creation-date", "chapters"

	chunks int // of all tracks

	src  io.ReaderAt
	size int64
	top  []span
	moov []box
	ftyp []byte
}

// Track is one stream.
type Track struct {
	ID            uint32
	Handler       string // "vide", "soun", "text", "sbtl", "subt", "tmcd", "meta" …
	Codec         string // four characters of the sample description: "avc1", "mp4a"
	Descriptions  int    // more than one: the stream changes on its way
	Encrypted     bool
	External      bool // the packets lie in another file
	Enabled       bool
	Width, Height int // coded, in pixels
	Rotation      int // degrees clockwise: 0, 90, 180, 270; -1 for any other matrix
	Timescale     uint32
	Samples       int // packets; of video, frames
	Edits         []Edit
	Video         VideoConfig

	trak   []box // of the trak box
	stbl   []box
	raw    []byte
	dated  bool // a header tells when it was made
	matrix [36]byte
}

// Edit is one entry of an edit list: a piece of the track, or, with a Start of -1, a pause.
type Edit struct {
	Duration uint64 // in the film's units
	Start    int64  // in the track's units
	Rate     uint32 // 16.16
}

// VideoConfig is what the sample description says of pictures.
type VideoConfig struct {
	Profile    int // of H.264: 66 baseline, 77 main, 100 high …
	Bits       int // a sample
	Chroma     int // 1: 4:2:0, 2: 4:2:2, 3: 4:4:4, 0: none
	Transfer   int // code point of ITU-T H.273; 0 for not told
	Primaries  int
	Matrix     int
	Full       bool
	Interlaced bool     // fields may be coded apart
	Stretched  bool     // pixels are not square
	Extra      []string // what of the description may change the look and is not known here

	width, height int // of the H.264 parameter sets, cropped; 0 for none
}

// Limits bound a film. Zero means no bound.
type Limits struct {
	Pixels  int64   // of one frame
	Seconds float64 // of the film
}

// Read reads what src, of so many bytes, says of itself. Errors: file-corrupt,
// limit-exceeded.
func Read(src io.ReaderAt, size int64, limits Limits) (*Movie, error) {
	m := &Movie{src: src, size: size, Brand: QuickTimeBrand}
	var err error
	if m.top, err = topBoxes(src, size); err != nil {
		return nil, err
	}
	if err := m.survey(); err != nil {
		return nil, err
	}
	for _, b := range m.moov {
		switch b.kind {
		case "mvhd":
			err = m.header(b.body)
		case "trak":
			err = m.track(b)
		case "mvex":
			m.Fragmented = true
		case "udta", "meta":
			m.userData(b)
		case "uuid":
			if text := mark(b); text != "" {
				m.Mark = text
			}
		case "iods", "free", "skip", "wide":
		default:
			m.Unknown = append(m.Unknown, b.kind)
		}
		if err != nil {
			return nil, err
		}
	}
	return m, m.sane(limits)
}

// survey finds the description among the boxes of the file's level.
func (m *Movie) survey() error {
	data := int64(-1)
	for _, s := range m.top {
		switch s.kind {
		case "ftyp", "moov":
			most := int64(maxMovie)
			if s.kind == "ftyp" {
				most = maxBrands
			}
			if s.size > most {
				return problem.Over("video.description", s.size, most)
			}
			body := make([]byte, s.size)
			if _, err := m.src.ReadAt(body, s.at); err != nil {
				return corrupt("%s: %v", s.kind, err)
			}
			if s.kind == "ftyp" && m.ftyp == nil && len(body) >= 8 {
				m.ftyp, m.Brand = body, string(body[:4])
			}
			if s.kind == "moov" {
				if m.moov != nil {
					return corrupt("two descriptions")
				}
				m.FastStart = data < 0
				list, err := boxes(body)
				if err != nil {
					return err
				}
				m.moov = append([]box{}, list...)
			}
		case "mdat":
			data = s.at
		case "moof", "styp", "sidx", "ssix", "emsg", "mfra":
			m.Fragmented = true
		case "free", "skip", "wide":
		case "uuid":
			m.carry(Tags)
		default:
			m.Unknown = append(m.Unknown, s.kind)
		}
	}
	if m.moov == nil {
		return corrupt("no description")
	}
	return nil
}

func (m *Movie) header(body []byte) error {
	r := reader{bitstream.Bytes{Data: body}}
	long := r.U8() == 1
	r.Take(3)
	created := r.wide(long)
	r.wide(long)
	m.Timescale = r.U32()
	duration := r.wide(long)
	if r.Short || m.Timescale == 0 {
		return corrupt("movie header")
	}
	if created != 0 {
		m.carry(Creation)
	}
	unknown := !long && duration == math.MaxUint32 || long && duration == math.MaxUint64
	if !unknown {
		m.Seconds = float64(duration) / float64(m.Timescale)
	}
	return nil
}

func (m *Movie) carry(name string) {
	for _, have := range m.Carries {
		if have == name {
			return
		}
	}
	m.Carries = append(m.Carries, name)
}

// sane refuses what no film is, and what is over the limits.
func (m *Movie) sane(limits Limits) error {
	if m.Timescale == 0 {
		return corrupt("no movie header")
	}
	if len(m.Tracks) == 0 {
		return corrupt("no track")
	}
	if limits.Seconds > 0 && m.Seconds > limits.Seconds {
		return problem.Over("video.seconds", int64(m.Seconds), int64(limits.Seconds))
	}
	for i := range m.Tracks {
		t := &m.Tracks[i]
		if t.Handler != "vide" {
			continue
		}
		if seconds := t.seconds(); limits.Seconds > 0 && seconds > limits.Seconds {
			return problem.Over("video.seconds", int64(seconds), int64(limits.Seconds))
		}
		if area := int64(t.Width) * int64(t.Height); limits.Pixels > 0 && area > limits.Pixels {
			return problem.Over("video.pixels", area, limits.Pixels)
		}
	}
	return nil
}

// Video gives the one video track; nil if there is none or more than one.
func (m *Movie) Video() *Track {
	var video *Track
	for i := range m.Tracks {
		if t := &m.Tracks[i]; t.Handler == "vide" {
			if video != nil {
				return nil
			}
			video = t
		}
	}
	return video
}

// QuickTime says whether this is a film of QuickTime rather than an MP4.
func (m *Movie) QuickTime() bool { return m.Brand == QuickTimeBrand }
