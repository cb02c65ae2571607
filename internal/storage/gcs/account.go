package gcs

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"cloud.google.com/go/auth"

	"compressor/internal/storage"
	"compressor/internal/storage/transfer"
	"compressor/internal/vault"
)

const (
	// scope is what the token is good for: objects, and no changes to who may do what to a
	// bucket. The least that lets an ACL be given with an object.
	scope = "https://www.googleapis.com/auth/devstorage.full_control"

	universe = "googleapis.com"
	margin   = time.Minute // a token that runs out sooner is not used
)

// account is the JSON of a service account, as far as it is used.
type account struct {
	Type       string `json:"type"`
	Email      string `json:"client_email"`
	PrivateKey string `json:"private_key"`
	KeyID      string `json:"private_key_id"`
	TokenURL   string `json:"token_uri"`
	Universe   string `json:"universe_domain"`
}

// parse reads the JSON of a service account. Other types of credentials are refused: they run
// programs or ask any address by design. The error says nothing of the text, which is secret.
func parse(text vault.Secret) (account, error) {
	var a account
	switch err := json.Unmarshal([]byte(text.Reveal()), &a); {
	case err != nil:
		return account{}, errors.New("gcs: the credentials are no JSON object")
	case a.Type != "service_account":
		return account{}, errors.New("gcs: the credentials are not of a service account")
	case a.TokenURL != "" && a.TokenURL != storage.TokenURL:
		return account{}, errors.New("gcs: the credentials name another token address than Google's")
	case a.Universe != "" && a.Universe != universe:
		return account{}, errors.New("gcs: the credentials are for another cloud than Google's")
	case a.Email == "" || a.PrivateKey == "":
		return account{}, errors.New("gcs: the credentials lack client_email or private_key")
	}
	return a, nil
}

// tokens gets and keeps the token of an account.
type tokens struct {
	source auth.TokenProvider

	mu   sync.Mutex
	held *auth.Token
}

func newTokens(a account, url string, client *http.Client) (*tokens, error) {
	source, err := auth.New2LOTokenProvider(&auth.Options2LO{
		Email: a.Email, PrivateKey: []byte(a.PrivateKey), PrivateKeyID: a.KeyID, TokenURL: url, Scopes: []string{scope},
		UniverseDomain: universe, Client: client,
		Logger: slog.New(slog.DiscardHandler), // the library's own writes tokens to the standard error if the environment says so
	})
	if err != nil {
		return nil, errors.New("gcs: the credentials are not complete")
	}
	return &tokens{source: source}, nil
}

// bearer is the value of Authorization.
func (k *tokens) bearer(ctx context.Context, doing string) (string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.held != nil && time.Until(k.held.Expiry) > margin {
		return "Bearer " + k.held.Value, nil
	}
	token, err := k.source.Token(ctx)
	if err != nil {
		return "", tokenFault(ctx, doing, err)
	}
	if token.Value == "" {
		return "", storage.NewFault(doing, storage.Failed, "", 0, errors.New("gcs: an empty token"))
	}
	k.held = token
	return "Bearer " + token.Value, nil
}

// forget drops a token that the store refused.
func (k *tokens) forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.held = nil
}

func tokenFault(ctx context.Context, doing string, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var answer *auth.Error
	var sent interface{ Timeout() bool } // an error of the network is one
	switch {
	case !errors.As(err, &answer) && errors.As(err, &sent):
		return transfer.Broken(doing, err)
	case !errors.As(err, &answer):
		return storage.NewFault(doing, storage.BadKey, "", 0, errors.New("gcs: the private key cannot be used"))
	}
	var said struct {
		Error string `json:"error"`
	}
	json.Unmarshal(answer.Body, &said) //nolint:errcheck // the status tells enough
	status := answer.Response.StatusCode
	reason := transfer.Status(status, storage.Failed)
	if status == http.StatusBadRequest || status == http.StatusForbidden {
		reason = storage.BadKey // invalid_grant: no such account, or a key that was revoked
	}
	f := storage.NewFault(doing, reason, said.Error, status, nil)
	f.After = transfer.RetryAfter(answer.Response.Header.Get("Retry-After"), time.Now())
	return f
}
