package queue

import (
	"context"
	"fmt"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riversqlite"
)

// inProcess is River's driver for SQLite, but for how a new ticket is noticed. River's own
// way is a table that it polls twenty times a second: 2.6 % of a core when nothing
// happens, and 25 ms on average when something does. Here Wake is a channel. A ticket
// of another process is found by the poll.
type inProcess struct {
	*riversqlite.Driver
	bell chan struct{} // holds one signal
}

// SupportsListenNotify implements riverdriver.Driver: no notices are written.
func (inProcess) SupportsListenNotify() bool { return false }

// GetListener implements riverdriver.Driver.
func (d inProcess) GetListener(*riverdriver.GetListenenerParams) riverdriver.Listener {
	return listener{bell: d.bell}
}

// listener gives River a notice of new tickets for each signal of the bell. It has no
// connection, so most of what a listener can do is nothing. Should a new River ask more of
// it, this no longer compiles; TestWake sees whether it still understands.
type listener struct{ bell chan struct{} }

var _ riverdriver.Listener = listener{}

// WaitForNotification implements riverdriver.Listener.
func (l listener) WaitForNotification(ctx context.Context) (*riverdriver.Notification, error) {
	select {
	case <-l.bell:
		return &riverdriver.Notification{Topic: "river_insert", Payload: fmt.Sprintf(`{"queue":%q}`, name)}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Connect implements riverdriver.Listener.
func (listener) Connect(context.Context) error { return nil }

// Close implements riverdriver.Listener.
func (listener) Close(context.Context) error { return nil }

// Listen implements riverdriver.Listener.
func (listener) Listen(context.Context, string) error { return nil }

// Unlisten implements riverdriver.Listener.
func (listener) Unlisten(context.Context, string) error { return nil }

// Ping implements riverdriver.Listener.
func (listener) Ping(context.Context) error { return nil }

// Schema implements riverdriver.Listener.
func (listener) Schema() string { return "" }

// SetAfterConnectExec implements riverdriver.Listener.
func (listener) SetAfterConnectExec(string) {}

// Wake lets waiting tickets be taken at once. Call it after the commit of EnqueueTx;
// without it they wait for the next poll.
func (q *Queue) Wake() {
	select {
	case q.bell <- struct{}{}:
	default: // a signal waits already, and covers this one
	}
}
