package oracle

import (
	"reflect"
	"strings"
	"testing"

	"example.org/dns/zones"
)

func load(t *testing.T, text string) *zones.Zone {
	t.Helper()
	zone, err := zones.Load(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return zone
}

func a(value string) zones.Record { return zones.Record{Type: "A", Value: value} }

func expect(t *testing.T, zone *zones.Zone, name string, want ...zones.Record) {
	t.Helper()
	if got := zone.Records[name]; !reflect.DeepEqual(got, want) && len(got)+len(want) > 0 {
		t.Errorf("%s is %v, want %v", name, got, want)
	}
}

func TestAZoneWithoutRecordsTakesThem(t *testing.T) {
	for _, text := range []string{
		`{"name": "example.net"}`,
		`{"name": "example.net", "records": null}`,
		`{"name": "example.net", "records": {}, "ttl": null}`,
	} {
		zone := load(t, text)
		zone.Set("www", []zones.Record{a("192.0.2.1")})
		expect(t, zone, "www", a("192.0.2.1"))
		if got := zone.Lifetime(); got != zones.DefaultTTL {
			t.Errorf("%s: lives %d s", text, got)
		}
	}
}

func TestTheZeroZoneIsUsable(t *testing.T) {
	var zone zones.Zone
	if len(zone.Names()) != 0 || zone.Lifetime() != 3600 {
		t.Errorf("%v, %d", zone.Names(), zone.Lifetime())
	}
	zone.Set("gone", nil)
	zone.Set("www", []zones.Record{a("192.0.2.1")})
	zone.Set("www", []zones.Record{a("192.0.2.2")})
	expect(t, &zone, "www", a("192.0.2.2"))
	zone.Set("www", []zones.Record{})
	if len(zone.Names()) != 0 {
		t.Errorf("names: %v", zone.Names())
	}
}

func TestMergeIntoAndFromNothing(t *testing.T) {
	full := load(t, `{"name": "a", "ttl": 60, "records": {"www": [{"type": "A", "value": "192.0.2.1"}]}}`)
	for name, into := range map[string]*zones.Zone{
		"zero": {},
		"null": load(t, `{"name": "b", "records": null}`),
	} {
		zones.Merge(into, full)
		expect(t, into, "www", a("192.0.2.1"))
		if into.Lifetime() != 60 {
			t.Errorf("%s: lives %d s", name, into.Lifetime())
		}
	}
	zones.Merge(full, &zones.Zone{})
	expect(t, full, "www", a("192.0.2.1"))
	if full.Lifetime() != 60 {
		t.Errorf("lives %d s", full.Lifetime())
	}
	zones.Merge(&zones.Zone{}, &zones.Zone{})
}

func TestMergeKeepsNameServers(t *testing.T) {
	ns := zones.Record{Type: "NS", Value: "ns.example.net"}
	into := load(t, `{"name": "a", "ttl": 0, "records": {
		"@": [{"type": "NS", "value": "ns.example.net"}, {"type": "A", "value": "192.0.2.1"}],
		"old": [{"type": "A", "value": "192.0.2.3"}]}}`)
	from := load(t, `{"name": "b", "ttl": 60, "records": {"@": [{"type": "A", "value": "192.0.2.2"}]}}`)
	zones.Merge(into, from)
	expect(t, into, "@", ns, a("192.0.2.2"))
	expect(t, into, "old", a("192.0.2.3"))
	expect(t, from, "@", a("192.0.2.2"))
	if into.Lifetime() != 0 {
		t.Errorf("lives %d s: a TTL of 0 is one", into.Lifetime())
	}
}

func TestMergedZonesAreApart(t *testing.T) {
	text := `{"name": "b", "ttl": 60, "records": {"www": [{"type": "A", "value": "192.0.2.1"}]}}`
	into, from := &zones.Zone{}, load(t, text)
	zones.Merge(into, from)
	from.Records["www"][0].Value = "changed"
	*from.TTL = 1
	expect(t, into, "www", a("192.0.2.1"))
	if into.Lifetime() != 60 {
		t.Errorf("lives %d s after the other TTL was changed", into.Lifetime())
	}
	into, from = &zones.Zone{}, load(t, text)
	zones.Merge(into, from)
	into.Records["www"][0].Value = "changed"
	into.Records["www"] = append(into.Records["www"], a("192.0.2.9"))
	expect(t, from, "www", a("192.0.2.1"))
}

func TestBadFilesAreRefusedAsBefore(t *testing.T) {
	for _, text := range []string{"", "[]", `{"records": {}}`} {
		if _, err := zones.Load(strings.NewReader(text)); err == nil {
			t.Errorf("%q is read", text)
		}
	}
}

func TestAZoneIsSavedAsBefore(t *testing.T) {
	var out strings.Builder
	zone := load(t, `{"name": "a", "records": {"www": [{"type": "A", "value": "192.0.2.1"}]}}`)
	if err := zones.Save(&out, zone); err != nil {
		t.Fatal(err)
	}
	if again := load(t, out.String()); !reflect.DeepEqual(again.Records, zone.Records) {
		t.Errorf("saved as %s", out.String())
	}
	if strings.Contains(out.String(), "ttl") {
		t.Errorf("a TTL that nobody set is saved: %s", out.String())
	}
}
