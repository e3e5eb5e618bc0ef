// Package sqlite reads SQLite database files as evidence: in place, without
// ever writing, through any io.ReaderAt; with the pages of a write-ahead log
// that were committed; with damage named instead of an error at the first bad
// page; and, after the live rows, with rows that were deleted but still stand
// in free pages, in unused parts of pages or in older frames of the log.
//
// It is no SQL engine: it lists tables and walks their rows. The engines there
// are open a path of their own, replay the log into the file, stop at the first
// bad page and never show what was deleted; evidence needs the opposite of each,
// which is why this reader exists.
//
// Format: https://www.sqlite.org/fileformat2.html
package sqlite

import (
	"errors"
	"io"
)

// Errors that a caller tells apart with errors.Is.
var (
	ErrNotDatabase = errors.New("no SQLite database")
	ErrDamaged     = errors.New("damaged database")
	ErrLimit       = errors.New("larger than a database row or schema can be")
)

// File is the bytes of one file.
type File struct {
	io.ReaderAt
	Size int64
}

// Open reads the header and the schema. wal is the -wal file beside it; its
// zero value: none. A schema that is partly damaged gives the tables that can
// be read; Damage names the rest.
//
// Errors: ErrNotDatabase, ErrDamaged when not even the schema can be found.
func Open(db, wal File) (*DB, error) { return open(db, wal) }
