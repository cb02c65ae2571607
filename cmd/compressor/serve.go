package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"compressor/internal/account"
	"compressor/internal/config"
	"compressor/internal/egress"
	"compressor/internal/format"
	"compressor/internal/httpapi"
	"compressor/internal/intake"
	"compressor/internal/problem"
	"compressor/internal/schema"
)

// serve is the verb that runs the service until it is told to stop.
func serve(ctx context.Context, args []string, t terminal) error {
	loaded, err := config.Load(args, t.env, os.ReadFile)
	if err != nil {
		return err
	}
	greet := false
	for _, arg := range loaded.Rest {
		switch arg {
		case "--welcome":
			greet = true
		case "--help", "-h":
			fmt.Fprintln(t.out, "Usage: compressor serve [--listen HOST:PORT] [--data DIR] [--welcome] …")
			fmt.Fprintln(t.out, "--welcome prints the address, a fresh key and a first request. Every setting that")
			fmt.Fprintln(t.out, "'compressor config' prints is a flag here, too.")
			return nil
		default:
			return loaded.Unexpected(arg)
		}
	}
	log := newLog(loaded.Log, t.err)
	for _, w := range loaded.Warnings {
		log.Warn(w)
	}
	n, err := newNode(ctx, loaded.Config, log)
	if err != nil {
		return err
	}
	defer n.close()
	return n.serve(ctx, t, greet)
}

// serve answers requests until ctx ends, then drains.
func (n *node) serve(ctx context.Context, t terminal, greet bool) error {
	if err := n.seed(ctx); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", n.config.Server.Listen)
	if err != nil {
		return problem.Invalid(problem.Field{Path: "COMPRESSOR_LISTEN",
			Message: fmt.Sprintf("Cannot listen on '%s': %v.", n.config.Server.Listen, rootCause(err))})
	}
	base := n.config.Server.BaseURL(listener.Addr().String())
	server, err := n.newServer(base)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	if greet {
		if err := n.welcome(ctx, t.out, base); err != nil {
			return errors.Join(err, listener.Close())
		}
	}
	n.log.Info("ready", "address", base, "sandbox", n.cage.String())
	background, stop := context.WithCancel(context.Background())
	var tasks sync.WaitGroup
	tasks.Go(func() { n.sweep(background) })
	tasks.Go(func() { n.courier(server).Run(background) })
	tasks.Go(func() {
		n.meter.Run(background, func(err error) { n.log.Error("counts not written", "error", err) })
	})
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err = <-failed:
	case <-ctx.Done():
		n.log.Info("stopping: no new work, running jobs may end")
		n.drain()
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		err = server.Shutdown(ctx)
		cancel()
		n.log.Info("stopped", "clean", err == nil)
	}
	stop()
	tasks.Wait()
	return err
}

func (n *node) newServer(base string) (*httpapi.Server, error) {
	c := n.config
	return httpapi.New(httpapi.Config{
		BaseURL: base, Hold: c.Jobs.Hold, SyncBytes: config.SyncBytes, RateWindow: c.Limits.Window,
		Origins:     config.Texts(c.Server.Origins),
		Limits:      intake.Limits{File: int64(c.Upload.MaxBytes)},
		BatchBytes:  int64(c.Upload.MaxBatch),
		Pace:        intake.Pace{Stall: c.Upload.Stall, Rate: max(1, int64(c.Upload.MinRate))},
		Streams:     c.Server.Streams,
		PerKey:      account.Own{Concurrent: c.Jobs.Concurrent, Queued: c.Jobs.Queued, Bytes: int64(c.Jobs.KeyBytes)},
		Connections: c.Server.Connections, Version: buildVersion(), Sandbox: n.cage.String(),
	}, httpapi.Services{
		Keys: n.keys, Meter: n.meter, Desk: n.desk, Webhooks: n.hooks, Staging: n.files, Uploads: n.uploads,
		Sources: egress.New(fetchPolicy(c)), Stores: n.stores, Connectors: n.connectors,
		Formats: n.formats, Options: formatWords(n.formats.Rows()), Log: n.log, Now: time.Now,
	})
}

// formatWords gives the words of output formats to the option schema, by family.
func formatWords(rows []format.Row) schema.Opts {
	words := map[string][]string{}
	for _, r := range rows {
		words[string(r.Family)] = append(words[string(r.Family)], string(r.ID))
	}
	return schema.Opts{Enums: words}
}

// seed creates the key of the settings, if there is one, and its webhook secret. What exists
// is left alone.
func (n *node) seed(ctx context.Context) error {
	key := n.config.Server.APIKey
	if key == "" {
		return n.seedWebhookSecret(ctx, "")
	}
	seeded, _, err := n.keys.Seed(ctx, key, "seeded", account.Scopes()...)
	if err != nil {
		return err
	}
	return n.seedWebhookSecret(ctx, seeded.ID)
}

// welcomeKey is the name of the key that welcome makes anew at each start.
const welcomeKey = "make run"

// sample is a picture of the repository, for the first request.
const sample = "testdata/image/jpeg/tomato-product.jpg"

// welcome makes a fresh key in place of the last one of its name, and prints what to do
// first.
func (n *node) welcome(ctx context.Context, w io.Writer, base string) error {
	old, err := n.keys.List(ctx)
	if err != nil {
		return err
	}
	for _, k := range old {
		if k.Name == welcomeKey && k.Revoked.IsZero() {
			if _, err := n.keys.Revoke(ctx, k.ID); err != nil {
				return err
			}
		}
	}
	secret, _, err := n.keys.Create(ctx, welcomeKey, account.DefaultScopes()...)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "\nCompressor is at %s\nAPI key: %s (fresh at each start; the last one of make run is revoked)\n\nTry it:\n\n  curl -u %s: -F file=@%s %s/1.0/upload\n\n",
		base, secret, secret, sample, base)
	return nil
}

// rootCause is the innermost error.
func rootCause(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}
