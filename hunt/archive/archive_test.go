package archive

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/hunt/record"
	"github.com/ringfence/ringfence/store"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func add(t testing.TB, s *store.Store, records ...store.Record) {
	t.Helper()
	for _, r := range records {
		must(t, s.AddRecord(t.Context(), r))
	}
}

func export(t testing.TB, e *Exporter, before time.Time, records int64) Moved {
	t.Helper()
	m, err := e.Export(t.Context(), before)
	must(t, err)
	if m.Records != records {
		t.Errorf("%d records were moved, not %d", m.Records, records)
	}
	return m
}

func listed(t testing.TB, a *Archive) (list []string) {
	t.Helper()
	objects, err := a.List(t.Context())
	must(t, err)
	for _, o := range objects {
		list = append(list, o.Name)
	}
	return list
}

func TestHours(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	defer s.Close()
	e := exporter(t, s, dir)
	country, contact, age := "FR", true, int32(3)
	whole := attempt(first.Add(time.Minute))
	whole.CallerCountry, whole.Contact, whole.CallerAgeDays, whole.Rules = &country, &contact, &age, []string{"knock", "R23"}
	later := attempt(first.Add(time.Hour + time.Minute))
	add(t, s, attempt(first.Add(59*time.Minute)), whole, later)

	export(t, e, first.Add(59*time.Minute), 0) // the hour is not over
	export(t, e, first.Add(90*time.Minute), 2)
	export(t, e, first.Add(90*time.Minute), 0)
	add(t, s, attempt(first.Add(2*time.Minute))) // late
	export(t, e, first.Add(3*time.Hour), 2)
	if got, want := strings.Join(listed(t, e.To), " "), "2026/11/23/05-n1-1.parquet 2026/11/23/05-n1-2.parquet 2026/11/23/06-n1-3.parquet"; got != want {
		t.Errorf("files %s, not %s", got, want)
	}
	key, err := ReadKey(dir)
	must(t, err)
	_, err = Read(t.Context(), filepath.Join(dir, "calls/2026/11/23/05-n1-1.parquet"), record.Options{}, func(got []record.Record) error {
		want := record.Of(whole)
		want.Call, want.Caller, want.Callee = key.Call(want.Call), key.Account(want.Caller), key.Account(want.Callee)
		if len(got) != 2 || got[0].Time != want.Time || got[0].Caller != want.Caller || got[0].Call != want.Call || got[0].Callee != want.Callee ||
			got[0].CallerCountry != "FR" || got[0].Contact != record.Accepted || got[0].CallerAge != 3 || got[0].RingMS != 7000 || strings.Join(got[0].Rules, " ") != "knock R23" {
			t.Errorf("%+v", got)
		}
		return nil
	})
	must(t, err)
	if n, err := s.CountRecords(t.Context(), first.Add(24*time.Hour)); n != 0 || err != nil {
		t.Errorf("%d records are left in the store, %v", n, err)
	}
}

// TestDamage changes a file between writing and reading back: the records stay.
func TestDamage(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	defer s.Close()
	e := exporter(t, s, dir)
	add(t, s, attempt(first))
	path := filepath.Join(dir, "calls/2026/11/23/05-n1-1.parquet")
	e.To.step = func(step string) {
		if step != "written" {
			return
		}
		b, err := os.ReadFile(path)
		must(t, err)
		b[len(b)/3] ^= 1
		must(t, os.WriteFile(path, b, 0o600))
	}
	if m, err := e.Export(t.Context(), first.Add(time.Hour)); err == nil || m.Files != 0 {
		t.Errorf("a file that was damaged is taken for whole: %+v", m)
	}
	if n, _ := s.CountRecords(t.Context(), first.Add(time.Hour)); n != 1 {
		t.Errorf("%d records in the store, not 1", n)
	}
	e.To.step = func(string) {}
	export(t, e, first.Add(time.Hour), 1)
}

// TestUnwritable has one record that no file can hold: the others are moved.
func TestUnwritable(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	defer s.Close()
	e := exporter(t, s, dir)
	bad := attempt(first)
	bad.RingMS = -1
	add(t, s, bad, attempt(first.Add(time.Hour)))
	m, err := e.Export(t.Context(), first.Add(2*time.Hour))
	if err == nil || m.Records != 1 {
		t.Errorf("%+v, %v", m, err)
	}
	if n, _ := s.CountRecords(t.Context(), first.Add(2*time.Hour)); n != 1 {
		t.Errorf("%d records in the store, not 1", n)
	}
}

func TestExpire(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	defer s.Close()
	e := exporter(t, s, dir)
	add(t, s, attempt(first), attempt(first.Add(time.Hour)), attempt(first.Add(25*time.Hour)))
	export(t, e, first.Add(30*time.Hour), 3)
	left := filepath.Join(dir, "calls/2026/11/23/.new-1")
	must(t, os.WriteFile(left, []byte("half"), 0o600))
	must(t, os.Chtimes(left, first, first))
	before := first.Add(2*time.Hour - time.Second)
	if gone, err := e.To.Expire(t.Context(), before, true); err != nil || gone.Files != 1 || len(listed(t, e.To)) != 3 {
		t.Errorf("dry: %+v, %v, %v", gone, err, listed(t, e.To))
	}
	if gone, err := e.To.Expire(t.Context(), before, false); err != nil || gone.Files != 1 || gone.Bytes == 0 || len(listed(t, e.To)) != 2 {
		t.Errorf("%+v, %v, %v", gone, err, listed(t, e.To))
	}
	_, err := e.To.Expire(t.Context(), first.Add(10*time.Hour), false)
	must(t, err)
	// Nothing is left of the day: no file, no folder, nothing half written.
	var there []string
	must(t, filepath.WalkDir(filepath.Join(dir, "calls"), func(path string, _ fs.DirEntry, err error) error {
		there = append(there, filepath.Base(path))
		return err
	}))
	if got := strings.Join(there, " "); got != "calls 2026 11 24 06-n1-3.parquet" {
		t.Errorf("there is %s", got)
	}
}

// TestExpiredHalfway has the records of an export expire before it was finished.
func TestExpiredHalfway(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	defer s.Close()
	e := exporter(t, s, dir)
	add(t, s, attempt(first))
	one, err := s.ClaimRecords(t.Context(), first.Add(time.Hour))
	must(t, err)
	must(t, e.To.place.write(t.Context(), Object{Hour: one.Hour, Node: "n1", Number: one.Number}.name(), []byte("written before the crash")))
	_, err = s.ExpireRecords(t.Context(), first.Add(time.Hour))
	must(t, err)
	export(t, e, first.Add(time.Hour), 0)
	if left, err := s.Exports(t.Context()); len(left) != 0 || err != nil || len(listed(t, e.To)) != 0 {
		t.Errorf("%v, %v, %v", left, err, listed(t, e.To))
	}
}

// TestImport imports a file of any order twice, and another of the same hour.
func TestImport(t *testing.T) {
	a, err := Open(t.Context(), filepath.Join(t.TempDir(), "calls"))
	must(t, err)
	line := func(i int) record.Record {
		return record.Record{Time: first.Add(time.Duration(i*37%600) * time.Minute).UnixNano(), Caller: "+4912345", Callee: "+336", Outcome: record.Missed, CallerAge: record.NoAge}
	}
	in := func(digest byte, n int, key *Key) {
		i := a.NewImport([32]byte{digest}, key)
		for k := range n {
			must(t, i.Add(t.Context(), line(k)))
		}
		must(t, i.Close(t.Context()))
	}
	records := func() (n int64, caller string) {
		v, err := a.View(t.Context(), nil, "", nil, time.Time{}, first.Add(24*time.Hour))
		must(t, err)
		defer v.Close()
		paths, err := v.Files(t.Context())
		must(t, err)
		for _, p := range paths {
			s, err := Read(t.Context(), p, record.Options{}, func(all []record.Record) error { caller = all[0].Caller; return nil })
			must(t, err)
			n += s.Records
		}
		return n, caller
	}
	key := Key{1}
	in(1, 1000, &key)
	if n, caller := records(); n != 1000 || caller != key.Account("+4912345") {
		t.Errorf("%d records, of %s", n, caller)
	}
	in(1, 1000, nil)
	if n, caller := records(); n != 1000 || caller != "+4912345" {
		t.Errorf("imported again: %d records, of %s", n, caller)
	}
	in(1, 10, nil) // fewer hours: what the import before left is not left
	in(2, 10, nil)
	if n, _ := records(); n != 20 {
		t.Errorf("%d records, not 20", n)
	}
}

func TestPseudonyms(t *testing.T) {
	// Made with: printf 'account:abc' | openssl dgst -sha256 -mac HMAC -macopt hexkey:$(printf '01%.0s' {1..32}) -binary | head -c 10 | base32 | tr A-Z a-z
	var key Key
	copy(key[:], bytes.Repeat([]byte{1}, 32))
	if got, want := key.Account("abc"), "uzmzwv7kglck43xe"; got != want {
		t.Errorf("%s, not %s", got, want)
	}
	other := Key{2}
	if key.Account("abc") == key.Call("abc") || key.Account("abc") == other.Account("abc") || key.Account("abc") == key.Account("abd") {
		t.Error("pseudonyms fall together")
	}
}

// TestDestroy looks for the key in every file of the data folder, in each form in
// which it could stand there.
func TestDestroy(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	e := exporter(t, s, dir)
	add(t, s, attempt(first))
	export(t, e, first.Add(time.Hour), 1)
	key, err := ReadKey(dir)
	must(t, err)
	text, err := os.ReadFile(filepath.Join(dir, KeyName))
	must(t, err)
	again, err := OpenKey(dir)
	if err != nil || *again != *key {
		t.Error("the key does not stay", err)
	}
	body := bytes.Split(text, []byte("\n"))[1]
	in := func() (places []string) {
		must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			b, err := os.ReadFile(path)
			if bytes.Contains(b, key[:]) || bytes.Contains(b, body) {
				places = append(places, d.Name())
			}
			return err
		}))
		return places
	}
	if got := in(); len(got) != 1 || got[0] != KeyName {
		t.Errorf("before: the key is in %v", got)
	}
	must(t, DestroyKey(dir))
	if got := in(); len(got) != 0 {
		t.Errorf("after: the key is in %v", got)
	}
	must(t, s.Close())
	if got := in(); len(got) != 0 {
		t.Errorf("after the end: the key is in %v", got)
	}
	if _, err := ReadKey(dir); err != ErrNoKey {
		t.Errorf("reading: %v", err)
	}
	if err := DestroyKey(dir); err != ErrNoKey {
		t.Errorf("destroying it again: %v", err)
	}
}

func TestNames(t *testing.T) {
	for name, ok := range map[string]bool{
		"2026/11/23/05-n1-17.parquet":   true,
		"2026/11/23/24-n1-17.parquet":   false,
		"2026/11/31/05-n1-17.parquet":   false,
		"2026/11/23/05-n1-017.parquet":  false,
		"2026/11/23/05-N-1.parquet":     false,
		"2026/11/23/.new-1":             false,
		"x/2026/11/23/05-n1-17.parquet": false,
		"2026/11/23/05-../n-1.parquet":  false,
	} {
		if _, got := parseName(name); got != ok {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func FuzzName(f *testing.F) {
	f.Add("2026/11/23/05-n1-17.parquet")
	f.Fuzz(func(t *testing.T, name string) {
		if o, ok := parseName(name); ok && (o.name() != name || strings.Contains(name, "..")) {
			t.Errorf("%q is read as %+v", name, o)
		}
	})
}
