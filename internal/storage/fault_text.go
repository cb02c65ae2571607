package storage

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"compressor/internal/problem"
)

// maxCode is the longest error code of a provider that is passed on, in bytes.
const maxCode = 64

// NewFault says that a store could not do something. A code that does not look like one is
// dropped; cause is for errors.Is and the log only, and may be nil.
func NewFault(doing string, reason Reason, code string, status int, cause error) *Fault {
	if len(code) > maxCode || strings.ContainsFunc(code, func(r rune) bool { return !wordy(r) && r != '.' && r != '-' && r != '_' }) {
		code = ""
	}
	return &Fault{Doing: doing, Reason: reason, Code: code, Status: status, cause: cause}
}

// wordy says whether r is a letter or digit of ASCII.
func wordy(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' }

// Error names what was done, the reason, and the provider's code.
func (f *Fault) Error() string {
	text := "storage: " + f.Doing + ": " + string(f.Reason)
	if f.Code != "" {
		text += " " + f.Code
	}
	if f.Status != 0 {
		text += fmt.Sprintf(" (HTTP %d)", f.Status)
	}
	return text
}

// Unwrap gives the cause, so that errors.Is sees through a Fault.
func (f *Fault) Unwrap() error { return f.cause }

// Retry says whether the same again, later, may do better.
func (f *Fault) Retry() bool {
	switch f.Reason {
	case Busy, Slow, Unreachable, Corrupted:
		return true
	case Failed:
		return f.Status >= 500
	}
	return false
}

// Problem is what a client is told whose result could not be stored: store-failed.
func (f *Fault) Problem() *problem.Problem {
	return problem.Newf(problem.StoreFailed, "The result could not be stored at its destination: %s.", f.Why()).Because(f)
}

// SourceProblem is what a client is told whose file could not be read: source-failed, or
// source-forbidden and source-too-slow as for any other source.
func (f *Fault) SourceProblem() *problem.Problem {
	code := problem.SourceFailed
	switch f.Reason {
	case Forbidden:
		code = problem.SourceForbidden
	case Slow:
		code = problem.SourceTooSlow
	}
	return problem.Newf(code, "The file could not be read from the store: %s.", f.Why()).Because(f)
}

// Field tells the fault as that of one name, which the field at holds. nil: the name has no
// part in it.
func (f *Fault) Field(at, name string) []problem.Field {
	switch f.Reason {
	case NoObject, Denied, Outside, Invalid:
		why := f.Why()
		return []problem.Field{{Path: at, Message: strings.ToUpper(why[:1]) + why[1:] + "; got " + Shown(name) + "."}}
	}
	return nil
}

// Why is the reason in our words, and the provider's code where it has one.
func (f *Fault) Why() string {
	text := f.Reason.words()
	if f.Code != "" {
		text += " (" + f.Code + ")"
	}
	return text
}

// words goes on from a colon.
func (r Reason) words() string {
	switch r {
	case NoBucket:
		return "there is no such bucket, or not in that region"
	case NoObject:
		return "there is no object of that name"
	case BadKey:
		return "the credentials of the connector are unknown, wrong or expired"
	case Denied:
		return "the store refuses that to the credentials of the connector"
	case Exists:
		return "there is an object of that name, and 'overwrite' is false"
	case ACLRefused:
		return "the bucket takes no ACLs, and 'acl' names one"
	case Invalid:
		return "the provider does not take one of the options"
	case Outside:
		return "a link on that path leads out of the folder of the connector"
	case Corrupted:
		return "what arrived is not what was sent"
	case Full:
		return "the quota or the space there is spent"
	case Forbidden:
		return "that address is not allowed"
	case Unreachable:
		return "no connection could be made, or it broke"
	case Slow:
		return "there was no answer in time"
	case Busy:
		return "the store is busy and asks to come back later"
	}
	return "the store answered with an error"
}

// Is says whether err is a fault for one of these reasons.
func Is(err error, reasons ...Reason) bool {
	var f *Fault
	return errors.As(err, &f) && slices.Contains(reasons, f.Reason)
}

// Whole says whether the fault is of the whole bucket, so that every object would meet it.
func (f *Fault) Whole() bool {
	switch f.Reason {
	case NoBucket, BadKey, Forbidden, Full, ACLRefused:
		return true
	}
	return false
}
