// Package vault keeps secrets: it seals them for the database and keeps them out of logs.
//
// What is sealed is under a data key of its own, and that is under a master key, of which a
// Ring holds one or several. To change the master key only the data keys are wrapped anew.
package vault

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
)

// Secret is a text that must not be seen. Every common way to print it shows a placeholder;
// Reveal is the one way to get at it. The zero Secret is none.
type Secret struct {
	// A pointer, since package fmt asks no unexported field for its methods: where a Secret
	// is one, an address is printed and not the text.
	text *string
}

// hidden is what stands for a secret wherever it would be printed.
const hidden = "[secret]"

// NewSecret wraps a text.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{&text}
}

// Reveal returns the text.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// Empty says whether there is none.
func (s Secret) Empty() bool { return s.text == nil }

// Format hides the text from every verb of package fmt.
func (s Secret) Format(f fmt.State, _ rune) { hide(f) }

// String hides the text.
func (s Secret) String() string { return hidden }

// GoString hides the text from %#v.
func (s Secret) GoString() string { return hidden }

// LogValue hides the text from slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalJSON hides the text.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + hidden + `"`), nil }

// MarshalText hides the text.
func (s Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// UnmarshalText takes a text in. It refuses the placeholder: a secret that was printed
// cannot be read back.
func (s *Secret) UnmarshalText(text []byte) error {
	if string(text) == hidden {
		return errors.New("the secret itself, not what stands for it")
	}
	*s = NewSecret(string(text))
	return nil
}

// hide writes the placeholder.
func hide(f fmt.State) { io.WriteString(f, hidden) } //nolint:errcheck // package fmt keeps the error
