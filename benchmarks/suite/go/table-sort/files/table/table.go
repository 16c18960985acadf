// Package table holds rows of text and writes them in columns.
package table

import "fmt"

// Table has a name for each column, and rows.
type Table struct {
	columns []string
	rows    [][]string
}

// New returns a table without rows.
func New(columns ...string) *Table {
	return &Table{columns: columns}
}

// Add appends a row. It may have fewer cells than there are columns, but not more.
func (t *Table) Add(cells ...string) error {
	if len(cells) > len(t.columns) {
		return fmt.Errorf("%d cells for %d columns", len(cells), len(t.columns))
	}
	t.rows = append(t.rows, cells)
	return nil
}

// Rows returns the cells of each row, as many as there are columns.
func (t *Table) Rows() [][]string {
	rows := make([][]string, 0, len(t.rows))
	for _, row := range t.rows {
		full := make([]string, len(t.columns))
		copy(full, row)
		rows = append(rows, full)
	}
	return rows
}
