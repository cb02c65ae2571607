package main

import (
	"context"
	"time"

	"compressor/internal/config"
	"compressor/internal/egress"
	"compressor/internal/httpapi"
	"compressor/internal/problem"
	"compressor/internal/webhook"
)

// openWebhooks opens what clients are told by, and takes up what an earlier process was in
// the middle of.
func (n *node) openWebhooks(ctx context.Context) error {
	key, err := n.keys.Derive("webhooks v1")
	if err != nil {
		return err
	}
	n.post = egress.New(webhookPolicy(n.config))
	if n.hooks, err = webhook.New(n.db, key, n.post, time.Now); err != nil {
		return err
	}
	again, err := n.hooks.Recover(ctx)
	if again > 0 {
		n.log.Info("webhooks of an earlier process are sent again", "deliveries", again)
	}
	return err
}

// webhookPolicy is where webhooks may go.
func webhookPolicy(c config.Config) egress.Policy {
	return egress.Policy{
		Allow: config.Prefixes(c.Egress.WebhookAllow), Ports: openPorts(c), UserAgent: c.Fetch.UserAgent,
		Connect: c.Webhook.Timeout, Idle: c.Webhook.Timeout, Total: c.Webhook.Timeout,
	}
}

// courier tells of jobs in the words of the server.
func (n *node) courier(s *httpapi.Server) *webhook.Courier {
	return webhook.NewCourier(n.hooks, n.store, n.post, webhook.Options{
		Render: s.Render, Pauses: n.config.Webhook.Retries, Log: n.log,
	})
}

// seedWebhookSecret gives the seeded key the secret of the settings, if there is one.
func (n *node) seedWebhookSecret(ctx context.Context, keyID string) error {
	secret := n.config.Webhook.Secret
	if secret == "" {
		return nil
	}
	refuse := func(message string) error {
		return problem.Newf(problem.OptionsInvalid, "The settings are not valid.").
			With(problem.Field{Path: "COMPRESSOR_WEBHOOK_SECRET", Message: message})
	}
	if keyID == "" {
		return refuse("Belongs to the key of COMPRESSOR_API_KEY, which is not set.")
	}
	if err := webhook.CheckSecret(secret); err != nil {
		return refuse("Must be whsec_ and 24 to 64 bytes in base64.")
	}
	return n.hooks.SeedSecret(ctx, keyID, secret)
}
