package main

import (
	"fmt"
	"os"

	"example.org/orders/export"
	"example.org/orders/report"
	"example.org/orders/store"
)

func main() {
	s := store.NewMemory(store.Order{ID: 7, Year: 2023, Cents: 1250}, store.Order{ID: 9, Year: 2024, Cents: 400})
	line, err := report.Build(s, 2024)
	if err == nil {
		fmt.Println(line, report.Count(s, 2023))
		err = export.Write(s, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
