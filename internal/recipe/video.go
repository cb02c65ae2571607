package recipe

import "slices"

// Video holds the documented options of videos.
type Video struct {
	Compression Compression `json:"compression" default:"high" enum:"medium,high,ultra,lossless,none" doc:"How hard to squeeze. lossless copies every packet; none only does what else is asked."`
	Resize      *Resize     `json:"resize,omitempty" doc:"Change the size. Sides are rounded to even numbers."`
	FastStart   bool        `json:"faststart" default:"true" doc:"Put the description before the packets, so that players begin while the file still loads."`
	Preserve    []string    `json:"preserve,omitempty" enum:"creation,location,chapters,all" doc:"Metadata to keep. By default all is dropped but what the viewer sees or chooses: rotation, colour, chapters, subtitles."`
}

// Films gives the options of videos, with their defaults where the client named none.
func (r Recipe) Films() Video {
	if r.Video == nil {
		return Video{Compression: CompressionHigh, FastStart: true}
	}
	return *r.Video
}

// Preserves says whether this kind of metadata is to be kept.
func (v Video) Preserves(kind string) bool {
	return slices.Contains(v.Preserve, kind) || slices.Contains(v.Preserve, "all")
}

// filmFloor is the score that a video's sampled frames must reach on average: lower than a
// picture's, since a frame is seen for an instant. docs/video.md tells how the figures were
// measured.
func filmFloor(c Compression) float64 {
	switch c {
	case CompressionMedium:
		return 70
	case CompressionHigh:
		return 60
	case CompressionUltra:
		return 45
	}
	return c.Floor()
}
