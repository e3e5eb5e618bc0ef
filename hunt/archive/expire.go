package archive

import (
	"context"
	"fmt"
	"time"
)

// Expired is what was deleted, or would be.
type Expired struct {
	Files int
	Bytes int64
}

// Expire deletes the files whose hour had ended at a time, whole, and what a
// crash left half written a day before that; with dry it only counts.
func (a *Archive) Expire(ctx context.Context, before time.Time, dry bool) (e Expired, err error) {
	all, err := a.List(ctx)
	if err != nil {
		return e, err
	}
	for _, o := range all {
		if o.end().After(before) {
			continue
		}
		if !dry {
			if err := a.place.remove(ctx, o.Name); err != nil {
				return e, fmt.Errorf("archive %s: deleting %s: %w; it is still there, so try again", a.name, o.Name, err)
			}
		}
		e.Files++
		e.Bytes += o.Bytes
	}
	if f, ok := a.place.(folder); ok && !dry {
		if err := f.sweep(before); err != nil {
			return e, fmt.Errorf("archive %s: %w", a.name, err)
		}
	}
	return e, nil
}
