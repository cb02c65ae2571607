package httpapi

import (
	"net/http"
	"time"

	"compressor/internal/account"
)

// accountReply is the body of GET /1.0/account. Only its status is part of the contract.
type accountReply struct {
	ID     string        `json:"id"`
	Key    accountKey    `json:"key"`
	Limits accountLimits `json:"limits"`
	Usage  accountUsage  `json:"usage"`
}

type accountKey struct {
	ID        string          `json:"id"`
	Name      string          `json:"name"`
	CreatedAt string          `json:"created_at"`
	Scopes    []account.Scope `json:"scopes"`
}

type accountLimits struct {
	Window    int   `json:"window"` // seconds
	Limit     int   `json:"limit"`  // 0: none
	Remaining int   `json:"remaining"`
	Reset     int   `json:"reset"` // seconds
	SyncBytes int64 `json:"sync_bytes"`
	MaxBytes  int64 `json:"max_bytes"`
}

type accountUsage struct {
	Requests int64 `json:"requests"`
	BytesIn  int64 `json:"bytes_in"`
	BytesOut int64 `json:"bytes_out"`
}

// account is GET /1.0/account.
func (s *Server) account(x *exchange) error {
	used, err := s.to.Meter.Usage(x.r.Context(), x.key.ID)
	if err != nil {
		return err
	}
	w := s.to.Meter.Peek(x.key, account.Requests)
	return x.reply(http.StatusOK, accountReply{
		ID: x.id,
		Key: accountKey{
			ID: x.key.ID, Name: x.key.Name, CreatedAt: stamp(x.key.Created), Scopes: x.key.Scopes,
		},
		Limits: accountLimits{
			Window: int(s.config.RateWindow / time.Second), Limit: w.Limit, Remaining: w.Remaining, Reset: w.Reset,
			SyncBytes: s.config.SyncBytes, MaxBytes: s.config.Limits.File,
		},
		Usage: accountUsage(used),
	})
}

// stamp writes a time as replies do (RFC 3339, UTC, whole seconds).
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
