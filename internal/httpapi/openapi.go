package httpapi

import (
	"encoding/json"
	"maps"
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

func (s *Server) describePaths(d *describer) hash {
	data := s.uploads.JSONSchema()
	form := hash{
		"schema": hash{
			"type": "object", "required": []string{"file"}, "additionalProperties": false,
			"properties": hash{"file": hash{"type": "string", "contentMediaType": "application/octet-stream"}, "data": data},
		},
		"encoding": hash{"data": hash{"contentType": "application/json"}},
	}
	submitted := func() hash {
		return d.replies(http.StatusOK, resultReply{}, http.StatusAccepted, ackReply{})
	}
	state := hash{"200": hash{"description": "The job as it stands.", "content": asJSON(hash{"oneOf": []any{
		d.of(reflect.TypeFor[openReply]()), d.of(reflect.TypeFor[resultReply]()), d.of(reflect.TypeFor[failedReply]()),
	}})}, "default": d.failure()}
	id := hash{"name": "id", "in": "path", "required": true, "schema": hash{"type": "string", "format": "uuid"}}
	wait := hash{"name": "wait", "in": "query", "description": "Seconds to wait for a change of state.",
		"schema": hash{"type": "integer", "minimum": 0, "maximum": maxWait, "default": 0}}
	part := func(name, about string, schema hash) hash {
		return hash{"name": name, "in": "path", "required": true, "description": about, "schema": schema}
	}
	open := []hash{}
	paths := hash{
		"/1.0/account": hash{"get": hash{"summary": "The key, its limits and its use.", "responses": d.replies(http.StatusOK, accountReply{})}},
		"/1.0/upload": hash{"post": hash{"summary": "Compress a file that is sent along.", "responses": submitted(),
			"requestBody": hash{"required": true, "content": hash{"multipart/form-data": form}}}},
		"/1.0/fetch": hash{"post": hash{"summary": "Compress a file from a URL.", "responses": submitted(),
			"requestBody": hash{"required": true, "content": asJSON(s.fetches.JSONSchema())}}},
		"/1.0/jobs/{id}": hash{"parameters": []hash{id},
			"get":    hash{"summary": "A job and, once it has ended, its result.", "parameters": []hash{wait}, "responses": state},
			"delete": hash{"summary": "Cancel a job, or remove its result.", "responses": state}},
		linkPattern: hash{"get": hash{"summary": "A result. The address comes from a reply; it needs no key.", "security": open,
			"parameters": []hash{part("unix", "Means nothing to clients.", hash{"type": "integer"}),
				part("uuid", "The secret of the link.", hash{"type": "string", "format": "uuid"}),
				part("name", "Name of the file.", hash{"type": "string"})},
			"responses": hash{"200": hash{"description": "The file."}, "206": hash{"description": "A range of the file."}, "default": d.failure()}}},
		"/healthz": hash{"get": hash{"summary": "Whether the service lives.", "security": open, "responses": d.replies(http.StatusOK, healthReply{})}},
		"/readyz":  hash{"get": hash{"summary": "Whether work is taken.", "security": open, "responses": d.replies(http.StatusOK, healthReply{})}},
	}
	maps.Copy(paths, describeWebhooks(d))
	return paths
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
