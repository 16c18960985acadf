// Package report sums up orders.
package report

import (
	"context"
	"errors"
	"fmt"

	"example.org/orders/store"
)

// Build returns a line on the orders of a year, with the largest one.
func Build(ctx context.Context, s store.Store, year int) (string, error) {
	total, largest := 0, 0
	best := store.Order{}
	err := s.Each(ctx, func(order store.Order) error {
		if order.Year != year {
			return nil
		}
		total += order.Cents
		if order.Cents > best.Cents {
			best, largest = order, order.ID
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	count, err := Count(ctx, s, year)
	if err != nil {
		return "", err
	}
	if count == 0 {
		return fmt.Sprintf("%d: no orders", year), nil
	}
	// It may have been deleted meanwhile.
	_, err = s.Find(ctx, largest)
	if errors.As(err, new(store.NotFound)) {
		return fmt.Sprintf("%d: %d orders, %d cents", year, count, total), nil
	}
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d: %d orders, %d cents, largest %d", year, count, total, largest), nil
}

// Count returns the number of orders of a year.
func Count(ctx context.Context, s store.Store, year int) (int, error) {
	count := 0
	err := s.Each(ctx, func(order store.Order) error {
		if order.Year == year {
			count++
		}
		return nil
	})
	return count, err
}
