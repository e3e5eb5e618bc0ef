package indicator

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Store is a folder of published files, kept as they came:
//
//	published/NAME   the files
//	sources.json     where they came from
//	compiled         what they hold, ready to match; made anew when a file
//	                 changed or it is damaged
//
// Files are replaced as a whole or not at all.
type Store struct {
	dir string
}

// Collection is a published file of a store.
type Collection struct {
	Name       string         `json:"name"`
	Title      string         `json:"title,omitempty"`  // in the index it came from
	URL        string         `json:"url,omitempty"`    // it came from
	Time       time.Time      `json:"time"`             // of the file, UTC
	Format     string         `json:"format,omitempty"` // as of List
	Malware    []string       `json:"malware,omitempty"`
	Indicators int            `json:"indicators"` // that are used
	Types      map[string]int `json:"types,omitempty"`
	Refused    []Refusal      `json:"refused,omitempty"`
	Err        string         `json:"error,omitempty"` // why none of it is used
}

// origin is what is known of a file besides what it holds.
type origin struct {
	Title string `json:"title,omitempty"`
	URL   string `json:"url,omitempty"`
}

// ErrUnknown says that a store has no file of that name.
var ErrUnknown = errors.New("no such collection")

// Open opens the store in a folder; it is made when something is added.
func Open(dir string) (*Store, error) {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	case !info.IsDir():
		return nil, fmt.Errorf("%s is no folder", dir)
	}
	return &Store{dir}, nil
}

func (s *Store) path(name string) string { return filepath.Join(s.dir, "published", name) }

// fileName gives the name under which a file is kept.
func fileName(name string) (string, error) {
	name = filepath.Base(strings.ReplaceAll(name, `\`, "/"))
	bad := func(r rune) bool { return r < ' ' || strings.ContainsRune(`<>:"|?*/`, r) || isZeroWidth(r) }
	if name == "" || name[0] == '.' || !utf8.ValidString(name) || len(name) > 200 || strings.ContainsFunc(name, bad) || strings.HasSuffix(name, ".tmp") {
		return "", fmt.Errorf("%.200q is no name for a file", name)
	}
	return name, nil
}

// Report is what adding a file did.
type Report struct {
	Collection
	Added   int `json:"added"` // indicators that the file of this name did not hold before
	Removed int `json:"removed"`
}

// Add keeps a published file, in the place of one of the same name. A file that
// holds nothing of use is refused.
func (s *Store) Add(name string, data []byte) (Report, error) {
	name, err := fileName(name)
	if err != nil {
		return Report{}, err
	}
	return s.add(name, data, origin{})
}

func (s *Store) add(name string, data []byte, from origin) (Report, error) {
	list, err := Parse(name, data)
	if err != nil {
		return Report{}, err
	}
	r := Report{Collection: addList(NewBuilder(), list)}
	if r.Indicators == 0 {
		return Report{}, fmt.Errorf("%s holds no indicators that can be used; the first: %.200s: %s", name, r.Refused[0].Value, r.Refused[0].Why)
	}
	r.Title, r.URL, r.Time = from.Title, from.URL, time.Now().UTC()
	var before *List
	if old, err := os.ReadFile(s.path(name)); err == nil {
		before, _ = Parse(name, old)
	}
	r.Added, r.Removed = difference(before, list)
	if err := writeFile(s.path(name), data); err != nil {
		return Report{}, err
	}
	s.outdate()
	origins := s.origins()
	if origins[name] != from {
		origins[name] = from
		return r, s.keepOrigins(origins)
	}
	return r, nil
}

// difference counts what only one of two lists holds.
func difference(before, after *List) (added, removed int) {
	old := map[Observable]bool{}
	if before != nil {
		for _, ind := range before.Indicators {
			old[Observable{ind.Type, ind.Value}] = true
		}
	}
	removed = len(old)
	seen := map[Observable]bool{}
	for _, ind := range after.Indicators {
		o := Observable{ind.Type, ind.Value}
		switch {
		case seen[o]:
		case old[o]:
			removed--
		default:
			added++
		}
		seen[o] = true
	}
	return added, removed
}

// addList adds a list to a set, and says what became of it.
func addList(b *Builder, l *List) Collection {
	c := Collection{Name: l.Name, Format: l.Format, Types: map[string]int{}, Refused: l.Refused}
	malware := map[string]bool{}
	refused := &List{Name: l.Name, Refused: l.Refused}
	for _, ind := range l.Indicators {
		if err := b.Add(ind); err != nil {
			refused.refuse(ind.ID, ind.Value, err)
			continue
		}
		c.Indicators++
		c.Types[ind.Type.String()]++
		if !malware[ind.Malware] && len(malware) < maxRefused {
			malware[ind.Malware] = true
			c.Malware = append(c.Malware, ind.Malware)
		}
	}
	c.Refused = refused.Refused
	return c
}

func (s *Store) origins() map[string]origin {
	all := map[string]origin{}
	if data, err := os.ReadFile(filepath.Join(s.dir, "sources.json")); err == nil {
		if json.Unmarshal(data, &all) != nil || all == nil {
			return map[string]origin{} // only titles and addresses are lost
		}
	}
	return all
}

func (s *Store) keepOrigins(all map[string]origin) error {
	data, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(s.dir, "sources.json"), data)
}

// published are the files of the store, by name.
func (s *Store) published() ([]fs.FileInfo, error) {
	entries, err := os.ReadDir(filepath.Join(s.dir, "published"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var files []fs.FileInfo
	for _, e := range entries {
		info, infoErr := e.Info()
		if name, nameErr := fileName(e.Name()); infoErr == nil && nameErr == nil && name == e.Name() && info.Mode().IsRegular() {
			files = append(files, info)
		}
	}
	slices.SortFunc(files, func(a, b fs.FileInfo) int { return cmp.Compare(a.Name(), b.Name()) })
	return files, err
}

// Set compiles all that the store holds, and tells of every file what became of
// it: one that cannot be read is in the collections with its Err.
func (s *Store) Set() (*Set, []Collection) {
	files, err := s.published()
	if err != nil {
		return &Set{}, []Collection{{Name: s.dir, Err: err.Error()}}
	}
	if len(files) == 0 {
		return &Set{}, nil
	}
	mark := fingerprint(files)
	set, collections, err := readCompiled(filepath.Join(s.dir, "compiled"), mark)
	if err != nil {
		var whole bool
		if set, collections, whole = s.compile(files); whole {
			// A folder that cannot be written costs time at the next start and
			// nothing else.
			_ = writeFile(filepath.Join(s.dir, "compiled"), appendCompiled(nil, set, collections, mark))
		}
	}
	origins := s.origins()
	for i := range collections {
		o := origins[collections[i].Name]
		collections[i].Title, collections[i].URL = o.Title, o.URL
	}
	return set, collections
}

// compile reads all files; whole is false when one could not be read.
func (s *Store) compile(files []fs.FileInfo) (set *Set, all []Collection, whole bool) {
	b := NewBuilder()
	whole = true
	for _, f := range files {
		c := Collection{Name: f.Name()}
		data, err := readBounded(s.path(f.Name()))
		var list *List
		if err == nil {
			list, err = Parse(f.Name(), data)
		} else {
			whole = false
		}
		if list != nil {
			c = addList(b, list)
		}
		if err != nil {
			c.Err = err.Error()
		}
		c.Time = f.ModTime().UTC()
		all = append(all, c)
	}
	return b.Set(), all, whole
}

func readBounded(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > MaxFile {
		return nil, fmt.Errorf("%s has %d bytes, at most %d", filepath.Base(path), info.Size(), MaxFile)
	}
	return os.ReadFile(path)
}

// List tells what the store holds.
func (s *Store) List() []Collection {
	_, all := s.Set()
	return all
}

// Show gives what a published file holds. ErrUnknown when there is none of that
// name.
func (s *Store) Show(name string) (*List, error) {
	kept, err := fileName(name)
	if err != nil || kept != name {
		return nil, fmt.Errorf("%.200q: %w", name, ErrUnknown)
	}
	data, err := readBounded(s.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", name, ErrUnknown)
	}
	if err != nil {
		return nil, err
	}
	return Parse(name, data)
}

// Remove takes a file out of the store. ErrUnknown when there is none of that
// name.
func (s *Store) Remove(name string) error {
	kept, err := fileName(name)
	if err != nil || kept != name {
		return fmt.Errorf("%.200q: %w", name, ErrUnknown)
	}
	switch err := os.Remove(s.path(name)); {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s: %w", name, ErrUnknown)
	case err != nil:
		return err
	}
	s.outdate()
	origins := s.origins()
	if _, ok := origins[name]; !ok {
		return nil
	}
	delete(origins, name)
	return s.keepOrigins(origins)
}

// outdate takes away the compiled set: a file may have changed within the
// resolution of the clock and kept its size.
func (s *Store) outdate() { os.Remove(filepath.Join(s.dir, "compiled")) }

// writeFile replaces a file as a whole, or leaves the old one.
func writeFile(path string, data []byte) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".*.tmp")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}
