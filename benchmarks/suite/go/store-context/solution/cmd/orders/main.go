package main

import (
	"context"
	"fmt"
	"os"

	"example.org/orders/export"
	"example.org/orders/report"
	"example.org/orders/store"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	s := store.NewMemory(store.Order{ID: 7, Year: 2023, Cents: 1250}, store.Order{ID: 9, Year: 2024, Cents: 400})
	line, err := report.Build(ctx, s, 2024)
	if err != nil {
		return err
	}
	count, err := report.Count(ctx, s, 2023)
	if err != nil {
		return err
	}
	fmt.Println(line, count)
	return export.Write(ctx, s, os.Stdout)
}
