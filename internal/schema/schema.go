// Package schema reads options from the tags of Go structs, once, for everybody: it
// decodes and checks JSON, builds the same document from command line flags, lists every
// option for documentation, and describes them as JSON Schema (2020-12) for OpenAPI 3.1.
//
// The tags of a field:
//
//	json:"name"           its name on the wire; "-" hides it
//	default:"high"        the value of an absent field; lists are comma separated
//	enum:"a,b"            the words allowed; "@image" stands for Opts.Enums["image"]
//	alias:"jpg=jpeg"      other spellings, read as the word behind the sign
//	minimum, maximum      bounds of a number, a time.Duration, or of each item of a list
//	minLength, maxLength  characters of a text, or of each text in a list
//	maxItems              entries of a list or map
//	pattern, example      a regular expression (RE2, unanchored) and a text that matches it
//	required:"true"       must be given
//	writeOnly:"true"      a secret: never shown, not even in a message
//	doc:"…"               one sentence for people
//
// A struct is a hash of options and an embedded struct is part of its holder. A pointer is
// optional: nil means not given, never zero. A time.Duration is a text such as "55s", and a
// type with UnmarshalText is a text or a number. A list type with a method AsList also
// takes one bare item. JSON null means not given, but for Opts.Patch.
//
// The reader is our own and does not stand on huma's registry, which was tried on the same
// structs: it demands every field without omitempty, leaves out the value in its messages,
// rounds large numbers through float64, cannot see a name given twice or offer the nearest
// one, has no field that is text or list, panics on a wrong tag, and links a whole HTTP
// stack into the job process.
package schema

import (
	"fmt"
	"reflect"

	"compressor/internal/problem"
)

// MaxDepth is how deep hashes and lists may be nested in a document.
const MaxDepth = 32

// maxFields is how many wrong fields one reply names; the rest are only counted, so that a
// hostile document of small mistakes cannot ask for a huge reply.
const maxFields = 100

// Checker is a hash with rules that span its fields. Check is called after its own fields
// and those below it were found good. An empty Path in a returned Field means the hash
// itself, any other Path is relative to it.
type Checker interface{ Check() []problem.Field }

// OneOrList marks a list type that also takes one bare item: "webp" is then ["webp"].
type OneOrList interface{ AsList() }

// Aliased is a type with other spellings of its words, or of its items' words, as the tag
// alias gives them to a field.
type Aliased interface{ Aliases() map[string]string }

// Opts are what the tags leave open.
type Opts struct {
	// Enums holds the words behind each "@name" in an enum tag.
	Enums map[string][]string
	// Patch makes the document a JSON merge patch (RFC 7396): at its top null does not mean
	// not given, but takes a value away. It becomes the empty text where that is allowed, and
	// is wrong anywhere else.
	Patch bool
}

// Schema is the options of one struct type. It is immutable and safe for concurrent use.
type Schema struct {
	root  *node
	patch bool // see Opts
}

// Of reads the tags of v, a struct or a pointer to one; its values do not matter. An error
// is a mistake in the struct, and names the field.
func Of(v any, opts Opts) (*Schema, error) {
	typ := reflect.TypeOf(v)
	for typ != nil && typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	if typ == nil || typ.Kind() != reflect.Struct {
		return nil, fmt.Errorf("schema: %T is not a struct", v)
	}
	r := reader{opts: opts}
	root, err := r.node(typ, "")
	if err != nil {
		return nil, fmt.Errorf("schema: %s: %w", typ, err)
	}
	return &Schema{root: root, patch: opts.Patch}, nil
}

// Decode is Of(into, opts) and Schema.Decode in one call.
func Decode(data []byte, into any, opts Opts) error {
	s, err := Of(into, opts)
	if err != nil {
		return err
	}
	return s.Decode(data, into)
}

// Options is Of(v, opts) and Schema.Options in one call.
func Options(v any, opts Opts) ([]Option, error) {
	s, err := Of(v, opts)
	if err != nil {
		return nil, err
	}
	return s.Options(), nil
}

// JSONSchema is Of(v, opts) and Schema.JSONSchema in one call.
func JSONSchema(v any, opts Opts) (map[string]any, error) {
	s, err := Of(v, opts)
	if err != nil {
		return nil, err
	}
	return s.JSONSchema(), nil
}
