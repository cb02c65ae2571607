// Package recipe is what the client asks for. Every option of the wire, the command line
// and the documentation exists once, here, as a struct field read by package schema.
package recipe

import (
	"slices"

	"compressor/internal/format"
	"compressor/internal/problem"
)

// Recipe is what decides the bytes of a result. Absence, not zero, means unset; what has
// a default is filled in by package schema.
type Recipe struct {
	Image    Image   `json:"image" doc:"Options for pictures, also inside documents and archives."`
	Video    *Video  `json:"video,omitempty" doc:"Options for videos. For any other kind of file they are accepted, unused and listed in the report."`
	Archive  Archive `json:"archive" doc:"Options for archives: how they are packed, and which of their members are compressed."`
	Metadata bool    `json:"metadata" default:"false" doc:"Report the metadata of input and output: pixels, EXIF, XMP, IPTC, ICC."`
}

// Envelope is what a request carries beside the file: the recipe, and how to answer.
type Envelope struct {
	Recipe
	Async    bool     `json:"async" default:"false" doc:"Answer 202 at once; poll the job for the result."`
	Response Response `json:"response" doc:"How to answer a request that is waited for."`
	Webhook  *Webhook `json:"webhook,omitempty" doc:"Whom to tell when the job has ended. The request is then answered 202 at once, whatever the size."`
	Store    *Store   `json:"store,omitempty" doc:"Where to write the result, instead of keeping it here for a while."`
	Report   string   `json:"report" default:"brief" enum:"none,brief,full" doc:"How much to tell about what was tried and chosen."`
	Tag      string   `json:"tag,omitempty" maxLength:"255" doc:"Returned unchanged in every reply about this job."`
}

// Response is the form of an answer.
type Response struct {
	Mode string `json:"mode" default:"json" enum:"json,binary" doc:"binary: the result itself, and the JSON without report and metadata in the header Compressor-Result. Accept: image/*, or another type that is not JSON, asks for the same. What becomes asynchronous, and every error, is answered in JSON."`
}

// Binary is the mode that answers with the result itself.
const Binary = "binary"

// Upload is the field data of POST /1.0/upload.
type Upload struct {
	Envelope
}

// Fetch is the body of POST /1.0/fetch.
type Fetch struct {
	URL     string            `json:"url,omitempty" maxLength:"8192" doc:"Where to get the file: http or https. It may carry user:password@, which is sent to that host only."`
	Headers map[string]string `json:"headers,omitempty" doc:"Request headers to send to that host."`
	Source  *Source           `json:"source,omitempty" doc:"An object of a bucket, instead of a URL."`
	Envelope
}

// Compression is how hard to squeeze.
type Compression string

// The levels, gentlest first.
const (
	CompressionNone     Compression = "none"     // change nothing but what else was asked for
	CompressionLossless Compression = "lossless" // decoded content is identical
	CompressionMedium   Compression = "medium"
	CompressionHigh     Compression = "high"
	CompressionUltra    Compression = "ultra"

	// CompressionFixed stands for a quality given as a number, CompressionTarget for a size
	// or score. They are no words of the wire.
	CompressionFixed  Compression = "fixed"
	CompressionTarget Compression = "target"
)

// Floor is the score, by the family's metric (0 to 100), that a finished lossy file must
// reach at this level; over 100 where no loss is allowed. docs/images.md tells how the
// figures were calibrated.
func (c Compression) Floor() float64 {
	switch c {
	case CompressionMedium:
		return 85
	case CompressionHigh:
		return 75
	case CompressionUltra:
		return 60
	case CompressionFixed, CompressionTarget:
		return 0
	}
	return NoLoss
}

// VisuallyLossless is the score from which the eye cannot tell two pictures apart side by
// side (SSIMULACRA2's own scale).
const VisuallyLossless = 90

// NoLoss is a floor that no lossy result can meet.
const NoLoss = 101

// Resize is a size in pixels and how to reach it.
type Resize struct {
	Mode       string `json:"mode" default:"auto" enum:"auto,fit,pad,exact" doc:"auto: inside the box, never enlarged. fit: covers the box exactly and crops the overflow. pad: inside the box, the rest filled. exact: both sides as given, proportions not kept."`
	Width      *int   `json:"width,omitempty" minimum:"1" maximum:"16384" doc:"Pixels."`
	Height     *int   `json:"height,omitempty" minimum:"1" maximum:"16384" doc:"Pixels."`
	Gravity    string `json:"gravity" default:"center" enum:"center,top-left,top,top-right,right,bottom-right,bottom,bottom-left,left,smart" doc:"Which part stays when fit crops, and where pad puts the picture."`
	Upscale    *bool  `json:"upscale,omitempty" doc:"Whether a smaller picture may be enlarged. Default: true, but false for auto unless it is a drawing."`
	Background string `json:"background,omitempty" pattern:"^(transparent|#[0-9a-fA-F]{6})$" example:"#ff8800" doc:"Fill of pad: #rrggbb or transparent. Default: transparent where the format can, else white."`
}

// Check holds the rules that span fields.
func (r Resize) Check() []problem.Field {
	if r.Mode == "auto" {
		if r.Width == nil && r.Height == nil {
			return []problem.Field{{Message: "When mode='auto', at least one of 'width' or 'height' must be specified."}}
		}
		return nil
	}
	if r.Width == nil || r.Height == nil {
		return []problem.Field{{Message: "When mode='" + r.Mode + "', both 'width' and 'height' must be specified."}}
	}
	return nil
}

// Enlarges says whether a smaller picture becomes larger.
func (r Resize) Enlarges() bool {
	if r.Upscale != nil {
		return *r.Upscale
	}
	return r.Mode != "auto"
}

// Crop cuts a part out, before any resize.
type Crop struct {
	Mode    string `json:"mode" required:"true" enum:"rect,ratio" doc:"rect: width and height, at x and y or by gravity. ratio: the largest part of these proportions."`
	Width   *int   `json:"width,omitempty" minimum:"1" maximum:"65535" doc:"Pixels, for rect."`
	Height  *int   `json:"height,omitempty" minimum:"1" maximum:"65535" doc:"Pixels, for rect."`
	X       *int   `json:"x,omitempty" minimum:"0" maximum:"65535" doc:"Pixels from the left, for rect; with y."`
	Y       *int   `json:"y,omitempty" minimum:"0" maximum:"65535" doc:"Pixels from the top, for rect; with x."`
	Ratio   string `json:"ratio,omitempty" pattern:"^[1-9][0-9]{0,4}:[1-9][0-9]{0,4}$" example:"4:3" doc:"Width to height, such as 4:3, for ratio."`
	Gravity string `json:"gravity,omitempty" enum:"center,top-left,top,top-right,right,bottom-right,bottom,bottom-left,left,smart" doc:"Which part stays. Default: center. Not together with x and y."`
}

// Check holds the rules that span fields.
func (c Crop) Check() []problem.Field {
	var wrong []problem.Field
	say := func(text string) { wrong = append(wrong, problem.Field{Message: text}) }
	switch c.Mode {
	case "rect":
		if c.Width == nil || c.Height == nil {
			say("When mode='rect', both 'width' and 'height' must be specified.")
		}
		if (c.X == nil) != (c.Y == nil) {
			say("'x' and 'y' must be specified together.")
		}
		if c.X != nil && c.Gravity != "" {
			say("Specify either 'x' and 'y' or 'gravity', not both.")
		}
		if c.Ratio != "" {
			say("'ratio' is for mode='ratio' only.")
		}
	case "ratio":
		if c.Ratio == "" {
			say("When mode='ratio', 'ratio' must be specified.")
		}
		if c.Width != nil || c.Height != nil || c.X != nil || c.Y != nil {
			say("'width', 'height', 'x' and 'y' are for mode='rect' only.")
		}
	}
	return wrong
}

// Families whose options stand in a Recipe.
const (
	FamilyImage   format.Family = "image"
	FamilyVideo   format.Family = "video"
	FamilyArchive format.Family = "archive"
)

// families lists them. It is read only.
var families = [...]format.Family{FamilyImage, FamilyVideo, FamilyArchive}

// Compression is how hard files of this family are squeezed.
func (r Recipe) Compression(family format.Family) Compression {
	switch {
	case family == FamilyImage && r.Image.Quality != nil:
		return CompressionFixed
	case family == FamilyImage && (r.Image.MinScore != nil || r.Image.MaxBytes != nil):
		return CompressionTarget
	case family == FamilyImage:
		return r.Image.Compression
	case family == FamilyVideo && r.Video != nil:
		return r.Video.Compression
	case family == FamilyArchive:
		return r.Archive.Compression
	}
	return CompressionHigh
}

// Target is what a client asks of the result in figures, instead of a level.
type Target struct {
	Bytes int64   // size that must not be exceeded; 0 for none
	Path  string  // of the option that says so
	Score float64 // that the finished file must reach; 0 for none
	Scale bool    // the outline may shrink where Bytes cannot be met otherwise
}

// Target is the one for files of this family.
func (r Recipe) Target(family format.Family) Target {
	if family != FamilyImage || r.Image.Quality != nil {
		return Target{}
	}
	t := Target{Scale: r.Image.Downscale}
	if r.Image.MaxBytes != nil {
		t.Bytes, t.Path = *r.Image.MaxBytes, "image.max_bytes"
	}
	if r.Image.MinScore != nil {
		t.Score = *r.Image.MinScore
	}
	return t
}

// Floor is the score that a lossy result must reach, for files of this family.
func (r Recipe) Floor(family format.Family) float64 {
	if t := r.Target(family); t.Score > 0 {
		return t.Score
	}
	if family == FamilyVideo {
		return filmFloor(r.Compression(family))
	}
	return r.Compression(family).Floor()
}

// MayBe lists the formats that a file of this family and format may come out as, of which
// Best may be one.
func (r Recipe) MayBe(family format.Family, id format.ID) []format.ID {
	if family == FamilyImage {
		return r.Image.Format.Resolve(id)
	}
	return []format.ID{id}
}

// Leaves says whether the client leaves it open if a result has this format: it stands in
// the list only by Best.
func (r Recipe) Leaves(id format.ID) bool {
	return slices.Contains(r.Image.Format, Best) && !slices.Contains(r.Image.Format, id)
}

// Ignored lists those option groups, of the ones that the client named, that do not
// apply to a file of this family, and single options that do not apply to members.
func (r Recipe) Ignored(family format.Family, named []string) []string {
	if family == FamilyArchive {
		return r.ignoredByMembers() // which may be of any kind
	}
	var ignored []string
	for _, name := range named {
		if slices.Contains(families[:], format.Family(name)) && name != string(family) {
			ignored = append(ignored, name)
		}
	}
	return ignored
}

// ignoredByMembers lists what was asked that is done to no member of an archive: it keeps
// its name, its format and its outline, since others may speak of them.
func (r Recipe) ignoredByMembers() []string {
	var ignored []string
	for _, o := range []struct {
		name  string
		asked bool
	}{
		{"image.format", len(r.Image.Format) > 0 && !slices.Equal(r.Image.Format, Formats{Keep})},
		{"image.resize", r.Image.Resize != nil},
		{"image.crop", r.Image.Crop != nil},
		{"image.allow_downscale", r.Image.Downscale},
	} {
		if o.asked {
			ignored = append(ignored, o.name)
		}
	}
	return ignored
}
