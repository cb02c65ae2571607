package httpapi

import (
	"maps"
	"net/http"
	"reflect"
)

// describePaths describes every endpoint.
func (s *Server) describePaths(d *describer) hash {
	open := []hash{}
	part := func(name, about string, schema hash) hash {
		return hash{"name": name, "in": "path", "required": true, "description": about, "schema": schema}
	}
	paths := hash{
		"/1.0/account":          hash{"get": hash{"summary": "The key, its limits and its use.", "responses": d.replies(http.StatusOK, accountReply{})}},
		"/1.0/upload":           hash{"post": s.describeUpload(d)},
		"/1.0/fetch":            hash{"post": s.describeFetch(d)},
		"/1.0/batch":            hash{"post": s.describeBatch(d)},
		"/1.0/jobs":             hash{"get": describeList(d)},
		"/1.0/jobs/{id}":        describeJob(d),
		"/1.0/jobs/{id}/events": hash{"parameters": []hash{jobParameter()}, "get": describeEvents(d)},
		linkPattern: hash{"get": hash{"summary": "A result. The address comes from a reply; it needs no key.", "security": open,
			"parameters": []hash{part("unix", "Means nothing to clients.", hash{"type": "integer"}),
				part("uuid", "The secret of the link.", hash{"type": "string", "format": "uuid"}),
				part("name", "Name of the file.", hash{"type": "string"})},
			"responses": hash{"200": hash{"description": "The file."}, "206": hash{"description": "A range of the file."}, "default": d.failure()}}},
		"/healthz": hash{"get": hash{"summary": "Whether the service lives.", "security": open, "responses": d.replies(http.StatusOK, healthReply{})}},
		"/readyz":  hash{"get": hash{"summary": "Whether work is taken.", "security": open, "responses": d.replies(http.StatusOK, healthReply{})}},
	}
	maps.Copy(paths, describeWebhooks(d))
	maps.Copy(paths, s.describeKeys(d))
	maps.Copy(paths, s.describeConnectors(d))
	maps.Copy(paths, s.describeTus(d))
	return paths
}

func (s *Server) describeUpload(d *describer) hash {
	form := hash{
		"schema": hash{
			"type": "object", "required": []string{"file"}, "additionalProperties": false,
			"properties": hash{"file": hash{"type": "string", "contentMediaType": "application/octet-stream"}, "data": s.uploads.JSONSchema()},
		},
		"encoding": hash{"data": hash{"contentType": "application/json"}},
	}
	return hash{"summary": "Compress a file that is sent along.", "responses": submitted(d), "parameters": submitHeaders(),
		"requestBody": hash{"required": true, "content": hash{"multipart/form-data": form}}}
}

func (s *Server) describeFetch(d *describer) hash {
	return hash{"summary": "Compress a file from a URL.", "responses": submitted(d), "parameters": submitHeaders(),
		"requestBody": hash{"required": true, "content": asJSON(s.fetches.JSONSchema())}}
}

// submitted are the replies to a file: the result, in one form or the other, or an
// acknowledgement.
func submitted(d *describer) hash {
	out := d.replies(http.StatusOK, resultReply{}, http.StatusAccepted, ackReply{})
	done := out["200"].(hash)
	done["content"].(hash)["*/*"] = hash{"schema": hash{"type": "string", "format": "binary", "description": "The result, where a binary reply was asked for."}}
	done["headers"] = hash{resultHeader: hash{"description": "Of a binary reply: the JSON, without report and metadata, in ASCII.", "schema": hash{"type": "string"}}}
	return out
}

func submitHeaders() []hash {
	return []hash{
		{"name": onceHeader, "in": "header", "description": "For 24 hours, another request of this key with the same value is answered with the same job, if it is the same request, else with 409.",
			"schema": hash{"type": "string", "minLength": 1, "maxLength": maxOnce}},
		{"name": "Prefer", "in": "header", "description": "respond-async: answer 202 at once.", "schema": hash{"type": "string"}},
		{"name": "Accept", "in": "header", "description": "One that takes no JSON, such as image/*, asks for a binary reply.", "schema": hash{"type": "string"}},
	}
}

func jobParameter() hash {
	return hash{"name": "id", "in": "path", "required": true, "schema": hash{"type": "string", "format": "uuid"}}
}

// states are the shapes of a job.
func states(d *describer) hash {
	return hash{"oneOf": []any{d.of(reflect.TypeFor[openReply]()), d.of(reflect.TypeFor[resultReply]()), d.of(reflect.TypeFor[failedReply]()), describeWhole(d)}}
}

func describeJob(d *describer) hash {
	state := hash{"200": hash{"description": "The job as it stands.", "content": asJSON(states(d))}, "default": d.failure()}
	wait := query("wait", "Seconds to wait for a change of state.", hash{"type": "integer", "minimum": 0, "maximum": maxWait, "default": 0})
	return hash{"parameters": []hash{jobParameter()},
		"get":    hash{"summary": "A job and, once it has ended, its result.", "parameters": []hash{wait}, "responses": state},
		"delete": hash{"summary": "Cancel a job, or remove its result.", "responses": state}}
}

func query(name, about string, schema hash) hash {
	return hash{"name": name, "in": "query", "description": about, "schema": schema}
}

func describeList(d *describer) hash {
	d.of(reflect.TypeFor[listReply]())
	d.schemas["List"].(hash)["properties"].(hash)["jobs"] = hash{"type": "array", "items": states(d)}
	when := hash{"type": "string", "format": "date-time"}
	return hash{"summary": "The jobs of the key, newest first, without reports.", "responses": d.replies(http.StatusOK, listReply{}),
		"parameters": []hash{
			query("status", "Only jobs in this state.", hash{"type": "string", "enum": []string{"enqueued", "processing", "completed", "failed"}}),
			query("start", "Only jobs made at this time or later; a date will do.", when),
			query("end", "Only jobs made before this time; a date will do.", when),
			query("tag", "Only jobs with this tag.", hash{"type": "string", "minLength": 1, "maxLength": maxTag}),
			query("batch", "Only the items of this batch, in their order; otherwise items are not listed.", hash{"type": "string", "format": "uuid"}),
			query("offset", "How many to leave out. Behind the last one possible, go on with end.", hash{"type": "integer", "minimum": 0, "maximum": maxOffset, "default": 0}),
			query("limit", "Most jobs in the reply.", hash{"type": "integer", "minimum": 1, "maximum": maxPage, "default": defaultPage}),
		}}
}

func describeEvents(d *describer) hash {
	return hash{"summary": "Follow a job by server-sent events: state, progress and, at the end, done, each with the job as its data.",
		"parameters": []hash{{"name": "Last-Event-ID", "in": "header", "description": "Id of the last event seen: nothing is told twice.", "schema": hash{"type": "string"}}},
		"responses": hash{
			"200":     hash{"description": "The stream, which ends after done.", "content": hash{"text/event-stream": hash{"schema": hash{"type": "string"}}}},
			"204":     hash{"description": "The client has seen the end."},
			"default": d.failure()}}
}
