package recipe

// Archive holds the options of files that hold other files.
type Archive struct {
	Compression Compression `json:"compression" default:"high" enum:"medium,high,ultra,lossless,none" doc:"How hard to squeeze. medium, high and ultra also set the level of members of whose kind no options are given; lossless keeps the decoded content of every member."`
	Contents    bool        `json:"contents" default:"true" doc:"Compress the members too. Otherwise only how they are packed is improved."`
	Depth       int         `json:"depth" default:"3" minimum:"0" maximum:"8" doc:"How many levels of archives within the archive are opened. Deeper ones stay as they are."`
	Include     []string    `json:"include,omitempty" maxItems:"100" maxLength:"256" doc:"Compress only members whose path, in the archive that holds them, matches one of these patterns: * and ? stay within a folder, ** does not."`
	Exclude     []string    `json:"exclude,omitempty" maxItems:"100" maxLength:"256" doc:"Leave members alone whose path matches one of these patterns."`
}
