package report

import "encoding/json"

// Within gives the report in at most about so many bytes of JSON. A report of many parts that
// is larger loses what was tried for each of them, and then the parts, with a note that says so.
func (r Report) Within(bytes int) Report {
	if r.fits(bytes, true) {
		return r
	}
	if r.fits(bytes, false) {
		r.Parts = untried(r.Parts)
		r.Notes = append(r.Notes[:len(r.Notes):len(r.Notes)], "What was tried for each member is left out: the report would be too large.")
		return r
	}
	r.Parts = nil
	r.Notes = append(r.Notes[:len(r.Notes):len(r.Notes)], "The reports of the members are left out: they would be too large.")
	return r
}

// room is what a note takes.
const room = 100

// fits says whether the report takes at most so many bytes, with the attempts of its parts or
// without. It writes one part at a time, and no more than it has to.
func (r Report) fits(bytes int, attempts bool) bool {
	left := bytes - room
	return r.spend(&left, true, attempts)
}

// spend takes the size of the report off left; false if that was too little.
func (r Report) spend(left *int, top, attempts bool) bool {
	parts := r.Parts
	r.Parts = nil
	if !top && !attempts {
		r.Attempts = nil
	}
	text, err := json.Marshal(r)
	if err != nil {
		return false
	}
	if *left -= len(text) + len(",\"parts\":[],"); *left < 0 {
		return false
	}
	for _, p := range parts {
		if !p.spend(left, false, attempts) {
			return false
		}
	}
	return true
}

// untried gives the reports without attempts, at all depths.
func untried(parts []Report) []Report {
	out := make([]Report, len(parts))
	for i, p := range parts {
		p.Attempts, p.Parts = nil, untried(p.Parts)
		out[i] = p
	}
	return out
}
