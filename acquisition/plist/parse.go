package plist

import "errors"

func parse(b []byte) (any, error)  { return nil, errors.ErrUnsupported }
func unarchive(v any) (any, error) { return nil, errors.ErrUnsupported }
