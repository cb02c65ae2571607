package storage

import (
	"maps"
	"mime"
	"net/textproto"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"compressor/internal/problem"
	"compressor/internal/recipe"
)

// The sizes that an object's own words may have.
const (
	maxMetadata = 2 << 10 // bytes of names and values together, as S3 counts
	maxHeader   = 1 << 10 // bytes of a value
	maxTags     = 10
	maxTagName  = 128 // characters
	maxTagValue = 256 // characters
)

// Target is where results of a request go, and how.
type Target struct {
	Place Place
	Path  string // see Key

	object Object // all but the key and the type
}

// Aim puts what a request asks on top of what its connector says. The faults are of the
// fields of store; those that depend on the name of the result are left to Object.
func Aim(p Place, d Defaults, s recipe.Store) (Target, []problem.Field) {
	r, _ := RulesOf(p.Provider, p.Endpoint)
	bucket := s.Bucket
	var wrong faults
	switch {
	case s.Container != "" && p.Provider != Azure:
		wrong.say("store.container", "Is not for provider '%s'; got %s.", p.Provider, Shown(s.Container))
	case s.Container != "":
		bucket = s.Container
		if s.Bucket != "" {
			wrong.say("store", "Specify either 'bucket' or 'container', not both.")
		}
	}
	place, more := p.In("store", bucket, s.Region)
	wrong = append(wrong, more...)
	t := Target{Place: place, Path: d.Path, object: Object{Class: s.Class, Metadata: s.Metadata, Tags: s.Tags, Keep: !s.Overwrite}}
	if s.Path != "" {
		t.Path = s.Path
	}
	wrong = append(wrong, CheckPath("store.path", t.Path)...)
	checkACL(&wrong, "store.acl", ACL(s.ACL), r)
	t.object.ACL, t.object.ACLNamed = acl(r, d.ACL, ACL(s.ACL))
	checkClass(&wrong, s.Class, r)
	checkMetadata(&wrong, s.Metadata, r)
	t.object.Headers = checkHeaders(&wrong, s.Headers, r)
	checkTags(&wrong, s.Tags, r)
	if len(wrong) > 0 {
		return Target{}, wrong
	}
	return t, nil
}

// acl is who may read, and whether somebody said so: the request, or whoever made the
// connector. Only what nobody said may be left out where a bucket takes no ACLs.
func acl(r Rules, connector, request ACL) (ACL, bool) {
	switch {
	case request != "":
		return request, true
	case connector != "":
		return connector, true
	case len(r.ACLs) > 0:
		return r.ACLs[0], false
	}
	return "", false
}

// Object is what to write for a result of these names and this media type. The fault is of
// the field store.path.
func (t Target) Object(n Names, mediaType string) (Object, []problem.Field) {
	key, wrong := Key(t.Path, n)
	if len(wrong) > 0 {
		return Object{}, wrong
	}
	o := t.object
	o.Key, o.MIME = key, mediaType
	o.Metadata, o.Headers, o.Tags = maps.Clone(o.Metadata), maps.Clone(o.Headers), maps.Clone(o.Tags)
	return o, nil
}

func checkClass(wrong *faults, class string, r Rules) {
	var known []string
	for _, c := range r.Classes {
		known = append(known, c.Name)
	}
	switch {
	case class == "" || slices.Contains(known, class):
	case len(known) == 0:
		wrong.say("store.class", "Is not for provider '%s'; got %s.", r.Provider, Shown(class))
	default:
		wrong.say("store.class", "Must be one of %s for provider '%s'; got %s.", join(known), r.Provider, Shown(class))
	}
}

// checkMetadata holds names and values to what survives a header.
func checkMetadata(wrong *faults, metadata map[string]string, r Rules) {
	total := 0
	seen := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(metadata)) {
		value, at := metadata[name], "store.metadata."+clean(name)
		total += len(name) + len(value)
		switch folded := strings.ToLower(name); {
		case r.Metadata.Good == nil:
			wrong.say(at, "Is not for provider '%s', which keeps no metadata.", r.Provider)
		case !r.Metadata.Good(name):
			wrong.say(at, "Must have a name of %s for provider '%s'; got %s.", r.Metadata.Words, r.Provider, Shown(name))
		case seen[folded]:
			wrong.say(at, "Is given more than once; case does not count.")
		case !headerValue(value):
			wrong.say(at, "Must be printable ASCII, without blanks at its ends; got %s.", Shown(value))
		default:
			seen[folded] = true
		}
	}
	if total > maxMetadata {
		wrong.say("store.metadata", "Must be at most %d bytes, names and values together; got %d.", maxMetadata, total)
	}
}

// headerValue says whether a text comes out of a header as it went in.
func headerValue(s string) bool {
	return only(s, 0, len(s), printable, is(' ')) && strings.TrimSpace(s) == s
}

// checkHeaders returns the headers by their canonical names.
func checkHeaders(wrong *faults, headers map[string]string, r Rules) map[string]string {
	var out map[string]string
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		value, at, canonical := headers[name], "store.headers."+clean(name), textproto.CanonicalMIMEHeaderKey(name)
		_, twice := out[canonical]
		switch {
		case len(r.Headers) == 0:
			wrong.say(at, "Is not for provider '%s', which keeps no headers.", r.Provider)
		case !slices.Contains(r.Headers, canonical):
			wrong.say(at, "Must be one of %s for provider '%s'; got %s.", join(r.Headers), r.Provider, Shown(name))
		case twice:
			wrong.say(at, "Is given more than once; case does not count.")
		case value == "" || len(value) > maxHeader || !headerValue(value):
			wrong.say(at, "Must be 1 to %d bytes of printable ASCII, without blanks at its ends; got %s.", maxHeader, Shown(value))
		case canonical == "Content-Type" && !mediaType(value):
			wrong.say(at, "Must be a media type, such as image/png; got %s.", Shown(value))
		case canonical == "Expires" && !httpDate(value):
			wrong.say(at, "Must be a date of HTTP, such as Wed, 01 Dec 2027 16:00:00 GMT; got %s.", Shown(value))
		default:
			if out == nil {
				out = map[string]string{}
			}
			out[canonical] = value
		}
	}
	return out
}

// HTTPDate is the form of a date in a header, an IMF-fixdate (RFC 9110, section 5.6.7).
const HTTPDate = "Mon, 02 Jan 2006 15:04:05 GMT"

func mediaType(s string) bool {
	kind, _, err := mime.ParseMediaType(s)
	return err == nil && strings.Count(kind, "/") == 1
}

// httpDate says whether a text is a date as headers have it.
func httpDate(s string) bool {
	t, err := time.Parse(HTTPDate, s)
	return err == nil && t.Format(HTTPDate) == s
}

// checkTags follows the pattern of S3Tag in the API of S3.
func checkTags(wrong *faults, tags map[string]string, r Rules) {
	if len(tags) > 0 && !r.Tags {
		wrong.say("store.tags", "Is not for provider '%s'.", r.Provider)
		return
	}
	if len(tags) > maxTags {
		wrong.say("store.tags", "Must have at most %d entries; got %d.", maxTags, len(tags))
	}
	const words = "letters, digits, blanks and any of + - = . _ : / @"
	for _, name := range slices.Sorted(maps.Keys(tags)) {
		at := "store.tags." + clean(name)
		switch {
		case name == "" || utf8.RuneCountInString(name) > maxTagName || !tagText(name) || strings.HasPrefix(strings.ToLower(name), "aws:"):
			wrong.say(at, "Must have a name of 1 to %d %s, which does not begin with aws:; got %s.", maxTagName, words, Shown(name))
		case utf8.RuneCountInString(tags[name]) > maxTagValue || !tagText(tags[name]):
			wrong.say(at, "Must be at most %d %s; got %s.", maxTagValue, words, Shown(tags[name]))
		}
	}
}

func tagText(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.Is(unicode.Z, r) && !strings.ContainsRune("_.:/=+-@", r)
	})
}

// clean is a name of the client's as part of a path of a field.
func clean(name string) string { return strings.Trim(Shown(name), "'") }
