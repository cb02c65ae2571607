// Package problem is the one error vocabulary: stable codes that clients may match on,
// and the table that maps each to an HTTP status, an exit code and a retry rule.
package problem

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
)

// Problem is an error meant to be read by the client. Message never holds a path, a
// tool's raw output or a secret; those stay in the wrapped cause, for the log. A Problem
// crosses the job protocol and the database as JSON, without its cause.
type Problem struct {
	Code    Code    `json:"code"`
	Message string  `json:"message"`
	Fields  []Field `json:"errors,omitempty"`
	cause   error
}

// Field names one wrong parameter by its dotted path, such as "video.resize".
type Field struct {
	Path    string `json:"field"`
	Message string `json:"message"`
}

// New returns the problem of this code with the message of the table.
func New(code Code) *Problem { return &Problem{Code: code, Message: code.row().message} }

// Newf returns the problem of this code with a message of its own.
func Newf(code Code, message string, args ...any) *Problem {
	return &Problem{Code: code, Message: fmt.Sprintf(message, args...)}
}

// Invalid returns options-invalid for the given fields.
func Invalid(fields ...Field) *Problem { return New(OptionsInvalid).With(fields...) }

// Join adds up the faults of options that were looked at apart: nil where there are none. An
// error that is no fault of the client's goes first, alone.
func Join(errs ...error) error {
	var wrong []Field
	for _, err := range errs {
		switch {
		case Has(err, OptionsInvalid):
			wrong = append(wrong, From(err).Fields...)
		case err != nil:
			return err
		}
	}
	if len(wrong) > 0 {
		return Invalid(wrong...)
	}
	return nil
}

// Over returns limit-exceeded for a file of which path names what there is too much of:
// value, a number or words where it is not counted to its end, of which so much is allowed.
func Over(path string, value, allowed any) *Problem {
	return New(LimitExceeded).With(Field{Path: path, Message: fmt.Sprintf("Must be at most %v; got %v.", allowed, value)})
}

// With returns a copy of p that names these fields.
func (p *Problem) With(fields ...Field) *Problem {
	q := *p
	q.Fields = append(append([]Field(nil), p.Fields...), fields...)
	return &q
}

// Also is With, but for fields that are named already, or lie below one that is: what is wrong
// there follows from that.
func (p *Problem) Also(more ...Field) *Problem {
	q := p.With()
	for _, f := range more {
		if !slices.ContainsFunc(p.Fields, func(o Field) bool { return o.Path == f.Path || strings.HasPrefix(f.Path, o.Path+".") }) {
			q.Fields = append(q.Fields, f)
		}
	}
	return q
}

// Because returns a copy of p that wraps cause, for the log only.
func (p *Problem) Because(cause error) *Problem {
	q := *p
	q.cause = cause
	return &q
}

func (p *Problem) Error() string {
	text := string(p.Code) + ": " + p.Message
	for _, f := range p.Fields {
		text += fmt.Sprintf(" [%s: %s]", f.Path, f.Message)
	}
	return text
}

// Unwrap gives the cause, so that errors.Is sees through a Problem.
func (p *Problem) Unwrap() error { return p.cause }

// Cause is what lies behind p, for the log, or nil.
func (p *Problem) Cause() error { return p.cause }

// Is makes problems of one code equal for errors.Is.
func (p *Problem) Is(target error) bool {
	other, ok := target.(*Problem)
	return ok && other.Code == p.Code
}

// From finds the Problem in err, or reports err: as storage-full where the kernel said so,
// else as internal.
func From(err error) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	if Full(err) {
		return New(StorageFull).Because(err)
	}
	return New(Internal).Because(err)
}

// Full says whether err is the kernel's word that the disk, or our part of it, is full.
func Full(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }

// Has says whether err is a Problem of this code.
func Has(err error, code Code) bool {
	var p *Problem
	return errors.As(err, &p) && p.Code == code
}
