package canary

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
)

// verbs are those of package fmt.
const verbs = "v +v #v s q x X d p t c U e b"

// Printed is all that package fmt, package slog and JSON make of values. A crash prints less: of
// the value of a panic what Error or String say, and no more than addresses of anything else.
func Printed(values ...any) []byte {
	var out bytes.Buffer
	plain, asJSON := slog.New(slog.NewTextHandler(&out, nil)), slog.New(slog.NewJSONHandler(&out, nil))
	for _, v := range values {
		for _, verb := range strings.Fields(verbs) {
			fmt.Fprintf(&out, "%"+verb+"\n", v)
		}
		plain.Info("m", "v", v)
		asJSON.Info("m", "v", v)
		text, err := json.Marshal(v)
		fmt.Fprintf(&out, "%s %v\n", text, err)
	}
	return out.Bytes()
}
