// Package report sums up orders.
package report

import (
	"errors"
	"fmt"

	"example.org/orders/store"
)

// Build returns a line on the orders of a year, with the largest one.
func Build(s store.Store, year int) (string, error) {
	total, largest := 0, 0
	best := store.Order{}
	err := s.Each(func(order store.Order) error {
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
	count := Count(s, year)
	if count == 0 {
		return fmt.Sprintf("%d: no orders", year), nil
	}
	// It may have been deleted meanwhile.
	if _, err := s.Find(largest); errors.As(err, new(store.NotFound)) {
		return fmt.Sprintf("%d: %d orders, %d cents", year, count, total), nil
	}
	return fmt.Sprintf("%d: %d orders, %d cents, largest %d", year, count, total, largest), nil
}

// Count returns the number of orders of a year.
func Count(s store.Store, year int) int {
	count := 0
	_ = s.Each(func(order store.Order) error {
		if order.Year == year {
			count++
		}
		return nil
	})
	return count
}
