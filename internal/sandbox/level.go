package sandbox

import "fmt"

// Level says how strong the cage is. A higher level holds everything a lower one holds.
type Level uint8

// The levels, weakest first. Each is reached by attacks refused, see [Attack].
const (
	LevelLimits   Level = iota // a separate process with resource limits, nothing more
	LevelFiltered              // and no sockets, no permission changes: system calls are filtered
	LevelStrong                // and no files but those granted, no programs but those granted
	LevelFull                  // and its own user, network and IPC namespaces, without capabilities
)

var levelNames = [...]string{"limits", "filtered", "strong", "full"}

// String is the level's word in settings and reports.
func (l Level) String() string {
	if int(l) < len(levelNames) {
		return levelNames[l]
	}
	return fmt.Sprintf("level(%d)", uint8(l))
}

// ParseLevel reads a level's word; the error names the words allowed.
func ParseLevel(word string) (Level, error) {
	for i, name := range levelNames {
		if name == word {
			return Level(i), nil
		}
	}
	return 0, fmt.Errorf("unknown sandbox level %q: allowed are limits, filtered, strong, full", word)
}

// MarshalText writes the level's word.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText reads the level's word.
func (l *Level) UnmarshalText(text []byte) error {
	parsed, err := ParseLevel(string(text))
	if err != nil {
		return err
	}
	*l = parsed
	return nil
}
