package httpapi

import (
	"context"
	"net/http"

	"compressor/internal/account"
	"compressor/internal/connector"
	"compressor/internal/deliver"
	"compressor/internal/recipe"
)

// Connectors keeps the credentials of buckets. connector.Store is one, and its methods say
// what they promise.
type Connectors interface {
	List(ctx context.Context) ([]connector.Connector, error)
	Create(ctx context.Context, c recipe.Connector) (connector.Connector, error)
	Explain(err error, c recipe.Connector) error
	ExplainPatch(ctx context.Context, id string, err error, p recipe.ConnectorPatch) error
	Get(ctx context.Context, id string) (connector.Connector, error)
	Update(ctx context.Context, id string, p recipe.ConnectorPatch) (connector.Connector, error)
	Delete(ctx context.Context, id string) error
}

// connectorReply is a connector without its secrets.
type connectorReply struct {
	ID          string            `json:"id"`
	Name        string            `json:"name"`
	Provider    string            `json:"provider"`
	Credentials map[string]string `json:"credentials,omitempty"` // what is no secret, or the end of it
	Bucket      string            `json:"bucket,omitempty"`
	Region      string            `json:"region,omitempty"`
	Path        string            `json:"path,omitempty"`
	ACL         string            `json:"acl,omitempty"`
	Endpoint    string            `json:"endpoint,omitempty"`
	CreatedAt   string            `json:"created_at"`
	UpdatedAt   string            `json:"updated_at"`
	LastUsedAt  string            `json:"last_used_at,omitempty"`
}

// connectorsReply lists all connectors.
type connectorsReply struct {
	Connectors []connectorReply `json:"connectors"`
}

// trialReply is what a connector turned out to be able to do.
type trialReply struct {
	OK     bool         `json:"ok"`
	Rights []rightReply `json:"rights"`
}

// rightReply is one right, and what the store says where it is missing.
type rightReply struct {
	Right   string `json:"right"`
	OK      bool   `json:"ok"`
	Reason  string `json:"reason,omitempty"`
	Message string `json:"message,omitempty"`
}

// connectorRoutes are those of all this.
func (s *Server) connectorRoutes() []route {
	return []route{
		{pattern: "/1.0/connectors", methods: map[string]call{
			http.MethodGet:  {s.listConnectors, account.Connectors, account.Requests},
			http.MethodPost: {s.makeConnector, account.Connectors, account.Requests},
		}},
		{pattern: "/1.0/connectors/{id}", methods: map[string]call{
			http.MethodGet:    {s.lookAtConnector, account.Connectors, account.Requests},
			http.MethodPatch:  {s.changeConnector, account.Connectors, account.Requests},
			http.MethodDelete: {s.deleteConnector, account.Connectors, account.Requests},
		}},
		{pattern: "/1.0/connectors/{id}/test", methods: map[string]call{http.MethodPost: {s.testConnector, account.Connectors, account.Requests}}},
	}
}

func connectorOf(c connector.Connector) connectorReply {
	return connectorReply{
		ID: c.ID, Name: c.Name, Provider: string(c.Provider), Credentials: c.Shown, Bucket: c.Bucket, Region: c.Region,
		Path: c.Path, ACL: string(c.ACL), Endpoint: c.Endpoint,
		CreatedAt: stamp(c.Created), UpdatedAt: stamp(c.Updated), LastUsedAt: stampOr(c.Used),
	}
}

// listConnectors is GET /1.0/connectors: the oldest first.
func (s *Server) listConnectors(x *exchange) error {
	list, err := s.to.Connectors.List(x.r.Context())
	if err != nil {
		return err
	}
	body := connectorsReply{Connectors: []connectorReply{}}
	for _, c := range list {
		body.Connectors = append(body.Connectors, connectorOf(c))
	}
	return x.reply(http.StatusOK, body)
}

// makeConnector is POST /1.0/connectors. Nothing is asked of the provider: that is what the
// test is for.
func (s *Server) makeConnector(x *exchange) error {
	text, err := s.readJSON(x, maxJSON)
	if err != nil {
		return err
	}
	var asked recipe.Connector
	if err := s.connectorBodies.Salvage(text, &asked); err != nil {
		return s.to.Connectors.Explain(err, asked)
	}
	c, err := s.to.Connectors.Create(x.r.Context(), asked)
	if err != nil {
		return err
	}
	x.Header().Set("Location", "/1.0/connectors/"+c.ID)
	return x.reply(http.StatusCreated, connectorOf(c))
}

// lookAtConnector is GET /1.0/connectors/{id}.
func (s *Server) lookAtConnector(x *exchange) error {
	id, err := pathID(x)
	if err != nil {
		return err
	}
	c, err := s.to.Connectors.Get(x.r.Context(), id)
	if err != nil {
		return err
	}
	return x.reply(http.StatusOK, connectorOf(c))
}

// changeConnector is PATCH /1.0/connectors/{id}: a JSON merge patch (RFC 7396), sent as
// JSON. Credentials are replaced whole.
func (s *Server) changeConnector(x *exchange) error {
	id, err := pathID(x)
	if err != nil {
		return err
	}
	text, err := s.readJSON(x, maxJSON)
	if err != nil {
		return err
	}
	var patch recipe.ConnectorPatch
	if err := s.connectorPatches.Salvage(text, &patch); err != nil {
		return s.to.Connectors.ExplainPatch(x.r.Context(), id, err, patch)
	}
	c, err := s.to.Connectors.Update(x.r.Context(), id, patch)
	if err != nil {
		return err
	}
	return x.reply(http.StatusOK, connectorOf(c))
}

// deleteConnector is DELETE /1.0/connectors/{id}. Jobs that still need it fail.
func (s *Server) deleteConnector(x *exchange) error {
	id, err := pathID(x)
	if err != nil {
		return err
	}
	c, err := s.to.Connectors.Get(x.r.Context(), id)
	if err == nil {
		err = s.to.Connectors.Delete(x.r.Context(), id)
	}
	if err != nil {
		return err
	}
	return x.reply(http.StatusOK, connectorOf(c))
}

// trialBody may name another bucket than that of the connector.
type trialBody struct {
	Bucket string `json:"bucket,omitempty" maxLength:"255" doc:"Bucket or container to test. Default: that of the connector."`
}

// testConnector is POST /1.0/connectors/{id}/test. The body may be left out.
func (s *Server) testConnector(x *exchange) error {
	id, err := pathID(x)
	if err != nil {
		return err
	}
	var body trialBody
	if x.r.ContentLength != 0 {
		text, err := s.readJSON(x, maxJSON)
		if err != nil {
			return err
		}
		if err := s.trialBodies.Decode(text, &body); err != nil {
			return err
		}
	}
	t, err := s.to.Stores.Try(x.r.Context(), id, body.Bucket)
	if err != nil {
		return err
	}
	return x.reply(http.StatusOK, trialOf(t))
}

func trialOf(t deliver.Trial) trialReply {
	body := trialReply{OK: t.OK()}
	for _, r := range t.Rights {
		right := rightReply{Right: r.Name, OK: r.Fault == nil}
		if r.Fault != nil {
			right.Reason, right.Message = string(r.Fault.Reason), t.Why(r)
		}
		body.Rights = append(body.Rights, right)
	}
	return body
}

// describeConnectors describes the management of connectors.
func (s *Server) describeConnectors(d *describer) hash {
	id := hash{"name": "id", "in": "path", "required": true, "schema": hash{"type": "string", "format": "uuid"}}
	body := func(schema hash) hash { return hash{"required": true, "content": asJSON(schema)} }
	return hash{
		"/1.0/connectors": hash{
			"get":  hash{"summary": "The connectors, the oldest first. Needs the scope connectors, as all of this.", "responses": d.replies(http.StatusOK, connectorsReply{})},
			"post": hash{"summary": "Keep the credentials of a bucket, sealed. They are never shown again.", "requestBody": body(s.connectorBodies.JSONSchema()), "responses": d.replies(http.StatusCreated, connectorReply{})},
		},
		"/1.0/connectors/{id}": hash{"parameters": []hash{id},
			"get":    hash{"summary": "A connector.", "responses": d.replies(http.StatusOK, connectorReply{})},
			"patch":  hash{"summary": "Change a connector, by a JSON merge patch. What is left out stays as it is, and null takes a value away.", "requestBody": body(s.connectorPatches.JSONSchema()), "responses": d.replies(http.StatusOK, connectorReply{})},
			"delete": hash{"summary": "Forget a connector. Jobs that still need it fail.", "responses": d.replies(http.StatusOK, connectorReply{})}},
		"/1.0/connectors/{id}/test": hash{"parameters": []hash{id},
			"post": hash{"summary": "Write, read, list and remove a small object, and tell which right is missing.",
				"requestBody": hash{"content": asJSON(s.trialBodies.JSONSchema())}, "responses": d.replies(http.StatusOK, trialReply{})}},
	}
}
