package deliver

import (
	"context"
	"log/slog"
)

type logger struct{}

// Logged returns a context in which what fails at a store is written to log, which may know
// already what it is for. No line has a secret, the name of an object or a raw answer.
func Logged(ctx context.Context, log *slog.Logger) context.Context {
	return context.WithValue(ctx, logger{}, log)
}

// logOf is the log of a context, or one that nobody reads.
func logOf(ctx context.Context) *slog.Logger {
	if log, ok := ctx.Value(logger{}).(*slog.Logger); ok {
		return log
	}
	return slog.New(slog.DiscardHandler)
}
