package main

import (
	"fmt"
	"os"

	"example.org/dns/zones"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func load(path string) (*zones.Zone, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return zones.Load(file)
}

// run merges the second file into the first one and prints the result.
func run(paths []string) error {
	if len(paths) != 2 {
		return fmt.Errorf("usage: dns ZONE ADDITIONS")
	}
	into, err := load(paths[0])
	if err != nil {
		return err
	}
	from, err := load(paths[1])
	if err != nil {
		return err
	}
	zones.Merge(into, from)
	fmt.Fprintf(os.Stderr, "%d names, valid for %d s\n", len(into.Names()), into.Lifetime())
	return zones.Save(os.Stdout, into)
}
