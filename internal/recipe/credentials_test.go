package recipe

import (
	"strings"
	"testing"

	"compressor/internal/schema"
)

// TestCredentialsOfAWrongKind: a secret in the place of the credentials is not repeated.
func TestCredentialsOfAWrongKind(t *testing.T) {
	bodies, err := schema.Of(Connector{}, schema.Opts{})
	if err != nil {
		t.Fatal(err)
	}
	var c Connector
	err = bodies.Decode([]byte(`{"name":"a","provider":"s3","credentials":"canary"}`), &c)
	if err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("%v", err)
	}
}
