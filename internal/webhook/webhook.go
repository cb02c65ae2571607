// Package webhook tells clients of the end of their jobs: by an HTTP POST that is signed,
// repeated until it is acknowledged, and kept in a log.
//
// A Box takes orders to tell and keeps what is to be told. The notice of a job becomes a
// delivery in the very transaction that ends the job, so neither exists without the other,
// whatever kills the process. A Courier makes the tries, each with what GET /1.0/jobs/{id}
// would answer at that moment. What was sent and not yet noted when a process ends is sent
// again, under the same id: a receiver gets each delivery at least once.
//
// Deliveries are signed as Standard Webhooks says (github.com/standard-webhooks), with
// secrets that each API key has of its own.
package webhook

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"compressor/internal/database"
	"compressor/internal/egress"
	"compressor/internal/job"
	"compressor/internal/problem"
)

// State is where a delivery stands.
type State string

// The states. A delivery is created, then scheduled whenever it waits for a time,
// dispatched while a try is under way, and in the end delivered or failed.
const (
	Created    State = "created"
	Scheduled  State = "scheduled"
	Dispatched State = "dispatched"
	Delivered  State = "delivered" // acknowledged by a 2xx
	Failed     State = "failed"    // given up
)

// States lists all there are.
func States() []State { return []State{Created, Scheduled, Dispatched, Delivered, Failed} }

// Order is whom to tell of the end of a job.
type Order struct {
	URL     string            // may carry user:password@
	Headers map[string]string // to send along
	Delay   time.Duration     // from the end of the job to the first try
	Events  []job.State       // the ends that are told of: completed, failed
}

// Delivery is one notice and what became of it.
type Delivery struct {
	ID     string // UUID v4, also the webhook-id
	JobID  string
	KeyID  string
	URL    string // without its password and the values of its query
	State  State
	Tries  []Try     // the latest ones, oldest first
	Next   time.Time // of the next try; zero when there is none
	Made   time.Time
	Ended  time.Time // zero while there are tries left
	round  int       // tries since it was made or replayed
	target []byte    // sealed
	from   string    // receiver
	lost   time.Time // of a try under way: when it counts as lost
}

// Try is one attempt to deliver.
type Try struct {
	At     time.Time     `json:"at"`
	Status int           `json:"status,omitempty"` // HTTP; 0 when there was no answer
	Took   time.Duration `json:"took"`
	Error  string        `json:"error,omitempty"` // fit to be shown
}

// keptTries is how many tries of a delivery the log holds.
const keptTries = 32

// Guard says what may not be delivered to. egress.Client is one.
type Guard interface {
	Refuses(to *url.URL) error
}

// Box keeps secrets, deliveries and their log. It is safe for concurrent use.
type Box struct {
	db    *database.DB
	seal  sealer
	guard Guard
	now   func() time.Time
	bell  chan struct{} // holds a signal when something may be due
}

// New returns the box of db. key is the secret under which secrets and addresses are kept,
// 32 bytes that stay the same; now is the clock, time.Now when nil.
func New(db *database.DB, key []byte, guard Guard, now func() time.Time) (*Box, error) {
	s, err := newSealer(key)
	if err != nil {
		return nil, err
	}
	if now == nil {
		now = time.Now
	}
	return &Box{db: db, seal: s, guard: guard, now: now, bell: make(chan struct{}, 1)}, nil
}

// Wake implements store.Outbox.
func (b *Box) Wake() {
	select {
	case b.bell <- struct{}{}:
	default: // it rings already
	}
}

// target is where a delivery goes, as it is sealed.
type target struct {
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers,omitempty"`
}

// notice is an order while its job has not ended: the opaque notice of its row.
type notice struct {
	Events   []job.State `json:"events"`
	Delay    int64       `json:"delay,omitempty"` // milliseconds
	Receiver string      `json:"receiver"`
	Shown    string      `json:"shown"`
	Target   []byte      `json:"target"` // sealed
}

// Notice is the order as a job's row keeps it until the job ends. Error: options-invalid on
// a field of webhook.
func (b *Box) Notice(keyID string, o Order) (json.RawMessage, error) {
	if wrong := Faults(o.URL, o.Headers); len(wrong) > 0 {
		return nil, problem.Invalid(wrong...)
	}
	u, err := egress.ParseURL(o.URL)
	if err != nil {
		return nil, err
	}
	if err := b.guard.Refuses(u); err != nil {
		return nil, problem.Invalid(problem.Field{Path: "webhook.url", Message: "Webhooks may not be sent to that address."}).Because(err)
	}
	sealed, err := b.seal.close(target{o.URL, o.Headers}, "target", keyID)
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(notice{
		Events: o.Events, Delay: o.Delay.Milliseconds(), Receiver: receiverOf(u), Shown: shown(u), Target: sealed,
	})
	if err != nil {
		return nil, fmt.Errorf("notice: %w", err)
	}
	return raw, nil
}

// Faults names what is wrong with an address and the headers to send along.
func Faults(address string, headers map[string]string) []problem.Field {
	var wrong []problem.Field
	if _, err := egress.ParseURL(address); err != nil {
		wrong = append(wrong, problem.From(err).Fields...)
	}
	wrong = append(wrong, egress.CheckHeaders(headers)...)
	for name := range headers {
		if lower := strings.ToLower(name); lower == "user-agent" || strings.HasPrefix(lower, "webhook-") {
			wrong = append(wrong, problem.Field{Path: "headers." + name, Message: "This header is the service's own."})
		}
	}
	for i := range wrong {
		wrong[i].Path = "webhook." + wrong[i].Path
	}
	slices.SortFunc(wrong, func(a, b problem.Field) int { return strings.Compare(a.Path, b.Path) })
	return wrong
}

// receiverOf is what deliveries must share to be held up by one another.
func receiverOf(u *url.URL) string {
	return u.Scheme + "://" + strings.ToLower(u.Host)
}

// hidden stands for what is not shown.
const hidden = "***"

// shown is the address without its password and the values of its query, which often are
// secrets, too.
func shown(u *url.URL) string {
	s := u.Scheme + "://"
	if u.User != nil {
		s += url.User(u.User.Username()).String()
		if _, has := u.User.Password(); has {
			s += ":" + hidden
		}
		s += "@"
	}
	s += u.Host + u.EscapedPath()
	if u.RawQuery != "" {
		var pairs []string
		for pair := range strings.SplitSeq(u.RawQuery, "&") {
			name, _, has := strings.Cut(pair, "=")
			if !has {
				name = "" // all of it may be the secret
			}
			pairs = append(pairs, name+"="+hidden)
		}
		s += "?" + strings.Join(pairs, "&")
	}
	return s
}
