package bus

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"
)

func stream(t *testing.T, b *Bus, partitions int) *Stream {
	t.Helper()
	s, err := b.Stream(t.Context(), StreamOptions{Name: "calls", Partitions: partitions, Age: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var errEnough = errors.New("enough")

// read returns the next messages of a partition.
func read(t *testing.T, s *Stream, partition int, after uint64, n int) (got []string, last uint64) {
	t.Helper()
	err := s.Read(t.Context(), partition, after, func(m Message) error {
		got, last = append(got, string(m.Data)), m.Sequence
		if len(got) == n {
			return errors.Join(m.Done(), errEnough)
		}
		return nil
	})
	if !errors.Is(err, errEnough) {
		t.Fatal(err)
	}
	return got, last
}

// What is in a stream is read in order, from where the reader was, also after the
// process ended; and the partitions stay what they were.
func TestStreamIsKept(t *testing.T) {
	dir := t.TempDir()
	b := open(t, Options{Dir: dir})
	s := stream(t, b, 4)
	var want []string
	for i := range 40 {
		if _, err := s.Publish(t.Context(), i%2, fmt.Append(nil, i)); err != nil {
			t.Fatal(err)
		}
		if i%2 == 1 {
			want = append(want, fmt.Sprint(i))
		}
	}
	first, last := read(t, s, 1, 0, 7)
	b.Close()
	b = open(t, Options{Dir: dir})
	s = stream(t, b, 9)
	if s.Partitions() != 4 {
		t.Errorf("%d partitions, want the 4 it was made with", s.Partitions())
	}
	rest, _ := read(t, s, 1, last, 13)
	if got := slices.Concat(first, rest); !slices.Equal(got, want) {
		t.Errorf("read %v, want %v", got, want)
	}
	if _, err := s.Publish(t.Context(), 4, nil); err == nil {
		t.Error("there is no partition 4")
	}
	if _, err := s.Publish(t.Context(), 0, make([]byte, MaxMessage+1)); !errors.Is(err, ErrTooLong) {
		t.Errorf("got %v, want ErrTooLong", err)
	}
}

func TestNoStreamWithoutAFolder(t *testing.T) {
	b := open(t, Options{})
	if _, err := b.Stream(t.Context(), StreamOptions{Name: "calls", Partitions: 1}); err == nil {
		t.Error("a bus without a folder has a stream")
	}
}

func values(t *testing.T, b *Bus) *Values {
	t.Helper()
	v, err := b.Values(t.Context(), "hunt", 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// A value changes only for who knows what it is.
func TestValuesCompareAndSet(t *testing.T) {
	v := values(t, open(t, Options{Dir: t.TempDir()}))
	if _, revision, err := v.Get(t.Context(), "a.b"); revision != 0 || err != nil {
		t.Fatalf("revision %d, %v", revision, err)
	}
	one, err := v.Set(t.Context(), "a.b", []byte("1"), 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Set(t.Context(), "a.b", []byte("other"), 0); !errors.Is(err, ErrChanged) {
		t.Errorf("got %v, want ErrChanged", err)
	}
	if _, err := v.Set(t.Context(), "a.b", []byte("2"), one); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Set(t.Context(), "a.b", []byte("3"), one); !errors.Is(err, ErrChanged) {
		t.Errorf("got %v, want ErrChanged", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var got []string
	_ = v.Watch(ctx, "a.>", func(key string, data []byte, _ uint64) {
		got = append(got, key+"="+string(data))
		if key == "" {
			cancel()
		}
	})
	if !slices.Equal(got, []string{"a.b=2", "="}) {
		t.Errorf("watched %q", got)
	}
	large := make([]byte, 3*MaxMessage)
	if err := v.Save(t.Context(), "large", large); err != nil {
		t.Fatal(err)
	}
	if data, err := v.Load(t.Context(), "large"); err != nil || len(data) != len(large) {
		t.Errorf("%d bytes, %v", len(data), err)
	}
	if err := errors.Join(v.Drop(t.Context(), "large"), v.Drop(t.Context(), "large")); err != nil {
		t.Error(err)
	}
	if _, err := v.Load(t.Context(), "large"); err == nil {
		t.Error("it is still there")
	}
}

// Of many who want a lease one gets it, and when that one says nothing any more
// another does.
func TestLeases(t *testing.T) {
	v := values(t, open(t, Options{Dir: t.TempDir()}))
	const span = 2 * time.Second
	var all []*Leases
	for i := range 8 {
		all = append(all, v.Leases(t.Context(), fmt.Sprint("node", i), span))
	}
	var wait sync.WaitGroup
	var mu sync.Mutex
	var holders []int
	for i, l := range all {
		wait.Go(func() {
			ok, err := l.Hold(t.Context(), "work")
			if err != nil {
				t.Error(err)
			}
			if ok {
				mu.Lock()
				holders = append(holders, i)
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	if len(holders) != 1 {
		t.Fatalf("%v hold it", holders)
	}
	if ok, err := all[holders[0]].Hold(t.Context(), "work"); !ok || err != nil {
		t.Errorf("not renewed: %v", err)
	}
	heir := all[(holders[0]+1)%len(all)]
	for ok := false; !ok; {
		var err error
		if ok, err = heir.Hold(t.Context(), "work"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond)
	}
	if ok, _ := all[holders[0]].Hold(t.Context(), "work"); ok {
		t.Error("two hold it")
	}
	if err := heir.Drop(t.Context(), "work"); err != nil {
		t.Fatal(err)
	}
	for ok := false; !ok; {
		ok, _ = all[holders[0]].Hold(t.Context(), "work")
		time.Sleep(20 * time.Millisecond)
	}
}
