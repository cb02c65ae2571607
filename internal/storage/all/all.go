// Package all knows every driver of object stores.
package all

import (
	"net/http"
	"strings"

	"compressor/internal/storage"
	"compressor/internal/storage/azure"
	"compressor/internal/storage/gcs"
	"compressor/internal/storage/local"
	"compressor/internal/storage/s3"
)

// Stores opens places of every provider.
type Stores struct {
	Client *http.Client // of egress.Storage
	Roots  []string     // folders below which local ones may be

	// Other addresses than the providers' own, the operator's; "" for none.
	S3, GCS, GCSToken, Azure string
}

// Open prepares the way to a bucket and asks nothing of it yet.
func (s Stores) Open(p storage.Place) (storage.Bucket, error) {
	switch {
	case p.Provider == storage.Local:
		return opened(local.Open(p, s.Roots))
	case p.Provider == storage.Azure:
		o := azure.Options{Client: s.Client}
		if s.Azure != "" {
			o.Endpoint = strings.TrimSuffix(s.Azure, "/") + "/" + p.Credentials.Account
		}
		return opened(azure.Open(p, o))
	case p.Provider == storage.GCS && !p.Credentials.ServiceAccount.Empty():
		return opened(gcs.Open(p, gcs.Options{Client: s.Client, Endpoint: s.GCS, TokenURL: s.GCSToken}))
	}
	return opened(s3.Open(p, s3.Options{Client: s.Client, Endpoint: s.S3}))
}

// opened keeps a nil pointer from becoming a bucket.
func opened[B storage.Bucket](b B, err error) (storage.Bucket, error) {
	if err != nil {
		return nil, err
	}
	return b, nil
}
