package httpapi

import (
	"cmp"
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

	// Of jobs, as they hold now: the key's own or the service's; 0 for none.
	Concurrent int    `json:"concurrent"`
	Queued     int    `json:"queued"`
	Bytes      int64  `json:"bytes"`
	Until      string `json:"until,omitempty"` // until when there are limits of the key's own
}

type accountUsage struct {
	Requests int64 `json:"requests"`
	BytesIn  int64 `json:"bytes_in"`
	BytesOut int64 `json:"bytes_out"`

	Days []dayReply `json:"days"` // the last 31, the newest first, without those of no use
}

// dayReply is the use of one day in UTC.
type dayReply struct {
	Date      string `json:"date"`
	Requests  int64  `json:"requests"`
	BytesIn   int64  `json:"bytes_in"`
	BytesOut  int64  `json:"bytes_out"`
	Completed int64  `json:"completed"` // jobs
	Failed    int64  `json:"failed"`
}

// usage is what a key used: since it was made, and by day.
func (s *Server) usage(x *exchange, keyID string) (*accountUsage, error) {
	used, err := s.to.Meter.Usage(x.r.Context(), keyID)
	if err != nil {
		return nil, err
	}
	days, err := s.to.Meter.Days(x.r.Context(), keyID)
	if err != nil {
		return nil, err
	}
	u := accountUsage{Requests: used.Requests, BytesIn: used.BytesIn, BytesOut: used.BytesOut, Days: []dayReply{}}
	for _, d := range days {
		u.Days = append(u.Days, dayReply{Date: d.Date.Format(time.DateOnly), Requests: d.Requests,
			BytesIn: d.BytesIn, BytesOut: d.BytesOut, Completed: d.Completed, Failed: d.Failed})
	}
	return &u, nil
}

// jobLimits are those of the key as they hold now.
func (s *Server) jobLimits(k account.Key, l *accountLimits) {
	own, all := k.Own.At(s.to.Now()), s.config.PerKey
	l.Concurrent, l.Queued, l.Bytes = cmp.Or(own.Concurrent, all.Concurrent), cmp.Or(own.Queued, all.Queued), cmp.Or(own.Bytes, all.Bytes)
	l.Until = stampOr(own.Until)
}

// account is GET /1.0/account.
func (s *Server) account(x *exchange) error {
	used, err := s.usage(x, x.key.ID)
	if err != nil {
		return err
	}
	w := s.to.Meter.Peek(x.key, account.Requests)
	body := accountReply{
		ID: x.id,
		Key: accountKey{
			ID: x.key.ID, Name: x.key.Name, CreatedAt: stamp(x.key.Created), Scopes: x.key.Scopes,
		},
		Limits: accountLimits{
			Window: int(s.config.RateWindow / time.Second), Limit: w.Limit, Remaining: w.Remaining, Reset: w.Reset,
			SyncBytes: s.config.SyncBytes, MaxBytes: s.config.Limits.File,
		},
		Usage: *used,
	}
	s.jobLimits(x.key, &body.Limits)
	return x.reply(http.StatusOK, body)
}

// stamp writes a time as replies do (RFC 3339, UTC, whole seconds).
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
