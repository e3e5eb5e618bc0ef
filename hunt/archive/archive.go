// Package archive keeps call records in Parquet files by hour, in a local folder
// or in object storage (docs/archive.md).
//
// The records of a service are first in its store, where they are safe once they
// are acknowledged. When an hour is over they are claimed, written under
// pseudonyms, read back, and only then deleted from the store; a crash between
// any two of these steps neither loses nor doubles a record.
package archive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ringfence/ringfence/hunt/record"
)

// place is where files are kept. A file that was written is there after a power
// failure.
type place interface {
	write(ctx context.Context, name string, content []byte) error
	open(ctx context.Context, name string) (io.ReadCloser, error)
	list(ctx context.Context, visit func(name string, bytes int64) error) error
	remove(ctx context.Context, name string) error
}

// Archive is a place with call records. Its methods may be used from several
// goroutines, and by several programs at a time.
type Archive struct {
	place place
	name  string
	step  func(string) // of an export, for the test that crashes at each
}

// Open opens the archive in a folder, which need not be there yet, or in a bucket:
// s3://BUCKET?region=REGION&prefix=calls/ with &endpoint=https://HOST for storage
// that is not Amazon's.
func Open(ctx context.Context, where string) (*Archive, error) {
	a := &Archive{name: where, step: func(string) {}}
	if strings.Contains(where, "://") {
		if !strings.HasPrefix(where, "s3://") {
			return nil, fmt.Errorf("archive %s: not a place that is known; give a folder or s3://BUCKET", where)
		}
		b, err := openBucket(ctx, where)
		if err != nil {
			return nil, fmt.Errorf("archive %s: %w", where, err)
		}
		a.place = b
		return a, nil
	}
	dir, err := filepath.Abs(where)
	if err != nil {
		return nil, fmt.Errorf("archive %s: %w; give a folder", where, err)
	}
	a.place, a.name = folder(dir), dir
	return a, nil
}

// String returns the place, as Open takes it from anywhere.
func (a *Archive) String() string { return a.name }

// Object is a file of the archive: records of one hour.
type Object struct {
	Name   string    `json:"name"` // below the archive's place, with slashes
	Hour   time.Time `json:"hour"`
	Node   string    `json:"node"`   // of whose store, or import, the records are
	Number int64     `json:"number"` // within the node
	Bytes  int64     `json:"bytes"`
}

// end is when the hour is over.
func (o Object) end() time.Time { return o.Hour.Add(time.Hour) }

var names = regexp.MustCompile(`^(\d{4}/\d\d/\d\d/\d\d)-([a-z0-9]{1,32})-(\d{1,18})\.parquet$`)

const hourLayout = "2006/01/02/15"

// parseName reads a name; false for what is no file of ours.
func parseName(name string) (o Object, ok bool) {
	part := names.FindStringSubmatch(name)
	if part == nil {
		return o, false
	}
	hour, err := time.Parse(hourLayout, part[1])
	if err != nil {
		return o, false
	}
	o.Name, o.Hour, o.Node = name, hour, part[2]
	o.Number, err = strconv.ParseInt(part[3], 10, 64)
	return o, err == nil && o.name() == name
}

func (o Object) name() string {
	return fmt.Sprintf("%s-%s-%d.parquet", o.Hour.UTC().Format(hourLayout), o.Node, o.Number)
}

// List returns the files, by hour.
func (a *Archive) List(ctx context.Context) ([]Object, error) {
	var all []Object
	err := a.place.list(ctx, func(name string, bytes int64) error {
		if o, ok := parseName(name); ok {
			o.Bytes = bytes
			all = append(all, o)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("archive %s: %w; check that it can be reached and read", a.name, err)
	}
	slices.SortFunc(all, func(x, y Object) int { return strings.Compare(x.Name, y.Name) })
	return all, nil
}

// errRecord says that records cannot be written, wherever it is.
var errRecord = errors.New("archive: a record that has no place in a file")

// Count returns how many records a file has, as its footer says; false where it
// would have to be fetched for that.
func (a *Archive) Count(o Object) (n int64, known bool) {
	f, ok := a.place.(folder)
	if !ok {
		return 0, false
	}
	files, err := record.Open([]string{f.path(o.Name)}, record.Options{})
	if err != nil {
		return 0, false
	}
	return files.Records(), true
}

// put writes records of one hour, in the order of their times, and reads them
// back.
func (a *Archive) put(ctx context.Context, o Object, records []record.Record) error {
	slices.SortStableFunc(records, func(x, y record.Record) int { return int(min(1, max(-1, x.Time-y.Time))) })
	var content bytes.Buffer
	w, err := record.NewWriter(&content, record.Parquet)
	if err != nil {
		return err
	}
	if err := errors.Join(w.Write(records), w.Close()); err != nil {
		return errors.Join(errRecord, err)
	}
	name := o.name()
	if err := a.place.write(ctx, name, content.Bytes()); err != nil {
		return fmt.Errorf("archive %s: %s: %w; check that it can be written and is not full", a.name, name, err)
	}
	a.step("written")
	if err := a.verify(ctx, name, sha256.Sum256(content.Bytes()), len(records)); err != nil {
		return fmt.Errorf("archive %s: %s was not kept as it was written: %w; the records stay where they were", a.name, name, err)
	}
	a.step("verified")
	return nil
}

// verify reads a file back: its bytes, and every record in it.
func (a *Archive) verify(ctx context.Context, name string, sum [sha256.Size]byte, records int) error {
	path, done, err := a.local(ctx, name)
	if err != nil {
		return err
	}
	defer done()
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return err
	}
	if [sha256.Size]byte(h.Sum(nil)) != sum {
		return errors.New("its bytes are others")
	}
	s, err := readFile(ctx, path, record.All, func(*record.Batch) error { return nil })
	if err == nil && s.Records != int64(records) {
		err = fmt.Errorf("it has %d of %d records", s.Records, records)
	}
	return err
}

// readFile reads all records of one file, in order.
func readFile(ctx context.Context, path string, want record.Columns, visit func(*record.Batch) error) (record.Stats, error) {
	files, err := record.Open([]string{path}, record.Options{})
	if err != nil {
		return record.Stats{}, err
	}
	s, err := files.Read(ctx, record.Reading{Want: want, Workers: 1, Visit: func(_ int, b *record.Batch) error { return visit(b) }})
	if err == nil && len(s.Unread) > 0 {
		err = errors.New(s.Unread[0])
	}
	if err == nil && s.Rejected > 0 {
		err = fmt.Errorf("%d of its lines are no records", s.Rejected)
	}
	return s, err
}

// local gives the path of a file on this machine until done is called.
func (a *Archive) local(ctx context.Context, name string) (path string, done func(), err error) {
	if f, ok := a.place.(folder); ok {
		return f.path(name), func() {}, nil
	}
	dir, err := os.MkdirTemp("", "ringfence-calls-")
	if err != nil {
		return "", nil, err
	}
	done = func() { os.RemoveAll(dir) }
	path = filepath.Join(dir, filepath.Base(name))
	if err := a.fetch(ctx, name, path); err != nil {
		done()
		return "", nil, err
	}
	return path, done, nil
}

// fetch copies a file to this machine.
func (a *Archive) fetch(ctx context.Context, name, path string) error {
	from, err := a.place.open(ctx, name)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return errors.Join(err, to.Close())
}
