package main

import (
	"fmt"
	"os"

	"example.org/lister/table"
)

func main() {
	t := table.New("Name", "Size")
	for _, path := range os.Args[1:] {
		size := ""
		if info, err := os.Stat(path); err == nil {
			size = fmt.Sprint(info.Size())
		}
		if err := t.Add(path, size); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
	if err := t.Render(os.Stdout); err != nil {
		os.Exit(1)
	}
}
