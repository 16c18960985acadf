package oracle

import (
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"
	"testing"

	"example.org/weather/export"
)

var rows = []export.Row{
	{Place: "Harbour", Celsius: 11.25},
	{Place: "Hill, top", Celsius: -3, Note: `"wind"`},
}

func written(t *testing.T, format string) string {
	t.Helper()
	var out strings.Builder
	if err := export.Write(&out, format, rows); err != nil {
		t.Fatalf("%s: %v", format, err)
	}
	return out.String()
}

const (
	asCSV  = "place,celsius,note\nHarbour,11.2,\n\"Hill, top\",-3.0,\"\"\"wind\"\"\"\n"
	asJSON = "{\"place\":\"Harbour\",\"celsius\":11.25}\n{\"place\":\"Hill, top\",\"celsius\":-3,\"note\":\"\\\"wind\\\"\"}\n"
	asText = "Harbour    11.2 °C\nHill, top  -3.0 °C  \"wind\"\n"
)

func TestFormatsAreWrittenAsBefore(t *testing.T) {
	for format, want := range map[string]string{
		"csv": asCSV, "CSV": asCSV, "json": asJSON, "Json": asJSON,
		"text": asText, "TEXT": asText, "txt": asText, "Txt": asText,
	} {
		if got := written(t, format); got != want {
			t.Errorf("%s: %q, want %q", format, got, want)
		}
	}
}

type broken struct{}

var errFull = errors.New("disk full")

func (broken) Write([]byte) (int, error) { return 0, errFull }

func TestErrorsAreAsBefore(t *testing.T) {
	for _, format := range []string{"csv", "json", "text"} {
		err := export.Write(broken{}, strings.ToUpper(format), rows)
		if !errors.Is(err, errFull) || err.Error() != format+": disk full" {
			t.Errorf("%s: %v", format, err)
		}
	}
	if err := export.Write(broken{}, "txt", rows); err == nil || err.Error() != "text: disk full" {
		t.Errorf("txt: %v", err)
	}
	for _, format := range []string{"csv", "XML"} {
		if err := export.Write(io.Discard, format, nil); err == nil || err.Error() != "nothing to export" {
			t.Errorf("no rows as %s: %v", format, err)
		}
	}
}

// The tests run in this order: the next one registers a format.
func TestKnownFormatsAreListed(t *testing.T) {
	if known := export.Formats(); !reflect.DeepEqual(known, []string{"csv", "json", "text"}) {
		t.Errorf("Formats: %v, want csv, json and text", known)
	}
	err := export.Write(io.Discard, "XML", rows)
	if want := `unknown format "XML" (known: csv, json, text)`; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

type counter struct{ err error }

func (c counter) Encode(w io.Writer, rows []export.Row) error {
	if c.err != nil {
		return c.err
	}
	_, err := fmt.Fprintf(w, "%d rows of %s", len(rows), rows[0].Place)
	return err
}

func panics(act func()) (did bool) {
	defer func() { did = recover() != nil }()
	act()
	return false
}

func TestAFormatIsRegistered(t *testing.T) {
	export.Register("Count", counter{})
	for _, format := range []string{"count", "COUNT"} {
		if got := written(t, format); got != "2 rows of Harbour" {
			t.Errorf("%s: %q", format, got)
		}
	}
	want := []string{"count", "csv", "json", "text"}
	got := export.Formats()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("Formats: %v, want %v", got, want)
	}
	got[0] = "spoilt"
	if again := export.Formats(); !reflect.DeepEqual(again, want) {
		t.Errorf("Formats after its result was changed: %v", again)
	}
	err := export.Write(io.Discard, "xml", rows)
	if want := `unknown format "xml" (known: count, csv, json, text)`; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	for _, name := range []string{"count", "COUNT", "csv", "Json", ""} {
		if !panics(func() { export.Register(name, counter{}) }) {
			t.Errorf("Register(%q) does not panic", name)
		}
	}
}

func TestTheSwitchIsGone(t *testing.T) {
	text, err := os.ReadFile("../export/export.go")
	if err != nil {
		return
	}
	for _, word := range []string{"encoding/csv", "encoding/json"} {
		if strings.Contains(string(text), word) {
			t.Errorf("export.go still uses %s: each format is in a file of its own", word)
		}
	}
}
