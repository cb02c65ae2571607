package recipe

import (
	"encoding/json"
	"slices"

	"compressor/internal/format"
	"compressor/internal/problem"
)

// Image holds the options of pictures.
type Image struct {
	Compression Compression `json:"compression" default:"high" enum:"medium,high,ultra,lossless,none" doc:"How hard to squeeze. medium keeps quality high, high is for the web and feeds, ultra for thumbnails and previews; lossless keeps every pixel, none only does what else is asked."`
	Format      Formats     `json:"format" default:"keep" enum:"keep,best,@image" doc:"Output format, or a list of which the smallest result wins. best: the smallest that every current browser shows and that keeps transparency and animation."`
	Quality     *int        `json:"quality,omitempty" minimum:"1" maximum:"100" doc:"Fixed encoder quality instead of a searched one; overrides compression. The score is reported, no floor applies."`
	MinScore    *float64    `json:"min_score,omitempty" minimum:"1" maximum:"100" doc:"SSIMULACRA2 score that the finished file must reach, instead of the level's."`
	MaxBytes    *int64      `json:"max_bytes,omitempty" minimum:"1" doc:"Size that the result must not exceed, used as fully as can be for the best score. Overrides compression."`
	Downscale   bool        `json:"allow_downscale" default:"false" doc:"With max_bytes: make the picture smaller where its size cannot be met otherwise."`
	Resize      *Resize     `json:"resize,omitempty" doc:"Change the size, after any crop."`
	Crop        *Crop       `json:"crop,omitempty" doc:"Cut a part out."`
	Background  string      `json:"background" default:"#ffffff" pattern:"^#[0-9a-fA-F]{6}$" example:"#ffffff" doc:"What stands behind transparency where the output format has none: #rrggbb."`
	Progressive *bool       `json:"progressive,omitempty" doc:"JPEG: progressive or not. Default: the smaller of both."`
	Preserve    []string    `json:"preserve,omitempty" enum:"copyright,creation,location,profile,orientation,all" doc:"Metadata to keep. By default all is dropped but what changes the look: the colour profile unless it is sRGB; the orientation is applied."`
}

// Check holds the rules that span fields.
func (i Image) Check() []problem.Field {
	var wrong []problem.Field
	if i.Quality != nil && (i.MinScore != nil || i.MaxBytes != nil) {
		wrong = append(wrong, problem.Field{Message: "Specify either 'quality' or a target ('min_score', 'max_bytes'), not both."})
	}
	if i.Downscale && i.MaxBytes == nil {
		wrong = append(wrong, problem.Field{Message: "'allow_downscale' is for 'max_bytes' only."})
	}
	return wrong
}

// Geometry says whether the client asked for another size or part.
func (i Image) Geometry() bool { return i.Resize != nil || i.Crop != nil }

// Preserves says whether this kind of metadata is to be kept.
func (i Image) Preserves(kind string) bool {
	return slices.Contains(i.Preserve, kind) || slices.Contains(i.Preserve, "all")
}

// Keep is the word that stands for the input's own format.
const Keep format.ID = "keep"

// Best is the word that stands for every format that suits the web, of which the engine's
// table knows.
const Best format.ID = "best"

// Formats is one output format or several; on the wire a word or a list of words.
type Formats []format.ID

// AsList makes package schema accept a single word as well as a list.
func (Formats) AsList() {}

// Aliases gives other spellings of the words.
func (Formats) Aliases() map[string]string {
	return map[string]string{"jpg": "jpeg", "auto": "keep"}
}

// Resolve gives the formats that a result may have, for an input in format in.
func (f Formats) Resolve(in format.ID) []format.ID {
	if len(f) == 0 {
		return []format.ID{in}
	}
	var ids []format.ID
	for _, id := range f {
		if id == Keep {
			id = in
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// MarshalJSON writes a single format as a word.
func (f Formats) MarshalJSON() ([]byte, error) {
	if len(f) == 1 {
		return json.Marshal(f[0])
	}
	return json.Marshal([]format.ID(f))
}

// UnmarshalJSON reads a word or a list of words.
func (f *Formats) UnmarshalJSON(data []byte) error {
	var one format.ID
	if json.Unmarshal(data, &one) == nil {
		*f = Formats{one}
		return nil
	}
	var list []format.ID
	if err := json.Unmarshal(data, &list); err != nil {
		return err
	}
	*f = list
	return nil
}
