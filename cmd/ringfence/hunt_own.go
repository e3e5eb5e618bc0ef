package main

import (
	"errors"
	"time"
)

// ownRecords are the files of all call records of a data folder: those of its
// archive, and those that its service has not moved there yet. Close what comes
// with them when they were read.
func ownRecords(e *env, of dataFolder) (paths []string, closing func() error, err error) {
	place := callsPlace{dataFolder: of}
	r, err := place.open(e)
	if err != nil {
		return nil, nil, err
	}
	v, err := r.view(e.ctx, of.dir(), time.Time{}, e.now().Add(24*time.Hour))
	if err != nil {
		return nil, nil, errors.Join(err, r.close())
	}
	closing = func() error { return errors.Join(v.Close(), r.close()) }
	if paths, err = v.Files(e.ctx); err != nil {
		return nil, nil, errors.Join(err, closing())
	}
	return paths, closing, nil
}
