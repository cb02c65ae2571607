package schema

import (
	"encoding"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"compressor/internal/problem"
)

// Decode reads a JSON document into the struct that into points to, which must be of the
// type of s. Fields that are absent take their defaults, optional ones stay nil. The error
// is a *problem.Problem: body-not-json, or options-invalid with every wrong field at once
// (at most 100, then a count). On error into is left as it was. The caller limits the size.
func (s *Schema) Decode(data []byte, into any) error {
	v, err := parse(data)
	if err != nil {
		return err
	}
	return s.decode(v, into, false)
}

// Salvage is Decode, but options-invalid leaves in into what was good, for who can tell what
// else is wrong with that. A field that was not may hold anything.
func (s *Schema) Salvage(data []byte, into any) error {
	v, err := parse(data)
	if err != nil {
		return err
	}
	return s.decode(v, into, true)
}

// decode reads a parsed document into what into points to; keep says whether also one with
// mistakes in it.
func (s *Schema) decode(v *value, into any, keep bool) error {
	to := reflect.ValueOf(into)
	if to.Kind() != reflect.Pointer || to.IsNil() || to.Type().Elem() != s.root.typ {
		return fmt.Errorf("schema: cannot decode a %s into a %T", s.root.typ, into)
	}
	fresh := reflect.New(s.root.typ).Elem()
	d := decoder{known: s.root, patch: s.patch}
	d.decode(s.root, "", v, fresh)
	if d.more > 0 {
		d.fields = append(d.fields, problem.Field{Message: fmt.Sprintf("%d more fields are wrong.", d.more)})
	}
	if len(d.fields) == 0 || keep {
		to.Elem().Set(fresh)
	}
	if len(d.fields) > 0 {
		return problem.Invalid(d.fields...)
	}
	return nil
}

// decoder gathers what is wrong with one document.
type decoder struct {
	known  *node // the top, to say where an option of a misplaced name belongs
	patch  bool  // null at the top takes a value away
	fields []problem.Field
	more   int
}

// wrong notes one wrong field and returns false. The same complaint counts once: the Check
// of an embedded struct is also a method of its holder.
func (d *decoder) wrong(path, message string) bool {
	f := problem.Field{Path: path, Message: message}
	switch {
	case slices.Contains(d.fields, f):
	case len(d.fields) >= maxFields:
		d.more++
	default:
		d.fields = append(d.fields, f)
	}
	return false
}

// decode reads v into to, and says whether it and all below it was good. A nested hash that
// has only unknown names counts as good, since nothing that was given got lost.
func (d *decoder) decode(n *node, path string, v *value, to reflect.Value) bool {
	if n.pointer {
		to.Set(reflect.New(n.typ))
		to = to.Elem()
	}
	switch n.kind {
	case hash:
		return d.hash(n, path, v, to)
	case list:
		return d.list(n, path, v, to)
	case dict:
		return d.dict(n, path, v, to)
	}
	if message := set(n, v, to); message != "" {
		return d.wrong(path, message)
	}
	return true
}

// hash reads the members of v into the struct to, then has the struct check itself.
func (d *decoder) hash(n *node, path string, v *value, to reflect.Value) bool {
	if v.shape != isHash {
		return d.wrong(path, must(n, "a hash of options", v))
	}
	d.names(n, path, v)
	good := true
	for i := range n.fields {
		f := &n.fields[i]
		at, given := join(path, f.name), v.member(f.name)
		takes := given != nil && given.shape == isNull && d.patch && n == d.known
		switch {
		case takes && f.node.removable():
			given = &value{shape: isText}
		case takes:
			good = d.wrong(at, "Cannot be taken away, only changed; got null.")
			continue
		case given == nil || given.shape == isNull:
			given = f.def
		}
		switch {
		case given != nil:
		case f.required:
			good = d.wrong(at, "Is required.")
			continue
		case f.node.kind == hash && !f.node.pointer:
			given = &value{shape: isHash} // its fields have defaults, too
		default:
			continue
		}
		good = d.decode(f.node, at, given, to.FieldByIndex(f.index)) && good
	}
	if !good {
		return false
	}
	for _, index := range n.embedded {
		good = d.check(path, to.FieldByIndex(index)) && good
	}
	return d.check(path, to) && good
}

// removable says whether a merge patch may take the value away.
func (n *node) removable() bool {
	return n.pointer && n.kind == text && n.rules.minLength == 0 && len(n.rules.enum) == 0 && n.rules.pattern == nil
}

// names complains of the unknown and the repeated names of a hash.
func (d *decoder) names(n *node, path string, v *value) {
	seen := make(map[string]bool, len(v.members))
	for _, m := range v.members {
		at := join(path, Printable(m.name))
		switch {
		case seen[m.name]:
			d.wrong(at, "Is given more than once.")
		case n.find(m.name) != nil:
		case len(d.fields) < maxFields:
			d.wrong(at, unknown(m.name, n, d.known))
		default:
			d.more++ // without the search for a near name, which costs time
		}
		seen[m.name] = true
	}
}

// check asks a struct for the rules that span its fields.
func (d *decoder) check(path string, to reflect.Value) bool {
	c, ok := to.Addr().Interface().(Checker)
	if !ok {
		return true
	}
	good := true
	for _, f := range c.Check() {
		good = d.wrong(join(path, f.Path), f.Message)
	}
	return good
}

// list reads the items of v; one bare item stands for a list where the type allows it.
func (d *decoder) list(n *node, path string, v *value, to reflect.Value) bool {
	if v.shape != isList && n.single {
		to.Set(reflect.MakeSlice(n.typ, 1, 1))
		return d.decode(n.elem, path, v, to.Index(0))
	}
	if v.shape != isList {
		return d.wrong(path, must(n, "a list", v))
	}
	if limit := n.rules.maxItems; limit > 0 && len(v.items) > limit {
		return d.wrong(path, fmt.Sprintf("Must have at most %d entries; got %d.", limit, len(v.items)))
	}
	if n.single && len(v.items) == 0 { // a word may stand for the list, but not nothing
		return d.wrong(path, "Must have at least one entry.")
	}
	to.Set(reflect.MakeSlice(n.typ, len(v.items), len(v.items)))
	good := true
	for i, item := range v.items {
		good = d.decode(n.elem, fmt.Sprintf("%s[%d]", path, i), item, to.Index(i)) && good
	}
	return good
}

// dict reads a hash with names of the client's choice.
func (d *decoder) dict(n *node, path string, v *value, to reflect.Value) bool {
	if v.shape != isHash {
		return d.wrong(path, must(n, "a hash", v))
	}
	if limit := n.rules.maxItems; limit > 0 && len(v.members) > limit {
		return d.wrong(path, fmt.Sprintf("Must have at most %d entries; got %d.", limit, len(v.members)))
	}
	good := true
	to.Set(reflect.MakeMapWithSize(n.typ, len(v.members)))
	for _, m := range v.members {
		at, key := join(path, Printable(m.name)), reflect.ValueOf(m.name).Convert(n.typ.Key())
		if to.MapIndex(key).IsValid() {
			good = d.wrong(at, "Is given more than once.")
			continue
		}
		item := reflect.New(n.typ.Elem()).Elem()
		good = d.decode(n.elem, at, m.value, item) && good
		to.SetMapIndex(key, item)
	}
	return good
}

// set reads a single value into to. It returns what is wrong with it, or "".
func set(n *node, v *value, to reflect.Value) string {
	switch n.kind {
	case text:
		return setText(n, v, to)
	case integer:
		return setInteger(n, v, to)
	case number:
		f, err := strconv.ParseFloat(v.text, 64)
		if v.shape != isNumber || err != nil {
			return must(n, "a number", v)
		}
		to.SetFloat(f)
		return first(inside(n, f, v), among(n, v))
	case boolean:
		if v.shape != isBool {
			return must(n, "true or false", v)
		}
		to.SetBool(v.text == "true")
		return ""
	}
	if v.shape != isText && v.shape != isNumber {
		return must(n, "text", v)
	}
	if err := setTextual(to, v.text); err != nil {
		return must(n, err.Error(), v)
	}
	if to.CanInt() {
		return first(inside(n, float64(to.Int()), v), among(n, v))
	}
	return among(n, v)
}

// setText reads a string, another spelling of a word as that word.
func setText(n *node, v *value, to reflect.Value) string {
	if v.shape != isText {
		return must(n, "text", v)
	}
	word := v.text
	if other, ok := n.rules.aliases[word]; ok {
		word = other
	}
	to.SetString(word)
	return first(among(n, &value{shape: isText, text: word}), measured(n, word, v))
}

// setInteger reads a whole number; 300.0 and 3e2 are whole, as in JSON Schema.
func setInteger(n *node, v *value, to reflect.Value) string {
	f, err := strconv.ParseFloat(v.text, 64)
	if v.shape != isNumber || err != nil || f != math.Trunc(f) {
		return must(n, "a whole number", v)
	}
	if message := first(inside(n, f, v), among(n, v)); message != "" {
		return message
	}
	whole, err := strconv.ParseInt(v.text, 10, 64)
	if err != nil {
		if math.Abs(f) > 1<<53 {
			return must(n, "a smaller number", v)
		}
		whole = int64(f)
	}
	switch {
	case to.CanInt() && !to.OverflowInt(whole):
		to.SetInt(whole)
	case to.CanUint() && whole >= 0 && !to.OverflowUint(uint64(whole)):
		to.SetUint(uint64(whole))
	default:
		return must(n, "a number that "+to.Kind().String()+" can hold", v)
	}
	return ""
}

// setTextual reads a text by the type's own method. The error says what it must be, in
// words that go on from "Must be".
func setTextual(to reflect.Value, word string) error {
	if to.Type() == reflect.TypeFor[time.Duration]() {
		d, err := time.ParseDuration(word)
		if err != nil {
			return fmt.Errorf("a duration such as 500ms, 55s, 15m or 2h")
		}
		to.SetInt(int64(d))
		return nil
	}
	return to.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(word))
}

// measured checks length and form of a text.
func measured(n *node, word string, v *value) string {
	length, r := utf8.RuneCountInString(word), n.rules
	switch {
	case length < r.minLength:
		return lengthMessage("at least", r.minLength, length, r.writeOnly)
	case r.maxLength > 0 && length > r.maxLength:
		return lengthMessage("at most", r.maxLength, length, r.writeOnly)
	case r.pattern != nil && !r.pattern.MatchString(word):
		if r.example != "" {
			return must(n, "of a form such as "+r.example, v)
		}
		return must(n, "of the form "+r.pattern.String(), v)
	}
	return ""
}
