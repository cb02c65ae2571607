package engine

import (
	"fmt"
	"slices"
	"strings"

	"compressor/internal/problem"
	"compressor/internal/report"
)

// What a container's report says of its parts.

// lowestOf is the score of a container: that of its worst part. A part that is as it was
// counts as equal.
func lowestOf(parts []report.Report) Score {
	lowest := Score{Mean: 100, Worst: 100}
	for _, p := range parts {
		if p.Score == nil {
			continue
		}
		lowest.Mean = min(lowest.Mean, *p.Score)
		if p.Worst != nil {
			lowest.Worst = min(lowest.Worst, *p.Worst)
		}
	}
	return lowest
}

// lostBy lists what was dropped from any part.
func lostBy(parts []report.Report) []string {
	var lost []string
	for _, p := range parts {
		lost = append(lost, p.Lost...)
	}
	slices.Sort(lost)
	return slices.Compact(lost)
}

// noted is how many parts a note names.
const noted = 5

// keptNotes names the parts that had to stay as they were, by reason, for readers of a
// brief report. Kinds of files that are not handled are not worth a note.
func keptNotes(parts []report.Report) []string {
	byWhy := map[string][]string{}
	for _, p := range parts {
		if p.Reason == report.PartDamaged && p.Why != string(problem.FormatUnsupported) && p.Why != string(problem.FileEmpty) {
			byWhy[p.Why] = append(byWhy[p.Why], short(p.Path))
		}
	}
	var notes []string
	for why, paths := range byWhy {
		more := ""
		if n := len(paths) - noted; n > 0 {
			more = fmt.Sprintf(" and %d more", n)
		}
		notes = append(notes, fmt.Sprintf("Kept as it was (%s): %s%s.", why, strings.Join(paths[:min(len(paths), noted)], ", "), more))
	}
	slices.Sort(notes)
	return notes
}

// short gives a path as a note has it: it is a stranger's, and may be long.
func short(path string) string {
	const most = 100
	if runes := []rune(path); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return path
}

// partsIn gives the reports of the parts that the container which was just compared holds.
func (t *trial) partsIn() []report.Report {
	keeper, ok := t.ref.(Keeper)
	if !ok {
		return t.parts
	}
	parts := slices.Clone(t.parts)
	for _, i := range keeper.Kept() {
		parts[i] = asItWas(parts[i])
	}
	return parts
}

// asTheyWere tells of parts whose container stays whole.
func asTheyWere(parts []report.Report) []report.Report {
	parts = slices.Clone(parts)
	for i := range parts {
		parts[i] = asItWas(parts[i])
	}
	return parts
}

// asItWas turns the report of a part that became smaller alone, yet not within its
// container, into that of one that stays.
func asItWas(r report.Report) report.Report {
	if r.Chosen == report.Original {
		return r
	}
	attempts := slices.Clone(r.Attempts)
	for i := range attempts {
		if attempts[i].Verdict == chosen {
			attempts[i].Verdict = larger
		}
	}
	return report.Report{
		Path: r.Path, Reason: report.NothingWon, Chosen: report.Original, Attempts: attempts, Parts: asTheyWere(r.Parts),
		Ignored: r.Ignored, Notes: append(slices.Clone(r.Notes), "Smaller alone, but not as it is packed."),
	}
}
