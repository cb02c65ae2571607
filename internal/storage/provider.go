package storage

import "slices"

// Rules are what a provider takes. Each is from its own documentation; where that and the
// documented options of this service differ, the narrower one holds.
type Rules struct {
	Provider Provider
	Bucket   Rule
	Region   Rule   // zero: the provider has none
	Required bool   // a region must be named, unless there is an endpoint
	Implied  string // the region where none is named
	Endpoint bool   // an endpoint may be named
	ACLs     []ACL  // the first is the default; none: the provider has none
	Classes  []Class
	Headers  []string // canonical names that an object may have
	Metadata Rule     // of a name
	Tags     bool
}

// Rule is the form of a word.
type Rule struct {
	Words string            // goes on from "Must be"
	Good  func(string) bool // nil: there must be no such word
}

// Class is a storage class: in the words of this service, and of the provider.
type Class struct{ Name, Value string }

// rulesOf are the rules of each provider. The table is read only.
var rulesOf = [...]Rules{
	{
		Provider: S3, Bucket: Rule{"3 to 63 lower-case letters, digits, dots and hyphens, and no IP address", s3Bucket},
		Region: Rule{"a region of AWS, such as eu-central-1", awsRegion}, Required: true, Endpoint: true,
		ACLs: []ACL{PublicRead, Private, "public-read-write", "authenticated-read", "aws-exec-read", "bucket-owner-read", "bucket-owner-full-control"},
		Classes: []Class{
			{"standard", "STANDARD"}, {"reduced-redundancy", "REDUCED_REDUNDANCY"}, {"standard-ia", "STANDARD_IA"},
			{"onezone-ia", "ONEZONE_IA"}, {"intelligent-tiering", "INTELLIGENT_TIERING"}, {"glacier", "GLACIER"},
			{"glacier-ir", "GLACIER_IR"}, {"deep-archive", "DEEP_ARCHIVE"},
		},
		Headers:  []string{"Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Type", "Expires"},
		Metadata: hyphened, Tags: true,
	},
	{
		Provider: GCS, Bucket: Rule{"3 to 63 lower-case letters, digits, hyphens and underscores, or such parts with dots between, and no IP address", gcsBucket},
		Region: Rule{"a location of Google Cloud, such as europe-west3 or EU", location}, // of no use to the API, which finds a bucket by its name
		ACLs:   []ACL{PublicRead, Private},
		Classes: []Class{
			{"standard", "STANDARD"}, {"nearline", "NEARLINE"}, {"coldline", "COLDLINE"}, {"archive", "ARCHIVE"},
		},
		Headers:  []string{"Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Type"}, // the fields of an object in its JSON API
		Metadata: hyphened,
	},
	{
		Provider: Azure, Bucket: Rule{"3 to 63 lower-case letters, digits and single hyphens, or $root or $web", azureContainer},
		Headers:  []string{"Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Type"},
		Metadata: Rule{"letters, digits and underscores, with no digit first", identifier},
	},
	{
		Provider: R2, Bucket: Rule{"3 to 63 lower-case letters, digits and hyphens", r2Bucket},
		Region: Rule{"auto, as for every bucket of R2", func(s string) bool { return s == "auto" }}, Implied: "auto",
		ACLs:     []ACL{PublicRead, Private},
		Headers:  []string{"Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Type", "Expires"}, // the system metadata of its PutObject
		Metadata: hyphened,
	},
	{
		Provider: Spaces, Bucket: Rule{"3 to 63 lower-case letters, digits, dots and hyphens, and no IP address", s3Bucket},
		Region: Rule{"a region of DigitalOcean, such as fra1", spacesRegion}, Required: true,
		ACLs:     []ACL{PublicRead, Private},
		Headers:  []string{"Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Type"},
		Metadata: hyphened,
	},
	{
		Provider: B2, Bucket: Rule{"6 to 63 lower-case letters, digits and hyphens", b2Bucket},
		Region: Rule{"a region of Backblaze, such as eu-central-003", b2Region}, Required: true,
		ACLs:     []ACL{PublicRead, Private},
		Headers:  []string{"Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Type"},
		Metadata: hyphened,
	},
	{Provider: Local},
}

// compatible are the rules of a store behind an endpoint where they are not those of S3: it
// may call its regions what it likes, and many have but one.
func compatible(r Rules) Rules {
	r.Region, r.Required, r.Implied = Rule{"at most 63 letters, digits, hyphens and underscores", regionWord}, false, "us-east-1"
	return r
}

// hyphened is the form of a metadata name where it becomes part of a header.
var hyphened = Rule{"letters, digits and hyphens", func(s string) bool { return only(s, 1, 128, letter, digit, is('-')) }}

// RulesOf are the rules of a provider, and of one behind an endpoint. ok is false for a
// provider that is not known.
func RulesOf(p Provider, endpoint string) (r Rules, ok bool) {
	for _, r := range rulesOf {
		if r.Provider == p {
			if endpoint != "" && r.Endpoint {
				r = compatible(r)
			}
			return r, true
		}
	}
	return Rules{}, false
}

// Providers lists all there are.
func Providers() []Provider {
	var list []Provider
	for _, r := range rulesOf {
		list = append(list, r.Provider)
	}
	return list
}

// Value is what the provider calls a storage class, "" for one that it does not have.
func (r Rules) Value(class string) string {
	if i := slices.IndexFunc(r.Classes, func(c Class) bool { return c.Name == class }); i >= 0 {
		return r.Classes[i].Value
	}
	return ""
}
