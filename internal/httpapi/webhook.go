package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"compressor/internal/job"
	"compressor/internal/problem"
	"compressor/internal/recipe"
	"compressor/internal/webhook"
)

// notice is whom to tell of the end of a job, for its row; nil for nobody.
func (s *Server) notice(x *exchange, w *recipe.Webhook) (json.RawMessage, error) {
	if w == nil {
		return nil, nil
	}
	o := webhook.Order{URL: w.URL, Headers: w.Headers, Delay: time.Duration(w.Delay) * time.Second}
	for _, e := range w.Events {
		o.Events = append(o.Events, job.State(e))
	}
	return s.to.Webhooks.Notice(x.key.ID, o)
}

// webhookFaults judges the address and the headers of a webhook as far as they are texts;
// what is not, the schema has found.
func webhookFaults(given map[string]json.RawMessage) []problem.Field {
	hook := members(given["webhook"])
	address, ok := text(hook["url"])
	if !ok {
		return nil
	}
	return webhook.Faults(address, texts(hook["headers"]))
}

// Render is a job as GET /1.0/jobs/{id} answers it, byte for byte: the body of a webhook.
func (s *Server) Render(ctx context.Context, j job.Job) ([]byte, error) {
	body, err := s.jobReply(ctx, j)
	if err != nil {
		return nil, err
	}
	return encode(body)
}

// deliveryReply is one delivery of a webhook and what became of it.
type deliveryReply struct {
	ID        string     `json:"id"`
	JobID     string     `json:"job_id"`
	URL       string     `json:"url"` // without its secrets
	State     string     `json:"state"`
	Attempts  []tryReply `json:"attempts"`
	CreatedAt string     `json:"created_at"`
	NextAt    string     `json:"next_at,omitempty"`
	EndedAt   string     `json:"ended_at,omitempty"`
}

type tryReply struct {
	At     string `json:"at"`
	Status int    `json:"status,omitempty"` // left out when there was no answer
	Millis int64  `json:"ms"`
	Error  string `json:"error,omitempty"`
}

// deliveriesReply is a page of the log.
type deliveriesReply struct {
	Webhooks []deliveryReply `json:"webhooks"`
	Total    int             `json:"total"`
	Offset   int             `json:"offset"`
	Limit    int             `json:"limit"`
}

func deliveryOf(d webhook.Delivery) deliveryReply {
	r := deliveryReply{ID: d.ID, JobID: d.JobID, URL: d.URL, State: string(d.State), CreatedAt: stamp(d.Made), Attempts: []tryReply{}}
	for _, t := range d.Tries {
		r.Attempts = append(r.Attempts, tryReply{At: stamp(t.At), Status: t.Status, Millis: t.Took.Milliseconds(), Error: t.Error})
	}
	if !d.Next.IsZero() && d.State != webhook.Dispatched {
		r.NextAt = stamp(d.Next)
	}
	if !d.Ended.IsZero() {
		r.EndedAt = stamp(d.Ended)
	}
	return r
}

// Bounds of a page of the log.
const (
	usualPage = 50
	mostPage  = 100
)

// webhooks is GET /1.0/webhooks.
func (s *Server) webhooks(x *exchange) error {
	var state webhook.State
	offset, limit := 0, usualPage
	err := readQuery(x.r, map[string]func(string) string{
		"offset": func(v string) string { return readCount(v, 0, 1<<31-1, &offset) },
		"limit":  func(v string) string { return readCount(v, 1, mostPage, &limit) },
		"status": func(v string) string {
			if state = webhook.State(v); !slices.Contains(webhook.States(), state) {
				return "Must be one of " + stateWords() + "."
			}
			return ""
		},
	})
	if err != nil {
		return err
	}
	list, total, err := s.to.Webhooks.List(x.r.Context(), x.key.ID, state, offset, limit)
	if err != nil {
		return err
	}
	reply := deliveriesReply{Webhooks: []deliveryReply{}, Total: total, Offset: offset, Limit: limit}
	for _, d := range list {
		reply.Webhooks = append(reply.Webhooks, deliveryOf(d))
	}
	return x.reply(http.StatusOK, reply)
}

func stateWords() string {
	var words []string
	for _, s := range webhook.States() {
		words = append(words, string(s))
	}
	return strings.Join(words, ", ")
}

// webhook is GET /1.0/webhooks/{id}.
func (s *Server) webhook(x *exchange) error {
	id, err := pathID(x)
	if err != nil {
		return err
	}
	d, err := s.to.Webhooks.Get(x.r.Context(), x.key.ID, id)
	if err != nil {
		return err
	}
	return x.reply(http.StatusOK, deliveryOf(d))
}

// replay is POST /1.0/webhooks/{id}/replay.
func (s *Server) replay(x *exchange) error {
	id, err := pathID(x)
	if err != nil {
		return err
	}
	d, err := s.to.Webhooks.Replay(x.r.Context(), x.key.ID, id)
	if err != nil {
		return err
	}
	return x.reply(http.StatusAccepted, deliveryOf(d))
}

// secretReply is a secret when it was made: the only time that it is shown.
type secretReply struct {
	ID        string `json:"id"`
	Secret    string `json:"secret"`
	CreatedAt string `json:"created_at"`
}

type knownSecret struct {
	ID        string `json:"id"`
	CreatedAt string `json:"created_at"`
	Last4     string `json:"last4"`
}

type secretsReply struct {
	Secrets []knownSecret `json:"secrets"`
}

// webhookSecrets is GET /1.0/webhooks/secrets.
func (s *Server) webhookSecrets(x *exchange) error {
	list, err := s.to.Webhooks.Secrets(x.r.Context(), x.key.ID)
	if err != nil {
		return err
	}
	reply := secretsReply{Secrets: []knownSecret{}}
	for _, k := range list {
		reply.Secrets = append(reply.Secrets, knownSecret{ID: k.ID, CreatedAt: stamp(k.Made), Last4: k.Last4})
	}
	return x.reply(http.StatusOK, reply)
}

// makeWebhookSecret is POST /1.0/webhooks/secrets.
func (s *Server) makeWebhookSecret(x *exchange) error {
	text, made, err := s.to.Webhooks.MakeSecret(x.r.Context(), x.key.ID)
	if err != nil {
		return err
	}
	return x.reply(http.StatusCreated, secretReply{ID: made.ID, Secret: text, CreatedAt: stamp(made.Made)})
}

// dropWebhookSecret is DELETE /1.0/webhooks/secrets?id=…; the answer is what is left.
func (s *Server) dropWebhookSecret(x *exchange) error {
	id := ""
	err := readQuery(x.r, map[string]func(string) string{"id": func(v string) string { id = v; return "" }})
	if err != nil {
		return err
	}
	if id == "" {
		return problem.Invalid(problem.Field{Path: "id", Message: "Must be the id of a secret, as GET /1.0/webhooks/secrets lists them."})
	}
	if err := s.to.Webhooks.DropSecret(x.r.Context(), x.key.ID, id); err != nil {
		return err
	}
	return s.webhookSecrets(x)
}
