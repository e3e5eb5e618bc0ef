package record

import (
	"context"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Options say how files are read.
type Options struct {
	// Now is the time by which a record is of the future; zero: none is.
	Now time.Time
}

// limit returns the latest time that a record may have, in ns since 1970: a day
// from now, for clocks are wrong.
func (o Options) limit() int64 {
	if o.Now.IsZero() {
		return math.MaxInt64
	}
	return o.Now.Add(24 * time.Hour).UnixNano()
}

// Files are call records in files. They may be read several times.
type Files struct {
	paths   []string
	skipped []string // that are not read, and why
	records int64
	limit   int64 // ns since 1970: no record is later
	words   *words
}

// lineSize is about how long a line of text is, for the estimate of Records.
const lineSize = 250

// Open finds the files of call records among paths: files, and folders with
// whatever they hold, by name, so that hours come in order. Of a folder it
// takes the files that are records by their names (FormatOf); a file that is
// named itself must be one.
func Open(paths []string, o Options) (*Files, error) {
	f := &Files{words: newWords(), limit: o.limit()}
	for _, p := range paths {
		if err := f.find(p); err != nil {
			return nil, err
		}
	}
	for _, p := range f.paths {
		f.records += about(p)
	}
	return f, nil
}

func (f *Files) find(root string) error {
	info, err := os.Stat(root)
	if err != nil {
		return fmt.Errorf("record: %w; give files or folders of call records", err)
	}
	if !info.IsDir() {
		if _, err := FormatOf(root); err != nil {
			return err
		}
		f.add(root, info.Mode())
		return nil
	}
	// A link at the root is followed, none below: so there are no loops.
	return filepath.WalkDir(filepath.Clean(root)+string(filepath.Separator), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			f.skipped = append(f.skipped, fmt.Sprintf("%s: %v", path, err))
			return nil
		}
		if _, err := FormatOf(path); err != nil || d.IsDir() {
			return nil
		}
		mode := d.Type()
		if mode&fs.ModeSymlink != 0 {
			info, err := os.Stat(path)
			if err != nil {
				f.skipped = append(f.skipped, fmt.Sprintf("%s: %v", path, err))
				return nil
			}
			mode = info.Mode()
		}
		f.add(path, mode)
		return nil
	})
}

func (f *Files) add(path string, mode fs.FileMode) {
	if !mode.IsRegular() {
		f.skipped = append(f.skipped, path+": is no file of its own; copy the records into one")
		return
	}
	f.paths = append(f.paths, path)
}

// about returns how many records a file has: what a Parquet file says, for text
// an estimate by its size. A file that cannot be read has none; Read says why.
func about(path string) int64 {
	if format, _ := FormatOf(path); format == Parquet {
		file, err := openParquet(path)
		if err != nil {
			return 0
		}
		defer file.close()
		return file.NumRows()
	}
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	n := info.Size() / lineSize
	if ext := filepath.Ext(path); ext == ".gz" || ext == ".zst" {
		n *= 5 // as such lines are usually compressed
	}
	return n
}

// Records returns about how many records there are; exactly, when all are in
// Parquet.
func (f *Files) Records() int64 { return f.records }

// Paths returns the files, in the order in which they are read.
func (f *Files) Paths() []string { return f.paths }

// Dictionary returns the texts of the code columns of all files.
func (f *Files) Dictionary() Dictionary { return f.words }

// Read reads all files. A file, or the rest of one, that cannot be read is in
// the Stats; the error is that of the context or of Visit.
func (f *Files) Read(ctx context.Context, r Reading) (Stats, error) {
	if r.Workers <= 0 {
		r.Workers = runtime.GOMAXPROCS(0)
	}
	r.Want |= Required & ^(Caller | Callee) // those two are read in any case; asked for, they come with their texts
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var read atomic.Int64
	of := f.records
	if visit, progress := r.Visit, r.Progress; progress != nil {
		var one sync.Mutex
		r.Visit = func(worker int, b *Batch) error {
			n := read.Add(int64(b.N))
			if one.TryLock() {
				progress(n, max(n, of))
				one.Unlock()
			}
			return visit(worker, b)
		}
	}
	pieces := make(chan piece)
	go func() {
		defer close(pieces)
		f.split(ctx, pieces)
	}()
	all := make([]*worker, r.Workers)
	var wait sync.WaitGroup
	for i := range all {
		all[i] = newWorker(i, f, r)
		wait.Go(func() {
			for p := range pieces {
				if err := all[i].read(ctx, p); err != nil {
					cancel(err)
				}
			}
		})
	}
	wait.Wait()
	stats := Stats{Reasons: map[string]int64{}, Unread: append([]string(nil), f.skipped...)}
	for _, w := range all {
		stats.Add(w.stats)
	}
	if r.Progress != nil && ctx.Err() == nil {
		r.Progress(stats.Records, stats.Records)
	}
	return stats, context.Cause(ctx)
}

// piece is what one worker reads at a time: a row group of a Parquet file, or a
// whole file of text.
type piece struct {
	path   string
	number int          // of the path
	file   *parquetFile // nil for text
	group  int
	row    int64 // of the file, at which the group begins
}

// split sends all pieces, in order, until the context ends.
func (f *Files) split(ctx context.Context, to chan<- piece) {
	send := func(p piece) {
		select {
		case to <- p:
		case <-ctx.Done():
			if p.file != nil {
				p.file.done()
			}
		}
	}
	for number, path := range f.paths {
		if ctx.Err() != nil {
			return
		}
		if format, _ := FormatOf(path); format != Parquet {
			send(piece{path: path})
			continue
		}
		file, err := openParquet(path)
		if err != nil {
			send(piece{path: path, file: &parquetFile{broken: err}})
			continue
		}
		groups := len(file.RowGroups())
		file.left.Store(int64(groups))
		if groups == 0 {
			file.close()
		}
		row := int64(0)
		for i, group := range file.RowGroups() {
			send(piece{path: path, number: number, file: file, group: i, row: row})
			row += group.NumRows()
		}
	}
}

// Add adds what was read elsewhere.
func (s *Stats) Add(o Stats) {
	if o.Records > 0 {
		if s.Records == 0 {
			s.From, s.To = o.From, o.To
		}
		s.From, s.To = min(s.From, o.From), max(s.To, o.To)
	}
	s.Records += o.Records
	s.Rejected += o.Rejected
	if s.Reasons == nil {
		s.Reasons = map[string]int64{}
	}
	for reason, n := range o.Reasons {
		s.Reasons[reason] += n
	}
	s.Unread = append(s.Unread, o.Unread...)
	s.Columns |= o.Columns
}

// Format is how records are written.
type Format uint8

// The formats. The two of text may also be compressed, with gzip or zstd, when
// they are read.
const (
	Parquet Format = iota + 1
	JSONLines
	CSV
)

var endings = map[string]Format{".parquet": Parquet, ".jsonl": JSONLines, ".ndjson": JSONLines, ".csv": CSV}

// FormatOf returns the format of a file by the ending of its name.
func FormatOf(path string) (Format, error) {
	name := strings.ToLower(filepath.Base(path))
	plain := strings.TrimSuffix(strings.TrimSuffix(name, ".gz"), ".zst")
	format, ok := endings[filepath.Ext(plain)]
	if !ok || strings.HasPrefix(name, ".") || format == Parquet && plain != name {
		return 0, fmt.Errorf("record: %s is no file of call records by its name; call it .parquet, .jsonl or .csv", path)
	}
	return format, nil
}
