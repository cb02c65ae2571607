package httpapi

import (
	"net/http"

	"compressor/internal/problem"
)

type healthReply struct {
	ID      string `json:"id"`
	Status  string `json:"status"`
	Version string `json:"version,omitempty"`
	Sandbox string `json:"sandbox,omitempty"`
}

// health is GET /healthz: the process lives.
func (s *Server) health(x *exchange) error {
	return x.reply(http.StatusOK, healthReply{ID: x.id, Status: "alive", Version: s.config.Version, Sandbox: s.config.Sandbox})
}

// ready is GET /readyz: whether work is taken. Whatever the reason against it, the status
// is 503, which is what balancers look for; the code tells the reason.
func (s *Server) ready(x *exchange) error {
	err := s.to.Desk.Ready(x.r.Context())
	select {
	case <-s.leaving:
		err = problem.New(problem.Draining)
	default:
	}
	if err != nil {
		x.failAs(http.StatusServiceUnavailable, problem.From(err))
		return nil
	}
	return x.reply(http.StatusOK, healthReply{ID: x.id, Status: "ready"})
}
