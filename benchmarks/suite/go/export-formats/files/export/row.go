package export

// Row is a measurement.
type Row struct {
	Place   string  `json:"place"`
	Celsius float64 `json:"celsius"`
	Note    string  `json:"note,omitempty"`
}
