package zones

import (
	"encoding/json"
	"fmt"
	"io"
)

// Load reads a zone.
func Load(r io.Reader) (*Zone, error) {
	zone := &Zone{Records: make(map[string][]Record)}
	if err := json.NewDecoder(r).Decode(zone); err != nil {
		return nil, fmt.Errorf("cannot read the zone: %w", err)
	}
	if zone.Name == "" {
		return nil, fmt.Errorf("the zone has no name")
	}
	return zone, nil
}

// Save writes a zone.
func Save(w io.Writer, zone *Zone) error {
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	return out.Encode(zone)
}
