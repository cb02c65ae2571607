package e2e

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
)

var percent = regexp.MustCompile(`"percent":([0-9.]+)`)

// doRising checks that the percentages in a stream of events, of which there is one at
// least, never fall.
func doRising(s *session, args []string) error {
	if err := want(args, 1, 1); err != nil {
		return err
	}
	text, err := os.ReadFile(s.ts.MkAbs(args[0]))
	if err != nil {
		return err
	}
	found, last := percent.FindAllSubmatch(text, -1), 0.0
	for _, m := range found {
		p, err := strconv.ParseFloat(string(m[1]), 64)
		if err != nil || p < last || p > 100 {
			return fmt.Errorf("after %g %% came %s: %v", last, m[1], err)
		}
		last = p
	}
	if len(found) == 0 {
		return fmt.Errorf("no percentage in %s", text)
	}
	return nil
}
