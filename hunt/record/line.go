package record

// AppendJSON appends a record as a line of JSON, without its end.
func AppendJSON(to []byte, r *Record) []byte { return appendJSON(to, r) }

// ParseJSON reads a line of JSON. The error says which column is wrong.
func ParseJSON(line []byte) (Record, error) {
	r, _, err := parseJSON(line)
	return r, err
}
