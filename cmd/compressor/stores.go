package main

import (
	"context"
	"log/slog"
	"time"

	"compressor/internal/config"
	"compressor/internal/connector"
	"compressor/internal/database"
	"compressor/internal/deliver"
	"compressor/internal/egress"
	"compressor/internal/problem"
	"compressor/internal/storage/all"
	"compressor/internal/vault"
)

// openStores wires connectors and the buckets that they open. Master keys that are not those
// of the database stop the start.
func (n *node) openStores(ctx context.Context) error {
	n.connectors = connectorsOf(n.db, n.config, n.log)
	if err := n.connectors.Check(ctx); err != nil {
		return problem.Newf(problem.OptionsInvalid, "%v.", err)
	}
	n.stores = storesOf(n.connectors, n.config)
	return nil
}

func connectorsOf(db *database.DB, c config.Config, log *slog.Logger) *connector.Store {
	return connector.New(db, connector.Config{Keys: masterKeys(c, log), Roots: c.Storage.LocalRoots, Now: time.Now})
}

// masterKeys is where they come from.
func masterKeys(c config.Config, log *slog.Logger) vault.Source {
	return vault.Source{Text: vault.NewSecret(c.Storage.MasterKey), File: c.Storage.MasterKeyFile, Data: c.Server.Data, Log: log}
}

func storesOf(connectors deliver.Connectors, c config.Config) *deliver.Desk {
	s := c.Storage
	open := all.Stores{
		Client: egress.Storage(storagePolicy(c)), Roots: s.LocalRoots,
		S3: s.S3Endpoint, GCS: s.GCSEndpoint, GCSToken: s.GCSToken, Azure: s.AzureEndpoint,
	}
	return deliver.New(connectors, open.Open, int64(c.Upload.MaxBytes))
}

// storagePolicy is which stores may be talked to.
func storagePolicy(c config.Config) egress.Policy {
	return egress.Policy{
		Allow: config.Prefixes(c.Egress.StorageAllow), Ports: openPorts(c), MaxBytes: int64(c.Upload.MaxBytes),
		Connect: c.Fetch.Connect, Idle: c.Fetch.Idle, Total: c.Fetch.Total, UserAgent: c.Fetch.UserAgent,
	}
}
