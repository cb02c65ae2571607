// Package zip reads and rewrites ZIP archives: members are compressed by their own codecs,
// and packed anew where that is smaller. All that an archive says of its members stays.
package zip

import (
	"context"
	"errors"
	"io"
	"os"

	"compressor/internal/blob"
	"compressor/internal/codec"
	"compressor/internal/format"
	"compressor/internal/problem"
	"compressor/internal/recipe"
	"compressor/internal/zipfile"
)

// ID is the format's name.
const ID format.ID = "zip"

// Format is what there is to know about ZIP archives.
func Format() format.Row {
	return format.Row{
		ID: ID, Family: recipe.FamilyArchive, Label: "ZIP", MIME: "application/zip",
		// Behind zip: the best known kinds of files that are ZIP archives. There are many more.
		Base: true, Ext: []string{"zip", "jar", "war", "ear", "whl", "xpi", "cbz", "kmz", "epub",
			"docx", "xlsx", "pptx", "odt", "ods", "odp"},
		Magic: []format.Magic{
			{Bytes: "PK\x03\x04"}, {Bytes: "PK\x05\x06"},
			// Behind the marker of an archive that could have been split.
			{Bytes: "PK00PK\x03\x04"}, {Bytes: "PK\x07\x08PK\x03\x04"},
			{Bytes: "PK00PK\x05\x06"}, {Bytes: "PK\x07\x08PK\x05\x06"},
		},
	}
}

// Codec handles ZIP archives.
type Codec struct{}

var _ codec.Container = Codec{}

// Inspect reads the directory and the local headers, no contents.
func (Codec) Inspect(_ context.Context, src blob.Blob, _ codec.Limits) (codec.Facts, error) {
	f, a, err := open(src)
	if err != nil {
		return codec.Facts{}, err
	}
	defer f.Close()
	k := kindOf(a)
	facts := codec.Facts{Signed: k.signed, NotHandled: a.NotHandled}
	if facts.NotHandled == "" {
		facts.NotHandled = k.whole
	}
	members, contents := len(a.Members), a.Contents()
	facts.Metadata = func() map[string]any {
		return map[string]any{"archive": map[string]any{"members": members, "bytes": contents}}
	}
	return facts, nil
}

// open reads the archive in src; the file must be closed.
func open(src blob.Blob) (*os.File, *zipfile.Archive, error) {
	f, err := src.Open()
	if err != nil {
		return nil, nil, err
	}
	a, err := zipfile.Read(f, src.Size)
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, a, nil
}

// Parts yields all members but folders, in the order of the directory. Members that must
// stay as they are have no contents.
func (Codec) Parts(ctx context.Context, src blob.Blob, visit func(codec.Part, io.Reader) error) error {
	f, a, err := open(src)
	if err != nil {
		return err
	}
	defer f.Close()
	contents := a.Reader()
	for i := range a.Members {
		m := &a.Members[i]
		if err := ctx.Err(); err != nil {
			return err
		}
		if m.IsDir() {
			continue
		}
		part := codec.Part{Path: m.Path(), Verbatim: m.Why() != "", Why: m.Why()}
		if m.Why() != "" {
			err = visit(part, nil)
		} else {
			contents.Open(m)
			err = visit(part, contents)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Plan proposes to pack the members' results.
func (Codec) Plan(_ context.Context, in codec.Subject, to format.ID, r recipe.Recipe) (codec.Plan, error) {
	if to != ID {
		return codec.Plan{}, problem.Invalid(problem.Field{Path: "archive.format", Message: "A ZIP archive stays one."})
	}
	if in.Facts.NotHandled != "" || in.Facts.Signed || r.Archive.Compression == recipe.CompressionNone {
		return codec.Plan{}, nil
	}
	return codec.Plan{Candidates: []codec.Candidate{{
		Label: "recompressed", Format: ID, Lossless: true,
		Encode: func(ctx context.Context, dst *blob.Writer) error { return repack(ctx, dst, in) },
	}}}, nil
}

// errParts is a caller in this program that handed over other parts than Parts gave it.
var errParts = errors.New("zip: the parts are not those of this archive")
