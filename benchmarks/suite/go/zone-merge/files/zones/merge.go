package zones

// Merge adds the records of another zone to a zone. Names of the other one replace those of the
// zone, except that records of type NS are kept beside the new ones.
func Merge(into, from *Zone) {
	for _, name := range from.Names() {
		var records []Record
		for _, record := range into.Records[name] {
			if record.Type == "NS" {
				records = append(records, record)
			}
		}
		if len(records) > 0 {
			records = append(records, from.Records[name]...)
		} else {
			records = from.Records[name]
		}
		into.Set(name, records)
	}
	if into.TTL == nil {
		into.TTL = from.TTL
	}
}
