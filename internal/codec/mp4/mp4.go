// Package mp4 is the codec of MP4 and QuickTime films with H.264 video.
//
// Packets are read, and written anew, by package mp4file; pictures are encoded by ffmpeg,
// which runs as a program of its own in the same cage.
package mp4

import (
	"context"
	"fmt"
	"math"

	"compressor/internal/blob"
	"compressor/internal/codec"
	"compressor/internal/format"
	"compressor/internal/mp4file"
	"compressor/internal/picture"
	"compressor/internal/recipe"
)

// The formats' names.
const (
	ID    format.ID = "mp4"
	MovID format.ID = "mov"
)

// Codec handles MP4 and QuickTime films.
type Codec struct{}

// Formats is what there is to know about MP4 and QuickTime files.
func Formats() []format.Row {
	mp4 := format.Row{
		ID: ID, Family: recipe.FamilyVideo, Label: "MP4", MIME: "video/mp4",
		Ext: []string{"mp4", "m4v"}, Lossy: true, Animates: true, Inline: true, Web: true,
	}
	for _, brand := range mp4file.Brands() {
		mp4.Magic = append(mp4.Magic, format.Magic{Offset: 4, Bytes: "ftyp" + brand})
	}
	mov := format.Row{
		ID: MovID, Family: recipe.FamilyVideo, Label: "QuickTime", MIME: "video/quicktime",
		Ext: []string{"mov", "qt"}, Lossy: true, Animates: true, Inline: true,
		Magic: []format.Magic{
			{Offset: 4, Bytes: "ftyp" + mp4file.QuickTimeBrand}, {Bytes: "\x00\x00\x00\x08wide"},
			{Bytes: "\x00\x00\x00\x00moov", Mask: "\xff\x00\x00\x00\xff\xff\xff\xff"}, // films older than ftyp
		},
	}
	return []format.Row{mp4, mov}
}

// maxFrame is the most pixels a frame may have to be encoded. x264 took 1.8 GB for frames
// of 4096 × 2304, and 0.5 GB for 1920 × 1080.
const maxFrame = 4096 * 2304

// Inspect implements codec.Codec.
func (Codec) Inspect(_ context.Context, src blob.Blob, limits codec.Limits) (codec.Facts, error) {
	f, err := src.Open()
	if err != nil {
		return codec.Facts{}, err
	}
	defer f.Close()
	m, err := mp4file.Read(f, src.Size, mp4file.Limits{Pixels: limits.Pixels, Seconds: limits.Seconds})
	if err != nil {
		return codec.Facts{}, err
	}
	facts := codec.Facts{Seconds: math.Round(m.Seconds*1000) / 1000, Animated: true, NotHandled: notHandled(m)}
	for _, name := range m.Carries {
		if name != mp4file.Chapters {
			facts.Tags = append(facts.Tags, codec.Tag{Name: name, Value: []byte(name)})
		}
	}
	facts.Metadata = metadata(m)
	facts.Prior, _ = picture.ReadMark(m.Mark)
	v := m.Video()
	if v == nil {
		return facts, nil
	}
	facts.Width, facts.Height, facts.Frames = v.Width, v.Height, v.Samples
	if v.Rotation == 90 || v.Rotation == 270 {
		facts.Width, facts.Height = v.Height, v.Width
	}
	facts.Depth, facts.Subsampled = v.Video.Bits, v.Video.Chroma == 1
	if facts.NotHandled != "" {
		return facts, nil
	}
	// Packets and times are looked up here once, so that a file whose tables lie is refused
	// before a tool sees it.
	if err := m.Check(); err != nil {
		return codec.Facts{}, err
	}
	return facts, nil
}

// notHandled names a feature because of which a film stays as it is; empty for none.
func notHandled(m *mp4file.Movie) string {
	v := m.Video()
	videos := 0
	for i := range m.Tracks {
		t := &m.Tracks[i]
		switch {
		case t.Encrypted:
			return "encryption"
		case t.External:
			return "packets in another file"
		case t.Descriptions > 1:
			return "a change of coding within a track"
		case t.Handler == "vide":
			videos++
		}
	}
	switch {
	case m.Fragmented:
		return "fragments"
	case videos == 0:
		return "no video track"
	case videos > 1:
		return "several video tracks"
	case len(m.Unknown) > 0:
		return fmt.Sprintf("a box that is not known: %q", m.Unknown[0])
	case v.Samples == 0:
		return "no frame"
	}
	return video(v)
}

// video names what of a video track is not handled.
func video(v *mp4file.Track) string {
	c := v.Video
	switch {
	case v.Codec != "avc1":
		return "video that is not H.264: " + coding(v.Codec)
	case c.Bits != 8:
		return fmt.Sprintf("%d bits a sample", c.Bits)
	case c.Chroma != 1:
		return "colour that is not 4:2:0"
	case c.Transfer == 16 || c.Transfer == 18:
		return "high dynamic range"
	case c.Interlaced:
		return "interlaced video"
	case len(c.Extra) > 0:
		return fmt.Sprintf("a description of the video that is not known: %q", c.Extra[0])
	case v.Rotation < 0:
		return "a picture that is mirrored or scaled by the player"
	case !v.Plain():
		return "an edit list that cuts"
	case v.Width%2 != 0 || v.Height%2 != 0:
		return "odd sides"
	case int64(v.Width)*int64(v.Height) > maxFrame:
		return "frames of more than 9 megapixels"
	}
	return ""
}

// coding gives a codec's name for people.
func coding(code string) string {
	switch code {
	case "hvc1", "hev1":
		return "HEVC"
	case "av01":
		return "AV1"
	case "vp09", "vp08":
		return "VP9"
	case "mp4v":
		return "MPEG-4 part 2"
	case "apcn", "apch", "apcs", "apco", "ap4h":
		return "ProRes"
	}
	return fmt.Sprintf("%q", code)
}

// metadata gives the groups of the report.
func metadata(m *mp4file.Movie) func() map[string]any {
	return func() map[string]any {
		groups := map[string]any{"film": map[string]any{
			"seconds": m.Seconds, "faststart": m.FastStart, "tracks": len(m.Tracks), "carries": m.Carries,
		}}
		if v := m.Video(); v != nil {
			groups["video"] = map[string]any{
				"codec": v.Codec, "width": v.Width, "height": v.Height, "frames": v.Samples, "rotation": v.Rotation,
				"bits": v.Video.Bits, "primaries": v.Video.Primaries, "transfer": v.Video.Transfer, "matrix": v.Video.Matrix,
			}
		}
		return groups
	}
}
