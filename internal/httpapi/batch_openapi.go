package httpapi

import (
	"maps"
	"net/http"
	"reflect"

	"compressor/internal/job"
)

// describeBatch describes POST /1.0/batch.
func (s *Server) describeBatch(d *describer) hash {
	whole := func(items hash) hash {
		out := s.uploads.JSONSchema()
		properties := maps.Clone(out["properties"].(hash))
		properties[itemsField] = items
		out["properties"] = properties
		return out
	}
	list := whole(hash{"type": "array", "minItems": 1, "maxItems": job.MaxItems, "items": s.fetchItems.JSONSchema(),
		"description": "The files to fetch. What an item leaves out, the options beside the items say."})
	list["properties"].(hash)[sourceField] = s.prefixes.JSONSchema() // instead of items
	list["oneOf"] = []hash{{"required": []string{itemsField}}, {"required": []string{sourceField, "store"}}}
	data := whole(hash{"type": "array", "maxItems": job.MaxItems, "items": hash{"oneOf": []any{s.fileItems.JSONSchema(), hash{"type": "null"}}},
		"description": "Options of the files at the same positions."})
	form := hash{
		"schema": hash{
			"type": "object", "required": []string{"file"}, "additionalProperties": false,
			"properties": hash{
				"file": hash{"type": "array", "minItems": 1, "maxItems": job.MaxItems, "items": hash{"type": "string", "contentMediaType": "application/octet-stream"}},
				"data": data,
			},
		},
		"encoding": hash{"data": hash{"contentType": "application/json"}},
	}
	content := asJSON(list)
	content["multipart/form-data"] = hash(form)
	return hash{"summary": "Compress many files as one job.", "parameters": submitHeaders()[:1],
		"responses":   d.replies(http.StatusAccepted, ackReply{}),
		"requestBody": hash{"required": true, "content": content}}
}

// describeWhole describes a batch.
func describeWhole(d *describer) hash {
	ref := d.of(reflect.TypeFor[batchReply]())
	item := hash{"oneOf": []any{d.of(reflect.TypeFor[openReply]()), d.of(reflect.TypeFor[resultReply]()), d.of(reflect.TypeFor[failedReply]())}}
	d.schemas["Batch"].(hash)["properties"].(hash)[itemsField] = hash{"type": "array", "items": item}
	return ref
}
