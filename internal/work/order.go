// Package work takes jobs in, runs them and hands their results out.
//
// A Desk is where requests come: it stages the input, writes the row, and lets clients
// wait for, cancel and download what comes of it. A Worker runs jobs it holds: it fetches
// what is still to be fetched, has a job process compress it, keeps the result and ends
// the row. Neither knows what kind of file it handles.
package work

import (
	"encoding/json"
	"time"

	"compressor/internal/codec"
	"compressor/internal/deliver"
	"compressor/internal/engine"
	"compressor/internal/enginejob"
	"compressor/internal/recipe"
	"compressor/internal/report"
)

// Source is where to fetch the input from: an address, or an object of a bucket.
type Source struct {
	URL     string            `json:"url,omitempty"` // may carry user:password@: never logged
	Headers map[string]string `json:"headers,omitempty"`

	Object *recipe.Source `json:"object,omitempty"` // instead of the two above
}

// Order is what a job was asked to do: the opaque request of its row.
type Order struct {
	Name   string        `json:"name"` // of the input, cleaned
	Recipe recipe.Recipe `json:"recipe"`
	Named  []string      `json:"named,omitempty"`
	Detail report.Detail `json:"detail"`
	Tag    string        `json:"tag,omitempty"`
	Source *Source       `json:"source,omitempty"`

	// Store is where the result goes; nil keeps it here, to be downloaded.
	Store *recipe.Store `json:"store,omitempty"`

	Told bool `json:"told,omitempty"` // of an item: its batch shows its report

	// Prefix is what to do of a bucket, instead of one file; Store is then given, too.
	Prefix *recipe.Prefix `json:"prefix,omitempty"`

	// Uploaded is the size of the input in bytes where it came as a resumable upload, whose
	// id the job then has: the upload still answers when there is nothing left of it.
	Uploaded int64 `json:"uploaded,omitempty"`
}

// redacted is the order without what only the work needs: the address of a source may hold
// credentials, and so may its headers.
func (o Order) redacted() Order {
	o.Source = nil
	return o
}

// Answer is the opaque result of a job's row.
type Answer struct {
	Input  report.File   `json:"input"`
	Output report.File   `json:"output"`
	Report report.Report `json:"report"` // in full

	// EngineMillis is how long the engine worked, as in enginejob.Answer.
	EngineMillis float64 `json:"engine_ms"`

	// Stored is where the result lies instead of here; nil where it lies here.
	Stored *deliver.Delivered `json:"stored,omitempty"`

	// Objects counts those of a bucket, of a job that is for a prefix; input and output are
	// then empty.
	Objects *Tally `json:"objects,omitempty"`
}

// answerOf is what the engine answered.
func answerOf(a enginejob.Answer) Answer {
	return Answer{Input: a.Input, Output: a.Output, Report: a.Report, EngineMillis: a.EngineMillis}
}

// ReadOrder reads the request of a row.
func ReadOrder(raw json.RawMessage) (Order, error) {
	var o Order
	err := json.Unmarshal(raw, &o)
	return o, err
}

// ReadAnswer reads the result of a row.
func ReadAnswer(raw json.RawMessage) (Answer, error) {
	var a Answer
	err := json.Unmarshal(raw, &a)
	return a, err
}

// Files are what an answer says of input and output.
type Files struct {
	Input  report.File        `json:"input"`
	Output report.File        `json:"output"`
	Stored *deliver.Delivered `json:"stored,omitempty"`

	Objects *Tally `json:"objects,omitempty"`
}

// ReadFiles reads the result of a row but for its report, which may be large.
func ReadFiles(raw json.RawMessage) (Files, error) {
	var f Files
	err := json.Unmarshal(raw, &f)
	return f, err
}

// Limits are what a worker holds jobs to.
type Limits struct {
	File   codec.Limits  // what a file may ask of us before it is decoded
	Budget engine.Budget // what containers may make us expand
	Lease  time.Duration // how long a hold lasts without a sign of life
	Sync   int64         // bytes: a larger fetch is not waited for

	Parallel int // objects of a bucket that one job has in hand at once
}
