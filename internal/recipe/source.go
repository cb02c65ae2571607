package recipe

import "compressor/internal/problem"

// Source is an object of a bucket to compress.
type Source struct {
	ID        string `json:"id" required:"true" maxLength:"64" doc:"The connector that opens the bucket."`
	Bucket    string `json:"bucket,omitempty" maxLength:"255" doc:"Bucket. Default: that of the connector."`
	Container string `json:"container,omitempty" maxLength:"255" doc:"The same on Azure, by its name there."`
	Region    string `json:"region,omitempty" maxLength:"64" doc:"Region of the bucket. Default: that of the connector."`
	Path      string `json:"path" required:"true" minLength:"1" maxLength:"1024" doc:"Key of the object."`
}

// Prefix is all objects of a bucket whose keys begin alike.
type Prefix struct {
	ID        string `json:"id" required:"true" maxLength:"64" doc:"The connector that opens the bucket."`
	Bucket    string `json:"bucket,omitempty" maxLength:"255" doc:"Bucket. Default: that of the connector."`
	Container string `json:"container,omitempty" maxLength:"255" doc:"The same on Azure, by its name there."`
	Region    string `json:"region,omitempty" maxLength:"64" doc:"Region of the bucket. Default: that of the connector."`
	Prefix    string `json:"prefix" maxLength:"1024" doc:"What the keys begin with; all objects of the bucket if it is empty or not given."`
}

// Check holds the rules that span fields.
func (f Fetch) Check() []problem.Field {
	switch {
	case f.URL == "" && f.Source == nil:
		return []problem.Field{{Path: "url", Message: "Must be given, unless 'source' is."}}
	case f.URL != "" && f.Source != nil:
		return []problem.Field{{Path: "source", Message: "Specify either 'url' or 'source', not both."}}
	case f.Source != nil && len(f.Headers) > 0:
		return []problem.Field{{Path: "headers", Message: "Are for 'url' only."}}
	}
	return nil
}

// Check is that of Fetch.
func (f FetchItem) Check() []problem.Field {
	return Fetch{URL: f.URL, Headers: f.Headers, Source: f.Source}.Check()
}
