// Package storage says what an object store is to this project: where objects lie, what may
// be asked of each provider, and what went wrong. It talks to nobody: the drivers do, in
// packages of their own below this one.
package storage

import (
	"context"
	"io"
	"time"

	"compressor/internal/blob"
	"compressor/internal/vault"
)

// Provider names who keeps the objects, as on the wire.
type Provider string

// The providers.
const (
	S3     Provider = "s3" // AWS, and with an endpoint any compatible store
	GCS    Provider = "gcs"
	Azure  Provider = "azure"
	R2     Provider = "r2"
	Spaces Provider = "spaces"
	B2     Provider = "b2"
	Local  Provider = "local" // a folder that the operator allows
)

// Credentials are what a client gave for its connector. Which are set depends on the
// provider; see Faults.
type Credentials struct {
	AccessKeyID     string       // the S3 family, and interoperability keys of GCS
	SecretAccessKey vault.Secret // with AccessKeyID
	ServiceAccount  vault.Secret // GCS: the JSON of a service account
	Account         string       // Azure: the storage account; R2: the account id
	Key             vault.Secret // Azure: a key of the account
	SAS             vault.Secret // Azure: a shared access signature, instead of Key
}

// Place is one bucket and the way in.
type Place struct {
	Provider    Provider
	Endpoint    string // base URL of a compatible store; "" for the provider's own
	Region      string
	Bucket      string // container of Azure, "" for Local
	Root        string // folder, for Local only
	Credentials Credentials
}

// ACL is who may read an object.
type ACL string

// The canned ACLs.
const (
	PublicRead ACL = "public-read"
	Private    ACL = "private"
)

// Object is what to write, and how.
type Object struct {
	Key      string // whole name in the bucket, without a leading slash
	MIME     string // Content-Type, unless Headers names one
	ACL      ACL    // "" where the provider has none
	ACLNamed bool   // the client named the ACL, so it may not be dropped
	Class    string // storage class, in the words of the wire; "" for the default
	Metadata map[string]string
	Headers  map[string]string // canonical names, such as Cache-Control
	Tags     map[string]string
	Keep     bool // refuse where an object is there already
}

// Info is what a store tells of an object.
type Info struct {
	Key      string
	Size     int64 // bytes
	Changed  time.Time
	ETag     string            // opaque; equal for equal contents at most
	Metadata map[string]string // nil from List
}

// Written is an object that was stored.
type Written struct {
	ETag  string
	Notes []string // what was done otherwise than asked, such as an ACL left out
}

// Bucket is one place, opened. Its methods are safe for concurrent use. Every error is a
// *Fault, or that of the context.
type Bucket interface {
	// Put writes an object whole or not at all: a reader sees the old one or the new one. The
	// body is streamed, in parts where it is large, and checked by a digest where the
	// provider can. What fails in passing is tried again, with pauses.
	Put(ctx context.Context, o Object, body blob.Blob) (Written, error)

	// Stat tells of an object without reading it.
	Stat(ctx context.Context, key string) (Info, error)

	// Open reads an object. The caller closes it.
	Open(ctx context.Context, key string) (Info, io.ReadCloser, error)

	// List calls each with the objects whose names begin with prefix and come after the name
	// after, by order of their bytes, a page at a time. An error of each ends it and is
	// returned.
	List(ctx context.Context, prefix, after string, each func(Info) error) error

	// Remove deletes an object. One that is not there is no error.
	Remove(ctx context.Context, key string) error
}
