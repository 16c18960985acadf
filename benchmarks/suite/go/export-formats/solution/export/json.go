package export

import (
	"encoding/json"
	"fmt"
	"io"
)

type jsonEncoder struct{}

func init() { Register("json", jsonEncoder{}) }

func (jsonEncoder) Encode(w io.Writer, rows []Row) error {
	out := json.NewEncoder(w)
	for _, row := range rows {
		if err := out.Encode(row); err != nil {
			return fmt.Errorf("json: %w", err)
		}
	}
	return nil
}
