package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	headerTime  = 5 * time.Second
	idleTime    = 60 * time.Second
	headerBytes = 16 << 10
)

// newHTTP has no timeouts for whole requests, which would cut large uploads: bodies and
// replies have deadlines that move with them.
func (s *Server) newHTTP() *http.Server {
	return &http.Server{
		Handler:                      s,
		ReadHeaderTimeout:            headerTime,
		IdleTimeout:                  idleTime,
		MaxHeaderBytes:               headerBytes,
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     slog.NewLogLogger(s.to.Log.Handler(), slog.LevelDebug), // a stranger writes these lines
		ConnState:                    s.connState,
	}
}

// Serve answers on l until Shutdown is called, and then returns nil.
func (s *Server) Serve(l net.Listener) error {
	err := s.http.Serve(&gate{Listener: l, slots: s.slots, closed: make(chan struct{})})
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// Shutdown lets go of everybody who waits (held requests are answered 202, polls with the
// state so far), takes no new connection and waits for the rest until ctx ends; then it
// cuts them off, and returns the error of ctx. Close the desk first, so that requests
// whose jobs still end are answered with their results.
func (s *Server) Shutdown(ctx context.Context) error {
	s.leaveNow.Do(func() { close(s.leaving) })
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, s.http.Close())
	}
	return err
}

// connState gives the slot of a closed connection back. Connections are not wrapped for
// this: net/http needs the bare one to send files and to close gently.
func (s *Server) connState(_ net.Conn, state http.ConnState) {
	if state == http.StateClosed || state == http.StateHijacked {
		<-s.slots
	}
}

// gate accepts a connection only when there is a slot for it; those beyond wait in the
// kernel's backlog.
type gate struct {
	net.Listener
	slots  chan struct{}
	closed chan struct{}
	once   sync.Once
}

// Accept waits for a slot, then for a connection.
func (g *gate) Accept() (net.Conn, error) {
	select {
	case g.slots <- struct{}{}:
	case <-g.closed:
		return nil, net.ErrClosed
	}
	c, err := g.Listener.Accept()
	if err != nil {
		<-g.slots
	}
	return c, err
}

// Close ends the listening, also for an Accept that waits for a slot.
func (g *gate) Close() error {
	g.once.Do(func() { close(g.closed) })
	return g.Listener.Close()
}
