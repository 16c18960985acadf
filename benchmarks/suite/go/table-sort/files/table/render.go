package table

import (
	"io"
	"strings"
	"unicode/utf8"
)

// Render writes the table in columns that are as wide as they have to be.
func (t *Table) Render(w io.Writer) error {
	rows := append([][]string{t.columns}, t.Rows()...)
	widths := make([]int, len(t.columns))
	for _, row := range rows {
		for at, cell := range row {
			if n := utf8.RuneCountInString(cell); n > widths[at] {
				widths[at] = n
			}
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for at, cell := range row {
			line.WriteString(cell)
			line.WriteString(strings.Repeat(" ", widths[at]-utf8.RuneCountInString(cell)+2))
		}
		if _, err := io.WriteString(w, strings.TrimRight(line.String(), " ")+"\n"); err != nil {
			return err
		}
	}
	return nil
}
