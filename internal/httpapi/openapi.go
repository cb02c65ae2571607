package httpapi

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"compressor/internal/problem"
)

// hash is a JSON object of the description.
type hash = map[string]any

// reference is GET /1.0/openapi.json.
func (s *Server) reference(x *exchange) error {
	x.send(http.StatusOK, s.openapi)
	return nil
}

// describe writes the API down as OpenAPI 3.1: the requests from the option structs, the
// replies from the structs they are written from, the errors from their table.
func (s *Server) describe() ([]byte, error) {
	d := describer{schemas: hash{}}
	paths := s.describePaths(&d)
	return json.Marshal(hash{
		"openapi": "3.1.0",
		"info":    hash{"title": "Compressor API", "version": "1.0"},
		"servers": []hash{{"url": s.config.BaseURL}},
		"paths":   paths,
		"components": hash{
			"schemas": d.schemas,
			"securitySchemes": hash{
				"basic":  hash{"type": "http", "scheme": "basic", "description": "The API key as user name, with an empty password."},
				"bearer": hash{"type": "http", "scheme": "bearer", "description": "The API key."},
			},
		},
		"security": []hash{{"basic": []string{}}, {"bearer": []string{}}},
	})
}

func asJSON(schema any) hash { return hash{"application/json": hash{"schema": schema}} }

// describer gathers the schemas of replies.
type describer struct{ schemas hash }

// replies describes successes, given as status and body in turn, and the error.
func (d *describer) replies(pairs ...any) hash {
	out := hash{"default": d.failure()}
	for i := 0; i+1 < len(pairs); i += 2 {
		status := pairs[i].(int)
		out[strconv.Itoa(status)] = hash{
			"description": http.StatusText(status) + ".",
			"content":     asJSON(d.of(reflect.TypeOf(pairs[i+1]))),
		}
	}
	return out
}

func (d *describer) failure() hash {
	return hash{"description": "An error.", "content": asJSON(d.of(reflect.TypeFor[errorReply]()))}
}

// of describes a Go type as encoding/json writes it.
func (d *describer) of(t reflect.Type) hash {
	switch t.Kind() {
	case reflect.Pointer:
		return d.of(t.Elem())
	case reflect.Struct:
		return d.object(t)
	case reflect.Slice:
		return hash{"type": "array", "items": d.of(t.Elem())}
	case reflect.Map, reflect.Interface:
		return hash{}
	case reflect.Bool:
		return hash{"type": "boolean"}
	case reflect.Float64:
		return hash{"type": "number"}
	case reflect.Int, reflect.Int64:
		return hash{"type": "integer"}
	}
	if t == reflect.TypeFor[problem.Code]() {
		var codes []problem.Code
		for _, row := range problem.Table() {
			codes = append(codes, row.Code)
		}
		return hash{"type": "string", "enum": codes}
	}
	return hash{"type": "string"}
}

// object describes a struct once, by its name, and refers to it.
func (d *describer) object(t reflect.Type) hash {
	name := strings.TrimSuffix(t.Name(), "Reply")
	name = strings.ToUpper(name[:1]) + name[1:]
	ref := hash{"$ref": "#/components/schemas/" + name}
	if _, known := d.schemas[name]; known {
		return ref
	}
	properties, required := hash{}, []string{}
	d.schemas[name] = hash{} // before its fields: a report holds reports
	for f := range t.Fields() {
		word, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		properties[word] = d.of(f.Type)
		if options != "omitempty" {
			required = append(required, word)
		}
	}
	d.schemas[name] = hash{"type": "object", "properties": properties, "required": required}
	return ref
}
