// Package codec is the contract between the engine and the formats. Types only.
//
// A codec says what a file is and which ways of rewriting it are worth trying. Trying,
// measuring, comparing, budgets and reporting are the engine's.
package codec

import (
	"context"
	"io"

	"compressor/internal/blob"
	"compressor/internal/format"
	"compressor/internal/recipe"
)

// Codec reads and rewrites the formats it is registered for. Implementations hold no
// per-file state and are used from many goroutines at once.
type Codec interface {
	// Inspect reads as little as it can and changes nothing. It returns file-corrupt for
	// damaged input, limit-exceeded for what is over the limits, and never panics.
	Inspect(ctx context.Context, src blob.Blob, limits Limits) (Facts, error)

	// Plan says which ways of writing the file as format to, one of those this codec is
	// registered for, are worth trying, cheapest first. The file may be of another format
	// of the same family; what cannot be converted is options-invalid. Plan does no
	// encoding. No candidates means "leave it". Equal arguments give equal labels.
	Plan(ctx context.Context, in Subject, to format.ID, r recipe.Recipe) (Plan, error)
}

// Container is a Codec whose files hold other files.
type Container interface {
	Codec

	// Parts yields members in file order until visit returns an error. The engine counts
	// bytes and depth in visit, so Parts must stream and not expand ahead. A member that is
	// Verbatim may come without contents. Contents that are damaged end in file-corrupt:
	// visit may go on with the next member then.
	Parts(ctx context.Context, src blob.Blob, visit func(Part, io.Reader) error) error
}

// Limits bound what a file may ask of us before it is decoded. Zero means no bound.
type Limits struct {
	Pixels int64 `json:"pixels"` // width × height of one picture
	Frames int   `json:"frames"`

	Seconds float64 `json:"seconds"` // of a film or a sound
}

// Facts is what Inspect found. Unused fields stay zero.
type Facts struct {
	Width, Height, Frames, Pages int // pixels as shown, after orientation
	Seconds                      float64
	Quality                      int // 1 to 100, of the last encoder, if it can be told
	Alpha, Animated              bool
	Script                       bool                  // it runs code of its own
	Gray, Subsampled             bool                  // no colour; colour at less than full resolution
	Vector                       bool                  // a drawing: sharp at any size
	Depth                        int                   // bits a sample
	Signed, Encrypted            bool                  // Signed: any change would break it
	Bound                        string                // a feature that decides the look and that no other format can say: it cannot be converted
	NotHandled                   string                // a feature that is not handled yet: the file stays as it is
	Prior                        Prior                 // what an earlier lossy pass recorded in the file
	Tags                         []Tag                 // what the file carries beside its contents, raw
	Metadata                     func() map[string]any // reads the metadata into groups, for the report; may be nil
}

// Tag is one block of what a file carries beside its contents: "exif", "xmp", "iptc",
// "icc", "comment" …
type Tag struct {
	Name  string
	Value []byte
}

// Tag gives the first block of that name, or nil.
func (f Facts) Tag(name string) []byte {
	for _, t := range f.Tags {
		if t.Name == name {
			return t.Value
		}
	}
	return nil
}

// Prior is the loss that earlier passes have spent, as recorded in the file by the codec
// that wrote it. It keeps repeated passes from adding loss to loss.
type Prior struct {
	Floor   float64 // the score that the earlier pass was made to meet; 0 for none
	Quality int     // the fixed quality that was asked for; 0 for none
}

// Subject is one file in the engine's hands: a top-level input or a part.
type Subject struct {
	Blob   blob.Blob
	Name   string
	Format format.ID
	MayBe  []format.ID // what it may become, by recipe or holder
	Part   bool        // a member of a container: its size and outline stay as they are
	Facts  Facts
	Limits Limits  // they hold for what comes out, too
	Floor  float64 // the score that a lossy result must reach, or where to begin; above 100: no loss at all
	Scale  float64 // how much smaller than asked for the outline is to be, to meet a size; 0 for not at all
	Parts  []Done  // for Containers: the parts, compressed already
}

// Part describes a member of a container.
type Part struct {
	Path     string
	MayBe    []format.ID // formats its holder accepts; empty: only what it is now
	MayMove  bool        // the holder can rename it and fix references
	Verbatim bool        // never touch: a signature, a stored hash's subject
	Why      string      // why it is verbatim, in words; empty for a signature
}

// Done is a part with its result. Result equals Source if nothing was gained. Both are the
// zero Blob if the part had no contents or could not be read: its holder keeps it as it is.
type Done struct {
	Part
	Source, Result blob.Blob
	Format         format.ID
}

// Plan is a codec's proposal.
type Plan struct {
	// Reference writes what results are compared with, without loss: the resized picture,
	// say. Nil means the input itself. Its format is ReferenceFormat.
	Reference       func(ctx context.Context, dst *blob.Writer) error
	ReferenceFormat format.ID

	Candidates []Candidate

	// Changed says that the client asked for something else than the input: another
	// format, size or crop. The input is then not a possible result.
	Changed bool

	// Floor, if above the level's and not 0, is the score that lossy results must reach, and Worst is
	// that of their worst region. For formats where more loss than that gains nothing.
	Floor, Worst float64

	Ignored []string // options that do not apply to this file, as dotted paths
	Lost    []string // what every candidate drops
	Notes   []string

	// Close releases what the candidates share, such as decoded pixels. May be nil.
	Close func()
}

// Candidate is one way to write the file.
type Candidate struct {
	Label    string // stable; shown in reports and goldens
	Format   format.ID
	Lossless bool // the engine then demands equal decoded contents
	Fixed    bool // the client fixed the quality: the floor does not apply, the score is reported
	Encode   func(ctx context.Context, dst *blob.Writer) error
	Knob     *Knob // if set, Encode is nil and the engine searches a level

	// AtLeast, if set, is a cheap estimate from below of the size in bytes; with a Knob, of
	// any level's that is good enough. The engine leaves the candidate out when something
	// good is smaller already.
	AtLeast func(ctx context.Context) (int64, error)

	Lost []string // what this candidate drops beside the plan's
}

// Knob lets the engine look for the smallest file that is still good enough. Size and
// quality should rise with level; the engine re-checks what it picks.
type Knob struct {
	Low, High int // levels, inclusive
	Start     int // where the codec expects the floor for the median file
	At        func(level int) Candidate

	// Kind is equal for knobs that follow one another; if it is empty, their Start is.
	Kind string

	// Seed, if set, looks at the contents and says where the floor is to be expected for
	// them. It may decode, is asked once a search, and only saves steps.
	Seed func(ctx context.Context) (level int, err error)

	// Follow, if set, says where to begin after a search of the same kind settled on a level,
	// and whether there is hope to do better. A knob without it begins at that level. What a
	// search settled on is made in full only after the one that follows it, if drafts do not
	// rule it out by then.
	Follow func(level int) (begin int, hope bool)

	// Alike, if set, gives the levels around one whose files are much the same, such as those
	// with as many colours. The lowest of them is tried first, then the highest.
	Alike func(level int) (first, last int)

	// Between, if set, makes a file between those of a level and of the one below, in size
	// and quality. It is tried where the score leaves room for it.
	Between func(level int) Candidate

	// Slope is how much the score typically rises with a level around Start; 0 for unknown.
	// It only saves steps.
	Slope float64

	// Draft, if set, makes a file that decodes to the same contents as At's, with less
	// effort. The search measures drafts, and only the level it settles on is made in full.
	// A draft is at most Slack times as large as the full file.
	Draft func(level int) Candidate
	Slack float64

	// Sketch, if set, makes a file with much less effort whose score is close to that of
	// At's. The search begins with sketches, and goes on from where they cross the floor.
	// They are no results. One is at most Slack times as large as a full file of its score.
	Sketch func(level int) Candidate
}
