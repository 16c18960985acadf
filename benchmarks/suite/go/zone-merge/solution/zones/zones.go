// Package zones reads, merges and writes DNS zones.
package zones

import "sort"

// DefaultTTL is the TTL of a zone that has none.
const DefaultTTL = 3600

// Record is what a name points to.
type Record struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

// Zone has the records of each name. Its zero value is an empty zone.
type Zone struct {
	Name    string              `json:"name"`
	TTL     *int                `json:"ttl,omitempty"`
	Records map[string][]Record `json:"records"`
}

// Set replaces the records of a name; without records the name is removed.
func (z *Zone) Set(name string, records []Record) {
	if len(records) == 0 {
		delete(z.Records, name)
		return
	}
	if z.Records == nil {
		z.Records = make(map[string][]Record)
	}
	z.Records[name] = records
}

// Names returns all names, sorted.
func (z *Zone) Names() []string {
	names := make([]string, 0, len(z.Records))
	for name := range z.Records {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// Lifetime is the TTL of the zone in seconds.
func (z *Zone) Lifetime() int {
	if z.TTL == nil {
		return DefaultTTL
	}
	return *z.TTL
}
