package store

import (
	"context"
	"sort"
)

// Memory is a store for tests.
type Memory struct {
	orders map[int]Order
}

// NewMemory returns a store with some orders.
func NewMemory(orders ...Order) *Memory {
	m := &Memory{orders: make(map[int]Order)}
	for _, order := range orders {
		m.orders[order.ID] = order
	}
	return m
}

// Find returns an order.
func (m *Memory) Find(ctx context.Context, id int) (Order, error) {
	if err := ctx.Err(); err != nil {
		return Order{}, err
	}
	order, ok := m.orders[id]
	if !ok {
		return Order{}, NotFound(id)
	}
	return order, nil
}

// Each visits the orders by ID.
func (m *Memory) Each(ctx context.Context, visit func(Order) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ids := make([]int, 0, len(m.orders))
	for id := range m.orders {
		ids = append(ids, id)
	}
	sort.Ints(ids)
	for _, id := range ids {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := visit(m.orders[id]); err != nil {
			return err
		}
	}
	return nil
}
