package schema

import "reflect"

// Option is one row of the list of options: what documentation, flags and forms need.
type Option struct {
	Path      string // "image.resize.width"; the entries of a list of hashes are "items[].url"
	Type      string // string, duration, integer, number, boolean, list, map or hash
	Items     string // type of the entries of a list or map
	Default   string // as written in the tag; "" if there is none
	Enum      []string
	Minimum   string // as written; "" if there is none
	Maximum   string
	MinLength int
	MaxLength int
	MaxItems  int
	Pattern   string
	Example   string
	Doc       string
	Required  bool
	WriteOnly bool
	Optional  bool // absent is not the same as any value
	OneOrList bool // a list that also takes one bare item
	Tag       reflect.StructTag
}

// Options lists every option in the order of the struct, a hash before what it holds.
func (s *Schema) Options() []Option { return s.root.options("", nil) }

// options appends the rows of the fields of n.
func (n *node) options(path string, out []Option) []Option {
	for _, f := range n.fields {
		r, at := f.node.rules, join(path, f.name)
		o := Option{
			Path: at, Type: f.node.word(), Default: f.defaultText, Enum: r.enum,
			MinLength: r.minLength, MaxLength: r.maxLength, MaxItems: r.maxItems, Example: r.example,
			Doc: f.tag.Get("doc"), Required: f.required, WriteOnly: r.writeOnly,
			Optional:  f.node.pointer || (f.def == nil && (f.node.kind == list || f.node.kind == dict)),
			OneOrList: f.node.single, Tag: f.tag,
			Minimum: f.tag.Get("minimum"), Maximum: f.tag.Get("maximum"),
		}
		if r.pattern != nil {
			o.Pattern = r.pattern.String()
		}
		below := f.node
		if f.node.elem != nil {
			o.Items, below = f.node.elem.word(), f.node.elem
			at += "[]"
		}
		out = append(out, o)
		if below.kind == hash {
			out = below.options(at, out)
		}
	}
	return out
}

// word names what n takes.
func (n *node) word() string {
	switch n.kind {
	case hash:
		return "hash"
	case integer:
		return "integer"
	case number:
		return "number"
	case boolean:
		return "boolean"
	case list:
		return "list"
	case dict:
		return "map"
	case textual:
		if n.typ.String() == "time.Duration" {
			return "duration"
		}
	}
	return "string"
}
