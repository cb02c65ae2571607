package recipe

// Video holds the documented options of videos.
type Video struct {
	Compression Compression `json:"compression" default:"high" enum:"medium,high,ultra,lossless,none" doc:"How hard to squeeze."`
	Resize      *Resize     `json:"resize,omitempty" doc:"Change the size."`
}
