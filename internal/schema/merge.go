package schema

import (
	"bytes"
	"encoding/json"
	"slices"
	"unicode/utf8"

	"compressor/internal/problem"
)

// Member is one name of a JSON hash and its value, as they were written.
type Member struct {
	Name string
	Raw  json.RawMessage
}

// Members reads the top level of a JSON hash and keeps what encoding/json loses: the order
// of names, and names given twice. Error: body-not-json.
func Members(data []byte) ([]Member, error) {
	if !utf8.Valid(data) || !json.Valid(data) {
		return nil, problem.New(problem.BodyNotJSON)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		_, err := parse(data) // which says what it is
		return nil, err
	}
	var out []Member
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, problem.New(problem.BodyNotJSON).Because(err)
		}
		m := Member{}
		m.Name, _ = name.(string)
		if err := d.Decode(&m.Raw); err != nil {
			return nil, problem.New(problem.BodyNotJSON).Because(err)
		}
		out = append(out, m)
	}
	return out, nil
}

// Hash writes members as the JSON hash that Members reads.
func Hash(members []Member) []byte {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range members {
		if i > 0 {
			b.WriteByte(',')
		}
		name, _ := json.Marshal(m.Name) //nolint:errcheck // a text always has JSON
		b.Write(name)
		b.WriteByte(':')
		b.Write(m.Raw)
	}
	b.WriteByte('}')
	return b.Bytes()
}

// Lay lays one document's members over the defaults of another. What is given in both is
// own's, also where that is null; two hashes are laid field by field, but what a field of
// theirs holds stays whole, since its parts are read together.
func Lay(own, defaults []Member) []Member { return lay(own, defaults, true) }

func lay(own, defaults []Member, into bool) []Member {
	out := slices.Clone(own)
	for _, d := range defaults {
		at := slices.IndexFunc(out, func(m Member) bool { return m.Name == d.Name })
		if at < 0 {
			out = append(out, d)
			continue
		}
		if !into {
			continue
		}
		mine, err := Members(out[at].Raw)
		if err != nil {
			continue // no hash
		}
		if theirs, err := Members(d.Raw); err == nil {
			out[at].Raw = Hash(lay(mine, theirs, false))
		}
	}
	return out
}
