package main

import (
	"errors"
	"io"
	"os"

	"github.com/ringfence/ringfence/service"
)

// terms reads the terms of service, when there are any.
func (c *serveCommand) terms() (string, error) {
	if c.Terms == "" {
		return "", nil
	}
	f, err := os.Open(c.Terms)
	if err != nil {
		return "", &failure{code: "terms", what: "terms of service " + c.Terms, why: err, hint: "check the path"}
	}
	b, err := io.ReadAll(io.LimitReader(f, service.MaxTerms+1))
	if err = errors.Join(err, f.Close()); err == nil {
		_, err = service.TermsVersion(string(b))
	}
	if err != nil {
		return "", &failure{code: "terms", what: "terms of service " + c.Terms, why: err, hint: "give a text file in UTF-8"}
	}
	return string(b), nil
}
