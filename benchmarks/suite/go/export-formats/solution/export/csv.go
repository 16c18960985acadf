package export

import (
	"encoding/csv"
	"fmt"
	"io"
)

type csvEncoder struct{}

func init() { Register("csv", csvEncoder{}) }

func (csvEncoder) Encode(w io.Writer, rows []Row) error {
	out := csv.NewWriter(w)
	if err := out.Write([]string{"place", "celsius", "note"}); err != nil {
		return fmt.Errorf("csv: %w", err)
	}
	for _, row := range rows {
		cells := []string{row.Place, fmt.Sprintf("%.1f", row.Celsius), row.Note}
		if err := out.Write(cells); err != nil {
			return fmt.Errorf("csv: %w", err)
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("csv: %w", err)
	}
	return nil
}
