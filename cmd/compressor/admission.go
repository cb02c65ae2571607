package main

import (
	"context"
	"database/sql"

	"compressor/internal/account"
	"compressor/internal/job/store"
)

// admission is the API keys as the store of jobs asks and tells of them.
type admission struct{ keys *account.Keys }

// Own implements store.Keys.
func (a admission) Own(ctx context.Context, q store.Querier, keyID string) (store.Own, error) {
	own, err := a.keys.OwnNow(ctx, q, keyID)
	return store.Own{Admitted: own.Concurrent, Queued: own.Queued, Bytes: own.Bytes}, err
}

// EndedTx implements store.Keys.
func (a admission) EndedTx(ctx context.Context, tx *sql.Tx, keyID string, completed, failed int) error {
	return a.keys.EndedTx(ctx, tx, keyID, completed, failed)
}
