package record

import "io"

// OpenText opens a file of text, and the compression (.gz, .zst) that its name
// says.
func OpenText(path string) (io.ReadCloser, error) { return openText(path) }
