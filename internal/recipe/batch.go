package recipe

// ItemOptions are what an item of a batch may have of its own. What it leaves out, the
// options beside the items say.
type ItemOptions struct {
	Recipe
	Name   string `json:"name,omitempty" maxLength:"255" doc:"Name of the file, instead of the one that it comes with."`
	Report string `json:"report" default:"brief" enum:"none,brief,full" doc:"How much to tell about what was tried and chosen. Among the items of a batch a report is shown only where this was given."`
	Store  *Store `json:"store,omitempty" doc:"Where to write the result, instead of keeping it here for a while."`
	Tag    string `json:"tag,omitempty" maxLength:"255" doc:"Returned unchanged in every reply about this item."`
}

// FetchItem is an item of POST /1.0/batch as JSON.
type FetchItem struct {
	URL     string            `json:"url,omitempty" maxLength:"8192" doc:"Where to get the file: http or https. It may carry user:password@, which is sent to that host only."`
	Headers map[string]string `json:"headers,omitempty" doc:"Request headers to send to that host."`
	Source  *Source           `json:"source,omitempty" doc:"An object of a bucket, instead of a URL."`
	ItemOptions
}

// FileItem is what the field data of a batch as a form says, under items, of the file at
// the same position.
type FileItem struct{ ItemOptions }
