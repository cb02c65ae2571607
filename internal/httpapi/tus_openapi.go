package httpapi

import (
	"net/http"
	"reflect"
)

// describeTus describes resumable uploads.
func (s *Server) describeTus(d *describer) hash {
	header := func(name, about string, required bool, schema hash) hash {
		return hash{"name": name, "in": "header", "required": required, "description": about, "schema": schema}
	}
	count := hash{"type": "integer", "minimum": 0}
	version := header("Tus-Resumable", "Version of tus.", true, hash{"type": "string", "const": "1.0.0"})
	told := func(names ...string) hash {
		about := map[string]string{
			"Location":       "Address of the upload.",
			"Upload-Offset":  "Bytes that have come. They outlast a crash.",
			"Upload-Length":  "Bytes in all.",
			"Upload-Expires": "When the upload is removed unless it is complete.",
			jobHeader:        "Id of the job, once the last byte has come. It is the id of the upload, too.",
		}
		out := hash{}
		for _, name := range names {
			out[name] = hash{"description": about[name], "schema": hash{"type": "string"}}
		}
		return out
	}
	chunk := hash{"application/offset+octet-stream": hash{"schema": hash{"type": "string", "format": "binary"}}}
	options := hash{"summary": "What of tus is spoken.", "responses": hash{
		"200":     hash{"description": "See Tus-Version, Tus-Extension and Tus-Max-Size."},
		"default": d.failure()}}
	creation := hash{
		"options": options,
		"post": hash{"summary": "Begin a resumable upload (tus 1.0).",
			"parameters": []hash{version,
				header("Upload-Length", "Size of the file, in bytes.", true, hash{"type": "integer", "minimum": 1}),
				header("Upload-Metadata", "filename, the name of the file, and data, the JSON that POST /1.0/upload takes as data, each in base64.", false, hash{"type": "string"})},
			"requestBody": hash{"required": false, "description": "The first bytes.", "content": chunk},
			"responses": hash{"201": hash{"description": "Begun.", "headers": told("Location", "Upload-Offset", "Upload-Expires", jobHeader)},
				"default": d.failure()}},
	}
	state := states(d)
	state["oneOf"] = append(state["oneOf"].([]any), d.of(reflect.TypeFor[uploadReply]()))
	id := jobParameter()
	id["description"] = "Of the upload."
	return hash{
		"/1.0/uploads":  creation,
		"/1.0/uploads/": creation,
		"/1.0/uploads/{id}": hash{"parameters": []hash{id},
			"options": options,
			"get": hash{"summary": "An upload or, once it is complete, its job.", "responses": hash{
				"200": hash{"description": http.StatusText(http.StatusOK) + ".", "content": asJSON(state)}, "default": d.failure()}},
			"head": hash{"summary": "How far an upload has come.", "responses": hash{
				"200":     hash{"description": "See the headers.", "headers": told("Upload-Offset", "Upload-Length", "Upload-Expires", jobHeader)},
				"default": d.failure()}},
			"patch": hash{"summary": "Send what follows.",
				"parameters":  []hash{version, header("Upload-Offset", "Where the body begins: where the last one ended.", true, count)},
				"requestBody": hash{"required": true, "content": chunk},
				"responses": hash{"204": hash{"description": "Stored.", "headers": told("Upload-Offset", "Upload-Expires", jobHeader)},
					"default": d.failure()}},
			"delete": hash{"summary": "Give an upload up.", "parameters": []hash{version}, "responses": hash{
				"204": hash{"description": "Removed."}, "default": d.failure()}},
		},
	}
}
