package recipe

import "compressor/internal/problem"

// Webhook is whom to tell of the end of a job.
type Webhook struct {
	URL     string            `json:"url" required:"true" maxLength:"8192" writeOnly:"true" doc:"Where to POST the job to once it has ended: http or https. It may carry user:password@ and a query."`
	Delay   int               `json:"delay" default:"0" minimum:"0" maximum:"604800" doc:"Seconds to wait after the end of the job."`
	Headers map[string]string `json:"headers,omitempty" writeOnly:"true" doc:"Request headers to send along."`
	Events  []string          `json:"events" default:"completed,failed" enum:"completed,failed" doc:"Which ends to tell of."`
}

// Check holds the rules that tags cannot.
func (w Webhook) Check() []problem.Field {
	if len(w.Events) == 0 {
		return []problem.Field{{Path: "events", Message: "Must name at least one."}}
	}
	return nil
}
