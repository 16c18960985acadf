package main

import (
	"fmt"
	"os"

	"example.org/weather/export"
)

func main() {
	format := "text"
	if len(os.Args) > 1 {
		format = os.Args[1]
	}
	rows := []export.Row{{Place: "Harbour", Celsius: 11.25}, {Place: "Hill", Celsius: -3, Note: "wind"}}
	if err := export.Write(os.Stdout, format, rows); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
