package httpapi

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"compressor/internal/account"
)

// keyBody is what a key is to be: all of it at POST, what changes at PATCH.
type keyBody struct {
	Name    *string    `json:"name" maxLength:"255" doc:"What the key is for."`
	Scopes  []string   `json:"scopes" enum:"compress,read,connectors,admin" maxItems:"4" doc:"What it may do. At POST compress and read if not given."`
	Limits  *keyLimits `json:"limits" doc:"Limits of its own. One that is not given stays as it is; null or 0 is that of the service."`
	Expires *moment    `json:"expires" doc:"When the key ends, a time or a date in UTC; null for never."`
}

type keyLimits struct {
	Rate       *int    `json:"rate" minimum:"0" maximum:"1000000000" doc:"Requests in a window."`
	Concurrent *int    `json:"concurrent" minimum:"0" maximum:"1000000" doc:"Jobs that run at once."`
	Queued     *int    `json:"queued" minimum:"0" maximum:"1000000" doc:"Jobs that wait."`
	Bytes      *int64  `json:"bytes" minimum:"0" maximum:"9007199254740991" doc:"Bytes of the inputs of jobs that have not ended."`
	Until      *moment `json:"until" doc:"From then on all limits are the service's, a time or a date in UTC; null for good."`
}

// moment is a time as clients write it.
type moment struct{ time.Time }

// UnmarshalText reads a time (RFC 3339) or a date, which begins at midnight UTC.
func (m *moment) UnmarshalText(text []byte) error {
	if readTime(string(text), &m.Time) != "" {
		return errors.New("a time such as 2026-11-24T18:00:00Z, or a date, which begins at midnight UTC")
	}
	return nil
}

// keyReply is a key as those see it who manage keys.
type keyReply struct {
	ID         string          `json:"id"`
	Name       string          `json:"name"`
	Key        string          `json:"key,omitempty"` // once, when it is made
	Prefix     string          `json:"prefix,omitempty"`
	Scopes     []account.Scope `json:"scopes"`
	Limits     ownLimitsReply  `json:"limits"`
	CreatedAt  string          `json:"created_at"`
	Expires    string          `json:"expires,omitempty"`
	RevokedAt  string          `json:"revoked_at,omitempty"`
	LastUsedAt string          `json:"last_used_at,omitempty"`
	Usage      *accountUsage   `json:"usage,omitempty"` // of one that is looked at
}

// ownLimitsReply are limits as they were set; one that is left out is the service's.
type ownLimitsReply struct {
	Rate       int    `json:"rate,omitempty"`
	Concurrent int    `json:"concurrent,omitempty"`
	Queued     int    `json:"queued,omitempty"`
	Bytes      int64  `json:"bytes,omitempty"`
	Until      string `json:"until,omitempty"`
}

// keysReply is a page of keys.
type keysReply struct {
	Keys   []keyReply `json:"keys"`
	Offset int        `json:"offset"`
	Limit  int        `json:"limit"`
	More   bool       `json:"more"`
}

func keyOf(k account.Key) keyReply {
	return keyReply{
		ID: k.ID, Name: k.Name, Prefix: k.Prefix, Scopes: k.Scopes,
		Limits: ownLimitsReply{Rate: k.Own.Rate, Concurrent: k.Own.Concurrent, Queued: k.Own.Queued,
			Bytes: k.Own.Bytes, Until: stampOr(k.Own.Until)},
		CreatedAt: stamp(k.Created), Expires: stampOr(k.Expires), RevokedAt: stampOr(k.Revoked), LastUsedAt: stampOr(k.LastUsed),
	}
}

// stampOr is stamp, "" for no time.
func stampOr(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return stamp(t)
}

// listKeys is GET /1.0/keys: the oldest first, revoked ones too.
func (s *Server) listKeys(x *exchange) error {
	body := keysReply{Keys: []keyReply{}, Limit: defaultPage}
	err := readQuery(x.r, map[string]func(string) string{
		"offset": func(v string) string { return readCount(v, 0, maxOffset, &body.Offset) },
		"limit":  func(v string) string { return readCount(v, 1, maxPage, &body.Limit) },
	})
	if err != nil {
		return err
	}
	list, err := s.to.Keys.Page(x.r.Context(), body.Offset, body.Limit+1)
	if err != nil {
		return err
	}
	if body.More = len(list) > body.Limit; body.More {
		list = list[:body.Limit]
	}
	for _, k := range list {
		body.Keys = append(body.Keys, keyOf(k))
	}
	return x.reply(http.StatusOK, body)
}

// makeKey is POST /1.0/keys. A key with the scope admin may give every scope, also those it
// lacks itself: who may make keys may have any.
func (s *Server) makeKey(x *exchange) error {
	edit, err := s.readKey(x)
	if err != nil {
		return err
	}
	var like account.Key
	edit(&like)
	secret, key, err := s.to.Keys.Make(x.r.Context(), like)
	if err != nil {
		return err
	}
	body := keyOf(key)
	body.Key = secret
	x.Header().Set("Location", "/1.0/keys/"+key.ID)
	return x.reply(http.StatusCreated, body)
}

// lookAtKey is GET /1.0/keys/{id}.
func (s *Server) lookAtKey(x *exchange) error {
	id, err := pathID(x)
	if err != nil {
		return err
	}
	key, err := s.to.Keys.Get(x.r.Context(), id)
	if err != nil {
		return err
	}
	body := keyOf(key)
	if body.Usage, err = s.usage(x, id); err != nil {
		return err
	}
	return x.reply(http.StatusOK, body)
}

// changeKey is PATCH /1.0/keys/{id}: a JSON merge patch (RFC 7396), sent as JSON.
func (s *Server) changeKey(x *exchange) error {
	id, err := pathID(x)
	if err != nil {
		return err
	}
	edit, err := s.readKey(x)
	if err != nil {
		return err
	}
	key, err := s.to.Keys.ChangeSafely(x.r.Context(), id, edit)
	if err != nil {
		return err
	}
	if err := s.to.Desk.Readmit(x.r.Context(), id); err != nil {
		return err
	}
	return x.reply(http.StatusOK, keyOf(key))
}

// revokeKey is DELETE /1.0/keys/{id}. What the key has sent goes on; its row stays.
func (s *Server) revokeKey(x *exchange) error {
	id, err := pathID(x)
	if err != nil {
		return err
	}
	key, err := s.to.Keys.RevokeSafely(x.r.Context(), id)
	if err != nil {
		return err
	}
	return x.reply(http.StatusOK, keyOf(key))
}

// readKey reads the body of a request to make or change a key.
func (s *Server) readKey(x *exchange) (edit func(*account.Key), err error) {
	text, err := s.readJSON(x, maxJSON)
	if err != nil {
		return nil, err
	}
	var body keyBody
	if err := s.keyBodies.Decode(text, &body); err != nil {
		return nil, err
	}
	given := members(text)
	return func(k *account.Key) { body.edit(k, given) }, nil
}

// edit changes k as the body says. given is needed for what is null: it clears.
func (b keyBody) edit(k *account.Key, given map[string]json.RawMessage) {
	if b.Name != nil || isNull(given["name"]) {
		k.Name = value(b.Name)
	}
	if b.Scopes != nil || isNull(given["scopes"]) {
		k.Scopes = nil
		if b.Scopes != nil {
			k.Scopes = []account.Scope{} // none is not the same as not said
		}
		for _, s := range b.Scopes {
			if !k.May(account.Scope(s)) {
				k.Scopes = append(k.Scopes, account.Scope(s))
			}
		}
	}
	if b.Expires != nil || isNull(given["expires"]) {
		k.Expires = value(b.Expires).Time
	}
	if isNull(given["limits"]) {
		k.Own = account.Own{}
	}
	if b.Limits == nil {
		return
	}
	l, own := members(given["limits"]), b.Limits
	set := func(to *int, v *int, name string) {
		if v != nil || isNull(l[name]) {
			*to = value(v)
		}
	}
	set(&k.Own.Rate, own.Rate, "rate")
	set(&k.Own.Concurrent, own.Concurrent, "concurrent")
	set(&k.Own.Queued, own.Queued, "queued")
	if own.Bytes != nil || isNull(l["bytes"]) {
		k.Own.Bytes = value(own.Bytes)
	}
	if own.Until != nil || isNull(l["until"]) {
		k.Own.Until = value(own.Until).Time
	}
}

// value is what p points to, the zero value for nil.
func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

func isNull(raw json.RawMessage) bool { return string(raw) == "null" }

// describeKeys describes the management of keys.
func (s *Server) describeKeys(d *describer) hash {
	id := hash{"name": "id", "in": "path", "required": true, "schema": hash{"type": "string", "format": "uuid"}}
	body := hash{"required": true, "content": asJSON(s.keyBodies.JSONSchema())}
	return hash{
		"/1.0/keys": hash{
			"get": hash{"summary": "The API keys, the oldest first, revoked ones too. Needs the scope admin, as all of this.",
				"parameters": []hash{
					query("offset", "How many to leave out.", hash{"type": "integer", "minimum": 0, "maximum": maxOffset, "default": 0}),
					query("limit", "Most keys in the reply.", hash{"type": "integer", "minimum": 1, "maximum": maxPage, "default": defaultPage}),
				}, "responses": d.replies(http.StatusOK, keysReply{})},
			"post": hash{"summary": "Make a key. It is shown this once, as key.", "requestBody": body, "responses": d.replies(http.StatusCreated, keyReply{})},
		},
		"/1.0/keys/{id}": hash{"parameters": []hash{id},
			"get":    hash{"summary": "A key and its use.", "responses": d.replies(http.StatusOK, keyReply{})},
			"patch":  hash{"summary": "Change a key, at once. What is left out stays as it is.", "requestBody": body, "responses": d.replies(http.StatusOK, keyReply{})},
			"delete": hash{"summary": "Revoke a key, at once and for good.", "responses": d.replies(http.StatusOK, keyReply{})}},
	}
}
