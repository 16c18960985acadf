// Package export writes orders as lines of text.
package export

import (
	"fmt"
	"io"

	"example.org/orders/store"
)

// Write writes a line for every order.
func Write(s store.Store, w io.Writer) error {
	return s.Each(func(order store.Order) error {
		_, err := fmt.Fprintf(w, "%d;%d;%d\n", order.ID, order.Year, order.Cents)
		return err
	})
}
