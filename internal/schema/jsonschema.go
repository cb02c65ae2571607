package schema

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
)

// JSONSchema describes the options as JSON Schema 2020-12, the language of OpenAPI 3.1, in
// one piece without references. It takes what Decode takes, but for the rules of Check.
func (s *Schema) JSONSchema() map[string]any {
	out := s.root.jsonSchema()
	if properties, ok := out["properties"].(map[string]any); ok && s.patch {
		for _, f := range s.root.fields {
			if p, ok := properties[f.name].(map[string]any); ok && f.node.removable() {
				p["type"] = []any{p["type"], "null"}
			}
		}
	}
	return out
}

// jsonSchema describes one node.
func (n *node) jsonSchema() map[string]any {
	out := map[string]any{}
	switch n.kind {
	case hash:
		n.describeHash(out)
	case dict:
		out["type"], out["additionalProperties"] = "object", n.elem.jsonSchema()
		if n.rules.maxItems > 0 {
			out["maxProperties"] = n.rules.maxItems
		}
	case list:
		out["type"], out["items"] = "array", n.elem.jsonSchema()
		if n.rules.maxItems > 0 {
			out["maxItems"] = n.rules.maxItems
		}
		if n.single {
			out = map[string]any{"oneOf": []any{n.elem.jsonSchema(), out}}
		}
	case boolean:
		out["type"] = "boolean"
	case integer, number:
		out["type"] = n.word()
		for name, b := range map[string]*bound{"minimum": n.rules.minimum, "maximum": n.rules.maximum} {
			if b != nil {
				out[name] = json.Number(b.text)
			}
		}
		n.describeEnum(out)
	default:
		out["type"] = "string"
		n.describeText(out)
		n.describeEnum(out)
	}
	return out
}

// describeHash adds the fields of a struct.
func (n *node) describeHash(out map[string]any) {
	properties, required := map[string]any{}, []string{}
	for _, f := range n.fields {
		p := f.node.jsonSchema()
		if doc := f.tag.Get("doc"); doc != "" {
			p["description"] = doc
		}
		if f.def != nil {
			p["default"] = f.def.plain()
		}
		if f.node.rules.writeOnly {
			p["writeOnly"] = true
		}
		if f.required {
			required = append(required, f.name)
		}
		properties[f.name] = p
	}
	out["type"], out["properties"], out["additionalProperties"] = "object", properties, false
	if len(required) > 0 {
		out["required"] = required
	}
}

// describeText adds the rules of a text.
func (n *node) describeText(out map[string]any) {
	r := n.rules
	if n.kind == text && r.minLength > 0 {
		out["minLength"] = r.minLength
	}
	if n.kind == text && r.maxLength > 0 {
		out["maxLength"] = r.maxLength
	}
	if n.kind == text && r.pattern != nil {
		out["pattern"] = r.pattern.String()
	}
	if r.example != "" {
		out["examples"] = []any{r.example}
	}
}

// describeEnum adds the allowed words and their other spellings.
func (n *node) describeEnum(out map[string]any) {
	if len(n.rules.enum) == 0 {
		return
	}
	var words []any
	for _, word := range n.rules.enum {
		words = append(words, (&value{shape: n.shape(), text: word}).plain())
	}
	for _, from := range slices.Sorted(maps.Keys(n.rules.aliases)) {
		if slices.Contains(n.rules.enum, n.rules.aliases[from]) {
			words = append(words, from)
		}
	}
	out["enum"] = words
}

// shape is how a single value of n stands in JSON.
func (n *node) shape() shape {
	if n.kind == integer || n.kind == number {
		return isNumber
	}
	return isText
}

// plain is v as encoding/json writes it.
func (v *value) plain() any {
	switch v.shape {
	case isBool:
		out, _ := strconv.ParseBool(v.text)
		return out
	case isNumber:
		return json.Number(v.text)
	case isText:
		return v.text
	case isList:
		out := make([]any, 0, len(v.items))
		for _, item := range v.items {
			out = append(out, item.plain())
		}
		return out
	}
	return nil
}
