package schema

import (
	"encoding"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"compressor/internal/problem"
)

// kind is what a node takes.
type kind uint8

const (
	hash    kind = iota // a struct
	text                // a string
	textual             // a time.Duration, or a type with UnmarshalText
	integer
	number
	boolean
	list
	dict // a map of names to values
)

// node is one type of value with the rules of the field that holds it.
type node struct {
	kind     kind
	typ      reflect.Type // without its pointer
	pointer  bool
	fields   []field // hash
	embedded [][]int // hash: where structs are embedded, for their Check
	elem     *node   // list and dict
	single   bool    // list: one bare item will do
	rules    rules   // a list's own are those of its items, but for maxItems
}

// rules are the checks on one value.
type rules struct {
	enum      []string
	late      bool // the words of enum are told, and checked by who decodes
	aliases   map[string]string
	minimum   *bound
	maximum   *bound
	minLength int
	maxLength int
	maxItems  int
	pattern   *regexp.Regexp
	example   string
	writeOnly bool
}

// bound is a limit as it was written and as it compares.
type bound struct {
	text  string
	value float64
}

// field is one option of a hash.
type field struct {
	name        string
	index       []int // for reflect.Value.FieldByIndex
	node        *node
	defaultText string
	def         *value // nil: no default
	required    bool
	tag         reflect.StructTag
}

// reader walks the types; above is the chain of structs it is in, to refuse recursion.
type reader struct {
	opts  Opts
	above []reflect.Type
}

// node reads typ as the type of a field with this tag.
func (r *reader) node(typ reflect.Type, tag reflect.StructTag) (*node, error) {
	n := &node{typ: typ}
	if typ.Kind() == reflect.Pointer {
		n.pointer, n.typ = true, typ.Elem()
	}
	var err error
	if n.kind, err = kindOf(n.typ); err != nil {
		return nil, err
	}
	if err := r.rules(n, tag); err != nil {
		return nil, err
	}
	switch n.kind {
	case hash:
		return n, r.hash(n)
	case list, dict:
		if n.kind == dict && n.typ.Key().Kind() != reflect.String {
			return nil, errors.New("a map needs text as its key")
		}
		n.single = n.kind == list && implements[OneOrList](n.typ)
		if n.elem, err = r.node(n.typ.Elem(), tag); err != nil {
			return nil, err
		}
		if n.elem.pointer {
			return nil, errors.New("entries of a list or map may not be pointers")
		}
		n.elem.rules.maxItems = 0
		maps.Copy(n.elem.rules.aliases, n.rules.aliases)
	}
	return n, nil
}

// kindOf names what a type takes.
func kindOf(typ reflect.Type) (kind, error) {
	if typ == reflect.TypeFor[time.Duration]() || implements[encoding.TextUnmarshaler](typ) {
		return textual, nil
	}
	switch typ.Kind() {
	case reflect.Struct:
		return hash, nil
	case reflect.String:
		return text, nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return integer, nil
	case reflect.Float32, reflect.Float64:
		return number, nil
	case reflect.Bool:
		return boolean, nil
	case reflect.Slice:
		return list, nil
	case reflect.Map:
		return dict, nil
	}
	return 0, fmt.Errorf("no option can be a %s", typ)
}

// implements says whether typ, or a pointer to it, has the methods of T.
func implements[T any](typ reflect.Type) bool {
	return reflect.PointerTo(typ).Implements(reflect.TypeFor[T]())
}

// hash reads the fields of a struct.
func (r *reader) hash(n *node) error {
	if slices.Contains(r.above, n.typ) {
		return fmt.Errorf("%s holds itself", n.typ)
	}
	r.above = append(r.above, n.typ)
	defer func() { r.above = r.above[:len(r.above)-1] }()
	for i := range n.typ.NumField() {
		f := n.typ.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-":
		case f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct:
			if err := r.embed(n, f); err != nil {
				return err
			}
		case f.IsExported():
			if name == "" {
				name = f.Name
			}
			if err := r.field(n, f, name); err != nil {
				return fmt.Errorf("%s: %w", f.Name, err)
			}
		}
	}
	return nil
}

// embed makes the fields of an embedded struct fields of n.
func (r *reader) embed(n *node, f reflect.StructField) error {
	if !f.IsExported() {
		return fmt.Errorf("the embedded struct %s must be exported, or its Check cannot be called", f.Name)
	}
	inner := &node{typ: f.Type}
	if err := r.hash(inner); err != nil {
		return err
	}
	n.embedded = append(n.embedded, f.Index)
	for _, index := range inner.embedded {
		n.embedded = append(n.embedded, append(slices.Clone(f.Index), index...))
	}
	for _, g := range inner.fields {
		g.index = append(slices.Clone(f.Index), g.index...)
		if n.find(g.name) != nil {
			return fmt.Errorf("the name %s stands twice", g.name)
		}
		n.fields = append(n.fields, g)
	}
	return nil
}

// field reads one field of n, and tries its default against its own rules.
func (r *reader) field(n *node, f reflect.StructField, name string) error {
	if n.find(name) != nil {
		return fmt.Errorf("the name %s stands twice", name)
	}
	inner, err := r.node(f.Type, f.Tag)
	if err != nil {
		return err
	}
	out := field{name: name, index: f.Index, node: inner, tag: f.Tag, required: f.Tag.Get("required") == "true"}
	if word, ok := f.Tag.Lookup("default"); ok {
		if inner.kind == hash || inner.kind == dict {
			return errors.New("a hash has no default of its own")
		}
		out.defaultText, out.def = word, fromText(inner, word)
		d := decoder{}
		d.decode(inner, name, out.def, reflect.New(f.Type).Elem())
		if len(d.fields) > 0 {
			return fmt.Errorf("default: %w", problem.Invalid(d.fields...))
		}
	}
	n.fields = append(n.fields, out)
	return nil
}

// rules reads the checks in a tag.
func (r *reader) rules(n *node, tag reflect.StructTag) error {
	out := rules{example: tag.Get("example"), writeOnly: tag.Get("writeOnly") == "true"}
	var err error
	if out.enum, err = r.enum(tag.Get("enum")); err != nil {
		return err
	}
	if word, ok := tag.Lookup("words"); ok {
		if out.enum, err = r.enum(word); err != nil {
			return err
		}
		out.late = true
	}
	if out.aliases, err = aliases(n.typ, tag.Get("alias")); err != nil {
		return err
	}
	for name, to := range map[string]*int{"minLength": &out.minLength, "maxLength": &out.maxLength, "maxItems": &out.maxItems} {
		if word, ok := tag.Lookup(name); ok {
			if *to, err = strconv.Atoi(word); err != nil || *to < 0 {
				return fmt.Errorf("%s:%q is not a count", name, word)
			}
		}
	}
	for name, to := range map[string]**bound{"minimum": &out.minimum, "maximum": &out.maximum} {
		if word, ok := tag.Lookup(name); ok {
			if *to, err = newBound(n, word); err != nil {
				return fmt.Errorf("%s:%q: %w", name, word, err)
			}
		}
	}
	if word, ok := tag.Lookup("pattern"); ok {
		if out.pattern, err = regexp.Compile(word); err != nil {
			return err
		}
	}
	n.rules = out
	return nil
}

// enum splits the words of an enum tag and puts in those behind each @name.
func (r *reader) enum(tag string) ([]string, error) {
	var out []string
	for word := range strings.SplitSeq(tag, ",") {
		group, isGroup := strings.CutPrefix(word, "@")
		switch {
		case word == "":
		case !isGroup:
			out = append(out, word)
		case len(r.opts.Enums[group]) == 0:
			return nil, fmt.Errorf("enum: nothing is known as @%s", group)
		default:
			out = append(out, r.opts.Enums[group]...)
		}
	}
	return out, nil
}

// aliases joins the spellings of the type and of the tag; the tag wins.
func aliases(typ reflect.Type, tag string) (map[string]string, error) {
	out := map[string]string{}
	if a, ok := reflect.New(typ).Interface().(Aliased); ok {
		maps.Copy(out, a.Aliases())
	}
	if tag == "" {
		return out, nil
	}
	for pair := range strings.SplitSeq(tag, ",") {
		from, to, ok := strings.Cut(pair, "=")
		if !ok {
			return nil, fmt.Errorf("alias: %q has no sign", pair)
		}
		out[from] = to
	}
	return out, nil
}

// newBound reads a limit in the way the value itself is read. A list hands its limits on to
// its items, so there is nothing to compare on the list itself.
func newBound(n *node, word string) (*bound, error) {
	switch n.kind {
	case list, dict:
		return nil, nil
	case integer, number:
		f, err := strconv.ParseFloat(word, 64)
		return &bound{word, f}, err
	case textual:
		v := reflect.New(n.typ)
		if err := setTextual(v.Elem(), word); err != nil {
			return nil, err
		}
		if v.Elem().CanInt() {
			return &bound{word, float64(v.Elem().Int())}, nil
		}
	}
	return nil, errors.New("this type has no order")
}

// find is the field of this name, or nil.
func (n *node) find(name string) *field {
	for i := range n.fields {
		if n.fields[i].name == name {
			return &n.fields[i]
		}
	}
	return nil
}
