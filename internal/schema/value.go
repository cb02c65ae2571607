package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"compressor/internal/problem"
)

// shape is what a value of a document is.
type shape uint8

const (
	isNull shape = iota
	isBool
	isNumber
	isText
	isList
	isHash
)

// value is one value of a document. It keeps what encoding/json loses: the order of names,
// names given twice, and numbers digit by digit.
type value struct {
	shape   shape
	text    string // of a text; of a number as written; of a bool "true" or "false"
	items   []*value
	members []member
}

// member is one name and its value in a hash.
type member struct {
	name  string
	value *value
}

// member is the value of that name, or nil.
func (v *value) member(name string) *value {
	for _, m := range v.members {
		if m.name == name {
			return m.value
		}
	}
	return nil
}

// tooDeep is a document nested deeper than MaxDepth, and where.
type tooDeep struct{ path string }

func (e *tooDeep) Error() string { return "nested too deep at " + e.path }

// parse reads a JSON document (RFC 8259, valid UTF-8) whose top level is a hash. The error
// is a *problem.Problem: body-not-json, or options-invalid where it is nested too deep.
func parse(data []byte) (*value, error) {
	if !utf8.Valid(data) {
		return nil, problem.New(problem.BodyNotJSON).Because(errors.New("not UTF-8"))
	}
	if !json.Valid(data) {
		return nil, problem.New(problem.BodyNotJSON).Because(errors.New("not JSON"))
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	v, err := next(d, MaxDepth)
	if deep, ok := err.(*tooDeep); ok {
		message := fmt.Sprintf("Must not be nested deeper than %d levels.", MaxDepth)
		return nil, problem.Invalid(problem.Field{Path: shorten(deep.path, 200), Message: message})
	}
	if err != nil {
		return nil, problem.New(problem.BodyNotJSON).Because(err)
	}
	if v.shape != isHash { // the documented text would not be true
		return nil, problem.Newf(problem.BodyNotJSON, "The JSON in the request body must be a hash; got %s.", v.kind())
	}
	return v, nil
}

// next reads one value, which may hold depth further levels.
func next(d *json.Decoder, depth int) (*value, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t := token.(type) {
	case bool:
		return &value{shape: isBool, text: strconv.FormatBool(t)}, nil
	case json.Number:
		return &value{shape: isNumber, text: t.String()}, nil
	case string:
		return &value{shape: isText, text: t}, nil
	case json.Delim:
		if depth == 0 {
			return nil, &tooDeep{}
		}
		v := &value{shape: isHash}
		if t == '[' {
			v.shape = isList
		}
		for d.More() {
			if err := v.grow(d, depth-1); err != nil {
				return nil, err
			}
		}
		_, err := d.Token()
		return v, err
	}
	return &value{shape: isNull}, nil
}

// grow reads the next entry of a list or hash.
func (v *value) grow(d *json.Decoder, depth int) error {
	name, at := "", fmt.Sprintf("[%d]", len(v.items))
	if v.shape == isHash {
		token, err := d.Token()
		if err != nil {
			return err
		}
		name, _ = token.(string)
		at = Printable(name)
	}
	inner, err := next(d, depth)
	if deep, ok := err.(*tooDeep); ok {
		return &tooDeep{join(at, deep.path)}
	}
	if err != nil {
		return err
	}
	if v.shape == isHash {
		v.members = append(v.members, member{name, inner})
	} else {
		v.items = append(v.items, inner)
	}
	return nil
}

// show is v as a message names it.
func (v *value) show() string {
	switch v.shape {
	case isBool, isNumber:
		return shorten(v.text, 60)
	case isText:
		return "'" + Printable(v.text) + "'"
	case isList:
		return "a list"
	case isHash:
		return "a hash"
	}
	return "null"
}

// kind is what v is, and tells nothing of what it holds.
func (v *value) kind() string {
	switch v.shape {
	case isBool:
		return "true or false"
	case isNumber:
		return "a number"
	case isText:
		return "a text"
	}
	return v.show()
}

// join makes the path of a part below path; an index needs no dot.
func join(path, part string) string {
	if path == "" || part == "" || strings.HasPrefix(part, "[") {
		return path + part
	}
	return path + "." + part
}

// Printable is a client's text as messages show it: at most 60 characters, and none that could
// upset a terminal or a log.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, shorten(s, 60))
}

// shorten cuts s after limit characters.
func shorten(s string, limit int) string {
	count := 0
	for i := range s {
		if count == limit {
			return s[:i] + "…"
		}
		count++
	}
	return s
}
