package schema_test

import (
	"testing"

	"compressor/internal/problem"
	"compressor/internal/schema"
)

// measures are texts of which little is asked.
type measures struct {
	A string `json:"a" minLength:"1"`
	B string `json:"b" maxLength:"1"`
	C string `json:"c" minLength:"2"`
	D struct {
		E string `json:"e" required:"true"`
		F int    `json:"f"`
	} `json:"d"`
}

// told are the fields of an error with their messages, "" for none.
func told(err error) (out string) {
	if err == nil {
		return ""
	}
	for _, f := range problem.From(err).Fields {
		out += f.Path + ": " + f.Message + "|"
	}
	return out
}

func TestLengths(t *testing.T) {
	var into measures
	err := schema.Decode([]byte(`{"a":"","b":"xy","c":"","d":{"e":"x"}}`), &into, schema.Opts{})
	if got := told(err); got != "a: Must not be empty.|b: Must be at most 1 character long; got 2.|c: Must be at least 2 characters long; got 0.|" {
		t.Error(got)
	}
}

// TestSalvage: what is good is there to be looked at further, beside the same complaints.
func TestSalvage(t *testing.T) {
	s, err := schema.Of(measures{}, schema.Opts{})
	if err != nil {
		t.Fatal(err)
	}
	document := []byte(`{"a":"good","c":"c","d":{"f":7}}`)
	var kept, untouched measures
	salvaged, decoded := s.Salvage(document, &kept), s.Decode(document, &untouched)
	if told(salvaged) != told(decoded) || told(salvaged) != "c: Must be at least 2 characters long; got 1.|d.e: Is required.|" {
		t.Errorf("%s, %s", told(salvaged), told(decoded))
	}
	if kept.A != "good" || kept.D.F != 7 || untouched != (measures{}) {
		t.Errorf("%+v, %+v", kept, untouched)
	}
	if err := s.Salvage([]byte(`{"a"`), &kept); !problem.Has(err, problem.BodyNotJSON) {
		t.Error(err)
	}
}
