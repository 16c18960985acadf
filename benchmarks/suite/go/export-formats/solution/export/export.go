// Package export writes measurements in several formats.
package export

import (
	"fmt"
	"io"
	"sort"
	"strings"
)

// Encoder writes rows in a format.
type Encoder interface {
	Encode(w io.Writer, rows []Row) error
}

var (
	encoders = map[string]Encoder{}
	// aliases are other names of formats.
	aliases = map[string]string{"txt": "text"}
)

// Register adds a format. It panics if the name is empty or taken.
func Register(name string, encoder Encoder) {
	name = strings.ToLower(name)
	if name == "" {
		panic("export: a format needs a name")
	}
	if _, taken := encoders[name]; taken {
		panic("export: format " + name + " is registered already")
	}
	encoders[name] = encoder
}

// Formats returns the names of all formats, sorted.
func Formats() []string {
	names := make([]string, 0, len(encoders))
	for name := range encoders {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// Write writes rows in a registered format; its name may be in any case.
func Write(w io.Writer, format string, rows []Row) error {
	if len(rows) == 0 {
		return fmt.Errorf("nothing to export")
	}
	name := strings.ToLower(format)
	if full, ok := aliases[name]; ok {
		name = full
	}
	encoder, ok := encoders[name]
	if !ok {
		known := strings.Join(Formats(), ", ")
		return fmt.Errorf("unknown format %q (known: %s)", format, known)
	}
	return encoder.Encode(w, rows)
}
