package storage

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"compressor/internal/problem"
)

// errCredentials stands for the error of a parser, which might repeat what it read.
var errCredentials = errors.New("stored credentials are not of the form they were written in")

// Defaults are what a connector says where a request does not. Bucket and region are in its
// Place.
type Defaults struct {
	Path string // see Key; "" for Local, whose path is the folder
	ACL  ACL
}

// faults gathers what is wrong.
type faults []problem.Field

func (f *faults) say(path, message string, args ...any) {
	*f = append(*f, problem.Field{Path: path, Message: fmt.Sprintf(message, args...)})
}

// form notes a word that is not of the form of a rule. Nothing at all is not looked at.
func (f *faults) form(path, value string, r Rule, p Provider) {
	switch {
	case value == "":
	case r.Good == nil:
		f.say(path, "Is not for provider '%s'; got %s.", p, Shown(value))
	case !r.Good(value):
		f.say(path, "Must be %s; got %s.", r.Words, Shown(value))
	}
}

// Faults finds what is wrong with a connector: the fields are provider, credentials, and
// those of it, bucket, region, path, acl and endpoint. The folder of a local one is a matter
// of Folder.
func Faults(p Place, d Defaults) []problem.Field {
	r, ok := RulesOf(p.Provider, p.Endpoint)
	var wrong faults
	if !ok {
		wrong.say("provider", "Must be one of %s; got %s.", join(Providers()), Shown(string(p.Provider)))
		return wrong
	}
	checkCredentials(&wrong, p.Provider, p.Credentials)
	if p.Endpoint != "" && !r.Endpoint {
		wrong.say("endpoint", "Is not for provider '%s'; got %s.", p.Provider, Shown(p.Endpoint))
	} else if p.Endpoint != "" && !endpoint(p.Endpoint) {
		wrong.say("endpoint", "Must be %s.", endpointWords) // what was given may hold a password
	}
	wrong.form("bucket", p.Bucket, r.Bucket, p.Provider)
	wrong.form("region", p.Region, r.Region, p.Provider)
	checkACL(&wrong, "acl", d.ACL, r)
	return append(wrong, CheckPath("path", d.Path)...)
}

func checkACL(wrong *faults, path string, acl ACL, r Rules) {
	switch {
	case acl == "":
	case len(r.ACLs) == 0:
		wrong.say(path, "Is not for provider '%s'; got %s.", r.Provider, Shown(string(acl)))
	case !slices.Contains(r.ACLs, acl):
		wrong.say(path, "Must be one of %s for provider '%s'; got %s.", join(r.ACLs), r.Provider, Shown(string(acl)))
	}
}

// join lists words.
func join[T ~string](list []T) string {
	var words []string
	for _, w := range list {
		words = append(words, string(w))
	}
	return strings.Join(words, ", ")
}

// In is the place with a bucket and a region of a request's own, "" for those of the
// connector, and the region that a provider implies. The faults are of the fields bucket
// and region below at, such as store or source.
func (p Place) In(at, bucket, region string) (Place, []problem.Field) {
	r, _ := RulesOf(p.Provider, p.Endpoint)
	var wrong faults
	wrong.form(at+".bucket", bucket, r.Bucket, p.Provider)
	wrong.form(at+".region", region, r.Region, p.Provider)
	p.Bucket = cmp.Or(bucket, p.Bucket)
	p.Region = cmp.Or(region, p.Region, r.Implied)
	if p.Bucket == "" && r.Bucket.Good != nil {
		wrong.say(at+".bucket", "Is required, since the connector names none.")
	}
	if p.Region == "" && r.Required {
		wrong.say(at+".region", "Is required, since the connector names none.")
	}
	return p, wrong
}
