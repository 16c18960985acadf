// Package store holds orders.
package store

import "fmt"

// Order is what somebody ordered.
type Order struct {
	ID    int
	Year  int
	Cents int
}

// Store finds orders.
type Store interface {
	// Find returns an order; NotFound if there is none.
	Find(id int) (Order, error)
	// Each calls visit with every order, by ID, until it returns an error.
	Each(visit func(Order) error) error
}

// NotFound is the error for an order that does not exist.
type NotFound int

func (id NotFound) Error() string { return fmt.Sprintf("no order %d", int(id)) }
