package export

import (
	"fmt"
	"io"
	"strings"
)

type textEncoder struct{}

func init() { Register("text", textEncoder{}) }

func (textEncoder) Encode(w io.Writer, rows []Row) error {
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
}
