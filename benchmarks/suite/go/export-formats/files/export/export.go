// Package export writes measurements in several formats.
package export

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Write writes rows in a format: csv, json or text, in any case.
func Write(w io.Writer, format string, rows []Row) error {
	if len(rows) == 0 {
		return fmt.Errorf("nothing to export")
	}
	switch strings.ToLower(format) {
	case "csv":
		out := csv.NewWriter(w)
		if err := out.Write([]string{"place", "celsius", "note"}); err != nil {
			return fmt.Errorf("csv: %w", err)
		}
		for _, row := range rows {
			cells := []string{row.Place, fmt.Sprintf("%.1f", row.Celsius), row.Note}
			if err := out.Write(cells); err != nil {
				return fmt.Errorf("csv: %w", err)
			}
		}
		out.Flush()
		if err := out.Error(); err != nil {
			return fmt.Errorf("csv: %w", err)
		}
		return nil
	case "json":
		out := json.NewEncoder(w)
		for _, row := range rows {
			if err := out.Encode(row); err != nil {
				return fmt.Errorf("json: %w", err)
			}
		}
		return nil
	case "text", "txt":
		width := 0
		for _, row := range rows {
			if len(row.Place) > width {
				width = len(row.Place)
			}
		}
		for _, row := range rows {
			line := fmt.Sprintf("%-*s %5.1f °C  %s", width, row.Place, row.Celsius, row.Note)
			if _, err := fmt.Fprintln(w, strings.TrimRight(line, " ")); err != nil {
				return fmt.Errorf("text: %w", err)
			}
		}
		return nil
	default:
		return fmt.Errorf("unknown format %q (known: csv, json, text)", format)
	}
}
