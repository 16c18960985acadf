package zones

// Merge adds the records of another zone to a zone. Names of the other one replace those of the
// zone, except that records of type NS are kept beside the new ones. The zones share nothing
// afterwards.
func Merge(into, from *Zone) {
	for _, name := range from.Names() {
		var records []Record
		for _, record := range into.Records[name] {
			if record.Type == "NS" {
				records = append(records, record)
			}
		}
		into.Set(name, append(records, from.Records[name]...))
	}
	if into.TTL == nil && from.TTL != nil {
		ttl := *from.TTL
		into.TTL = &ttl
	}
}
