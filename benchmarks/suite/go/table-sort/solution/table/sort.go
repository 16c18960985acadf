package table

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
)

// SortBy sorts the rows by a column: by number if all its cells are numbers, else as text in any
// case. Rows without a value come last, and equal ones keep their order.
func (t *Table) SortBy(column string) error {
	at := -1
	for i, name := range t.columns {
		if strings.EqualFold(name, column) {
			at = i
			break
		}
	}
	if at < 0 {
		return fmt.Errorf("no column %q", column)
	}
	type keyed struct {
		text   string
		number float64
		cells  []string
	}
	numeric := true
	rows := make([]keyed, len(t.rows))
	for i, cells := range t.rows {
		rows[i].cells = cells
		if at < len(cells) {
			rows[i].text = strings.ToLower(strings.TrimSpace(cells[at]))
		}
		if rows[i].text != "" {
			number, err := strconv.ParseFloat(rows[i].text, 64)
			numeric = numeric && err == nil
			rows[i].number = number
		}
	}
	sort.SliceStable(rows, func(i, j int) bool {
		a, b := rows[i], rows[j]
		if a.text == "" || b.text == "" {
			return a.text != "" && b.text == ""
		}
		if numeric {
			return a.number < b.number
		}
		return a.text < b.text
	})
	for i, row := range rows {
		t.rows[i] = row.cells
	}
	return nil
}
