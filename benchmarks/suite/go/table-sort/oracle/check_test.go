package oracle

import (
	"reflect"
	"strings"
	"testing"

	"example.org/lister/table"
)

func build(t *testing.T, rows ...[]string) *table.Table {
	t.Helper()
	tab := table.New("Name", "Size", "Note")
	for _, row := range rows {
		if err := tab.Add(row...); err != nil {
			t.Fatal(err)
		}
	}
	return tab
}

// sorted gives the first cells of the rows after sorting by a column.
func sorted(t *testing.T, tab *table.Table, column string) string {
	t.Helper()
	if err := tab.SortBy(column); err != nil {
		t.Fatalf("SortBy(%q): %v", column, err)
	}
	var names []string
	for _, row := range tab.Rows() {
		names = append(names, row[0])
	}
	return strings.Join(names, " ")
}

func expect(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("the order is %q, want %q", got, want)
	}
}

func TestNumbersAreSortedAsNumbers(t *testing.T) {
	tab := build(t, []string{"a", "100"}, []string{"b", "9"}, []string{"c", "-3.5"}, []string{"d", " 1e1 "})
	expect(t, sorted(t, tab, "Size"), "c b d a")
}

func TestOneWordMakesAColumnText(t *testing.T) {
	tab := build(t, []string{"a", "100"}, []string{"b", "9"}, []string{"c", "none"}, []string{"d", "10"})
	expect(t, sorted(t, tab, "Size"), "d a b c")
}

func TestTextIsSortedInAnyCase(t *testing.T) {
	tab := build(t, []string{"pear"}, []string{"Apple"}, []string{"ÄPFEL"}, []string{"apple"}, []string{"Quince"}, []string{"äpfel"})
	expect(t, sorted(t, tab, "Name"), "Apple apple pear Quince ÄPFEL äpfel")
}

func TestEmptyCellsComeLast(t *testing.T) {
	tab := build(t, []string{"a", ""}, []string{"b", "7"}, []string{"c"}, []string{"d", "  "}, []string{"e", "-7"})
	expect(t, sorted(t, tab, "Size"), "e b a c d")
	words := build(t, []string{"a", "1", "z"}, []string{"b"}, []string{"c", "1", "Y"}, []string{"d", "1", " "})
	expect(t, sorted(t, words, "Note"), "c a b d")
	empty := build(t, []string{"a"}, []string{"b"})
	expect(t, sorted(t, empty, "Note"), "a b")
}

func TestTheOrderOfEqualRowsIsKept(t *testing.T) {
	var rows [][]string
	var want []string
	for i := 0; i < 40; i++ {
		name := string(rune('A'+i%26)) + strings.Repeat("x", i/26)
		rows = append(rows, []string{name, []string{"1", "1.0", "01"}[i%3]})
		want = append(want, name)
	}
	tab := build(t, rows...)
	expect(t, sorted(t, tab, "Size"), strings.Join(want, " "))
}

func TestColumnsAreFoundInAnyCase(t *testing.T) {
	tab := build(t, []string{"b", "2"}, []string{"a", "1"})
	expect(t, sorted(t, tab, "sIZE"), "a b")
}

func TestAnUnknownColumnIsAnError(t *testing.T) {
	tab := build(t, []string{"b", "2"}, []string{"a", "1"})
	before := tab.Rows()
	for _, name := range []string{"Colour", "", "Siz"} {
		err := tab.SortBy(name)
		want := `no column "` + name + `"`
		if err == nil || err.Error() != want {
			t.Errorf("SortBy(%q): %v, want %s", name, err, want)
		}
	}
	if !reflect.DeepEqual(tab.Rows(), before) {
		t.Errorf("the rows are %v", tab.Rows())
	}
}

func TestCellsStayAsTheyAre(t *testing.T) {
	tab := build(t, []string{"b", " 2 ", "x"}, []string{"A", "1"})
	if err := tab.SortBy("size"); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := tab.Render(&out); err != nil {
		t.Fatal(err)
	}
	want := "Name  Size  Note\nA     1\nb      2    x\n"
	if out.String() != want {
		t.Errorf("rendered %q, want %q", out.String(), want)
	}
	if err := table.New("Name").SortBy("name"); err != nil {
		t.Errorf("a table without rows: %v", err)
	}
}
