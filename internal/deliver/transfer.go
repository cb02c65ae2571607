package deliver

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"compressor/internal/blob"
	"compressor/internal/problem"
	"compressor/internal/recipe"
	"compressor/internal/storage"
)

// folderOf is the part of a prefix up to its last slash: what is below it keeps its place.
func folderOf(prefix string) string { return prefix[:strings.LastIndexByte(prefix, '/')+1] }

// Transfer carries many objects from one bucket to another, or to another folder of the same.
// What it stores has a mark of what it came from, so that another transfer of the same
// objects, with the same options, does none of them twice. It is safe for concurrent use.
type Transfer struct {
	desk     *Desk
	from, to opened
	prefix   string
	target   storage.Target
	one      bool   // results go to the bucket that their sources come from
	source   string // what stands before the keys of sources there; see storage.Identity
	result   string // and before those of results
	path     string // folder of the results, "" or with a slash at its end
	options  string // what the results depend on beside the objects
}

// CheckTransfer finds what is wrong with where the results of a whole bucket go. Error:
// options-invalid, on the fields of store and source.
func (d *Desk) CheckTransfer(ctx context.Context, p recipe.Prefix, s recipe.Store) error {
	_, from, to := d.transfer(ctx, p, s)
	return problem.Join(from, to)
}

// Begin opens both buckets. options tells transfers apart that would make other results of
// the same objects. Errors: store-failed, source-failed.
func (d *Desk) Begin(ctx context.Context, p recipe.Prefix, s recipe.Store, options []byte) (*Transfer, error) {
	t, from, to := d.transfer(ctx, p, s)
	switch {
	case from != nil:
		return nil, unread(from)
	case to != nil:
		return nil, refused(to)
	}
	t.options = string(options)
	return t, nil
}

// transfer opens both, and tells what is wrong with either apart.
func (d *Desk) transfer(ctx context.Context, p recipe.Prefix, s recipe.Store) (t *Transfer, from, to error) {
	t = &Transfer{desk: d, prefix: p.Prefix}
	t.from, from = d.objects(ctx, p)
	if t.target, to = d.aim(ctx, s); to != nil {
		return nil, from, to
	}
	t.path = strings.TrimPrefix(t.target.Path, "/")
	wrong := ""
	switch t.to.place = t.target.Place; {
	case strings.ContainsAny(t.path, "{}") || t.path != "" && !strings.HasSuffix(t.path, "/"):
		wrong = "Must be a folder that ends in / and has no placeholder, since every object keeps its own name below it; got " + storage.Shown(t.path) + "."
	case from == nil:
		t.compare()
		wrong = t.overlap()
	}
	if wrong != "" {
		return nil, from, problem.Invalid(problem.Field{Path: "store.path", Message: wrong})
	}
	t.to.Bucket, to = d.dial(t.target.Place)
	return t, from, to
}

// List calls each with the objects after the key after, in order of the bytes of their keys.
// What stands for a folder is left out, and so is what lies where the results go. Errors:
// source-failed, and what each returns.
func (t *Transfer) List(ctx context.Context, after string, each func(storage.Info) error) error {
	return named(unread(t.from.List(ctx, t.prefix, after, func(o storage.Info) error {
		if strings.HasSuffix(o.Key, "/") || t.isResult(o.Key) {
			return nil
		}
		return each(o)
	})), "source.prefix", t.prefix)
}

// isResult says whether an object lies in a folder of results inside what is listed.
func (t *Transfer) isResult(key string) bool {
	return t.one && len(t.results()) > len(t.sources()) && strings.HasPrefix(t.source+key, t.results())
}

// sources and results are the folders of both, by the names that the one bucket has for them.
func (t *Transfer) sources() string { return t.source + folderOf(t.prefix) }
func (t *Transfer) results() string { return t.result + t.path }

// compare finds out whether both are one bucket, also under two host names.
func (t *Transfer) compare() {
	a, b := t.from.place.Identity(), t.to.place.Identity()
	t.one, t.source, t.result = a.Site == b.Site && a.Bucket == b.Bucket, a.Base, b.Base
}

// overlap says what is wrong with the folder of the results, or "": they must not fall on
// sources that are still to be read, other than each on its own.
func (t *Transfer) overlap() string {
	isLocal := t.from.place.Provider == storage.Local && t.to.place.Provider == storage.Local
	switch {
	case isLocal && !t.one && (within(t.to.place.Root, t.from.place.Root) || within(t.from.place.Root, t.to.place.Root)):
		return "Must lie in a folder of the same connector, or in one that is not above or below that of the sources."
	case !t.one:
		return ""
	case isLocal && t.results() == t.sources():
		return "Must be another folder than that of the sources: on provider 'local' nothing tells results from sources."
	case len(t.results()) < len(t.sources()) && strings.HasPrefix(t.sources(), t.results()):
		return "Must not be a folder above that of the sources, where results could take the places of other sources."
	}
	return ""
}

// within says whether one folder is the other, or below it.
func within(folder, above string) bool {
	return strings.HasPrefix(strings.TrimRight(folder, "/")+"/", strings.TrimRight(above, "/")+"/")
}

// Taken says whether another source has the very name that the result of o is to have, and
// with it the place of the result.
func (t *Transfer) Taken(ctx context.Context, o storage.Info, extension string) (bool, error) {
	if extension == "" {
		return false, nil
	}
	err := t.desk.persist(ctx, func() error {
		_, err := t.from.Stat(ctx, o.Key+extension)
		return err
	})
	if storage.Is(err, storage.NoObject) {
		return false, nil
	}
	return err == nil, unread(err)
}

// Target is the key of the result of an object, given what its name ends in beside its own:
// "" or, for another format, an extension.
func (t *Transfer) Target(key, extension string) string {
	return t.path + strings.TrimPrefix(key, folderOf(t.prefix)) + extension
}

// InPlace says whether the result of an object takes its place.
func (t *Transfer) InPlace(key, extension string) bool {
	return t.one && t.result+t.Target(key, extension) == t.source+key
}

// Stored says whether an earlier transfer has stored the result of o as it is now, under one
// of these extensions. Errors: store-failed.
func (t *Transfer) Stored(ctx context.Context, o storage.Info, extensions []string) (url string, found bool, err error) {
	for _, extension := range extensions {
		key := t.Target(o.Key, extension)
		var there storage.Info
		err := t.desk.persist(ctx, func() (err error) {
			there, err = t.to.Stat(ctx, key)
			return err
		})
		switch {
		case storage.Is(err, storage.NoObject):
			continue
		case err != nil:
			return "", false, refused(err)
		case t.isFrom(there, o):
			return storage.URL(t.to.place, key), true, nil
		}
	}
	return "", false, nil
}

// isFrom says whether there is the result of o. A folder keeps no marks: what is younger than
// its source counts.
func (t *Transfer) isFrom(there, o storage.Info) bool {
	mark := there.Metadata[markName(t.to.place.Provider)]
	switch {
	case t.to.place.Provider == storage.Local:
		return !there.Changed.Before(o.Changed)
	case t.one && t.result+there.Key == t.source+o.Key: // made in place: the state that it came from is gone
		given, _, _ := strings.Cut(mark, ".")
		made, _, _ := strings.Cut(t.mark(o), ".")
		return given == made
	}
	return mark == t.mark(o)
}

// mark tells what a result was made from: the name of the object with the options, and, after
// a dot, the state that the object was in.
func (t *Transfer) mark(o storage.Info) string {
	name := sha256.Sum256(fmt.Appendf(nil, "%s\n%s", o.Key, t.options))
	state := sha256.Sum256(fmt.Appendf(nil, "%s\n%d", o.ETag, o.Size))
	return hex.EncodeToString(name[:12]) + "." + hex.EncodeToString(state[:12])
}

// markName is the metadata that holds the mark. Azure's names are identifiers.
func markName(p storage.Provider) string {
	if p == storage.Azure {
		return "compressor_source"
	}
	return "compressor-source"
}

// Read gets an object. Errors: as of Desk.Read.
func (t *Transfer) Read(ctx context.Context, o storage.Info, scratch *blob.Scratch) (blob.Blob, error) {
	if o.Size > t.desk.largest {
		return blob.Blob{}, t.desk.tooLarge()
	}
	return t.desk.read(ctx, t.from, o.Key, scratch, Told{})
}

// Put stores the result of o. Errors: store-failed; exists tells one that may not be
// overwritten.
func (t *Transfer) Put(ctx context.Context, o storage.Info, extension string, r Result) (d Delivered, exists bool, err error) {
	object, wrong := t.target.Object(storage.Names{Name: "x"}, r.MIME)
	if len(wrong) > 0 {
		return d, false, refused(problem.Invalid(wrong...))
	}
	object.Key = t.Target(o.Key, extension)
	if !object.ACLNamed {
		object.ACL = "" // what was private must not become public by being compressed
	}
	if t.to.place.Provider != storage.Local {
		if object.Metadata == nil {
			object.Metadata = map[string]string{}
		}
		object.Metadata[markName(t.to.place.Provider)] = t.mark(o)
	}
	d, err = t.desk.put(ctx, t.to, object, r)
	return d, storage.Is(err, storage.Exists), err
}
