// Package export writes orders as lines of text.
package export

import (
	"context"
	"fmt"
	"io"

	"example.org/orders/store"
)

// Write writes a line for every order.
func Write(ctx context.Context, s store.Store, w io.Writer) error {
	return s.Each(ctx, func(order store.Order) error {
		_, err := fmt.Fprintf(w, "%d;%d;%d\n", order.ID, order.Year, order.Cents)
		return err
	})
}
