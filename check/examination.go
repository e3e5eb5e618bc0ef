package check

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

// examination is one acquisition at work: its files are found by
// their paths, and workers parse them while the list itself is read.
type examination struct {
	Options
	acquisition *acquisition.Acquisition
	index       int
	collected   *collector

	artifacts   []artifact.Artifact
	tasks       queue
	wals        sync.Map // device path of a write-ahead log -> acquisition.File
	total, done atomic.Int64

	mu      sync.Mutex
	covered map[string]*Coverage
	notes   map[string][]string // by artifact
}

// task is one file for one artifact.
type task struct {
	artifact artifact.Artifact
	file     acquisition.File
}

func (e *examination) run(ctx context.Context) error {
	e.artifacts = artifact.Of(e.acquisition.Kind)
	e.covered, e.notes = map[string]*Coverage{}, map[string][]string{}
	for _, a := range e.artifacts {
		e.covered[a.Name] = &Coverage{Acquisition: e.index, Artifact: a.Name, Title: a.Title, State: Absent}
	}
	e.collected.watch(e.acquisition.Device)
	e.tasks.ready = sync.NewCond(&e.tasks.mu)

	var workers sync.WaitGroup
	for range max(e.Workers, 2) {
		workers.Go(func() {
			for t, ok := e.tasks.take(); ok; t, ok = e.tasks.take() {
				if ctx.Err() == nil {
					e.parse(t)
				}
			}
		})
	}
	e.find(ctx)
	e.list(ctx)
	e.tasks.close()
	workers.Wait()
	e.collected.end()
	for _, name := range e.collected.broken() {
		e.hurt(whole, "")(name, errors.New("the heuristic broke on these records and was taken out"))
	}
	return ctx.Err()
}

// find queues what the artifacts read. Databases wait until all is known, for
// their write-ahead logs may come later.
func (e *examination) find(ctx context.Context) {
	paths := artifact.NewPaths(slices.DeleteFunc(slices.Clone(e.artifacts), func(a artifact.Artifact) bool { return a.Parse == nil }))
	var found []task
	err := e.acquisition.Find(Wants(), func(f acquisition.File) bool {
		if strings.HasSuffix(f.Path, "-wal") {
			e.wals.Store(f.Path, f)
		}
		if !f.Dir && f.Link == "" {
			for _, a := range paths.Match(f.Path) {
				found = append(found, task{a, f})
				e.total.Add(max(f.Size, 0))
			}
		}
		return ctx.Err() == nil
	})
	if err != nil {
		e.hurt("acquisition", "")("the list of files", err)
	}
	for _, t := range found {
		e.tasks.add(t)
	}
}

// list shows every file to the artifacts that read the list itself.
func (e *examination) list(ctx context.Context) {
	listings := e.listings()
	if len(listings) == 0 {
		return
	}
	err := e.acquisition.Each(func(f acquisition.File) bool {
		for _, l := range listings {
			l.sees(f)
		}
		return ctx.Err() == nil
	})
	for _, l := range listings {
		l.observer.end()
		e.cover(l.artifact.Name, 1, l.sink, err)
	}
}

// listing is an artifact that reads the list of files.
type listing struct {
	artifact artifact.Artifact
	sink     *artifact.Sink
	observer *observer
}

func (e *examination) listings() []listing {
	var ls []listing
	for _, a := range e.artifacts {
		if a.File == nil {
			continue
		}
		o := e.observe()
		ls = append(ls, listing{a, artifact.NewSink(a, "", o.take, e.hurt(a.Name, "")), o})
	}
	return ls
}

func (l listing) sees(f acquisition.File) {
	defer func() {
		if p := recover(); p != nil {
			l.sink.Damage(f.Stored, fmt.Errorf("the artifact broke on it: %v", p))
		}
	}()
	l.artifact.File(f, l.sink)
}

// parse runs one artifact over one file. What it panics on is damage of that
// file, not the end of the examination.
func (e *examination) parse(t task) {
	o := e.observe()
	sink := artifact.NewSink(t.artifact, t.file.Stored, o.take, e.hurt(t.artifact.Name, t.file.Stored))
	sink.Device = t.file.Path
	err := e.read(t, sink)
	o.end()
	e.done.Add(max(t.file.Size, 0))
	e.progress(t.artifact.Title)
	e.cover(t.artifact.Name, 1, sink, err)
}

// errMissing is said of a file that a manifest lists and that is not there.
var errMissing = errors.New("listed, but not in this copy")

func (e *examination) read(t task, sink *artifact.Sink) (err error) {
	if t.file.Missing {
		return errMissing
	}
	content, err := e.acquisition.Open(t.file)
	if err != nil {
		return err
	}
	defer content.Close()
	var beside []acquisition.Content
	src := &artifact.Source{File: t.file, Kind: e.acquisition.Kind, Device: e.acquisition.Device, Content: content,
		Beside: func(suffix string) acquisition.Content {
			c := e.beside(t.file, suffix)
			if c != nil {
				beside = append(beside, c)
			}
			return c
		}}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the artifact broke on it: %v", p)
		}
		src.Finish(sink)
		for _, c := range beside {
			c.Close()
		}
	}()
	return t.artifact.Parse(src, sink)
}

// beside opens the file whose name goes on with suffix; nil when there is none.
func (e *examination) beside(f acquisition.File, suffix string) acquisition.Content {
	v, ok := e.wals.Load(f.Path + suffix)
	if !ok {
		return nil
	}
	c, err := e.acquisition.Open(v.(acquisition.File))
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			e.hurt("acquisition", v.(acquisition.File).Stored)("", err)
		}
		return nil
	}
	return c
}

func (e *examination) progress(what string) {
	if e.Progress != nil {
		e.Progress(what, e.done.Load(), e.total.Load())
	}
}

// queue gives out the largest task first, so that the last ones to run are
// short.
type queue struct {
	mu     sync.Mutex
	ready  *sync.Cond
	tasks  []task // smallest first
	closed bool
}

func (q *queue) add(t task) {
	q.mu.Lock()
	i, _ := slices.BinarySearchFunc(q.tasks, t.file.Size, func(t task, size int64) int {
		if t.file.Size < size {
			return -1
		}
		return 1
	})
	q.tasks = slices.Insert(q.tasks, i, t)
	q.mu.Unlock()
	q.ready.Signal()
}

func (q *queue) close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.ready.Broadcast()
}

func (q *queue) take() (task, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.tasks) == 0 && !q.closed {
		q.ready.Wait()
	}
	if len(q.tasks) == 0 {
		return task{}, false
	}
	t := q.tasks[len(q.tasks)-1]
	q.tasks = q.tasks[:len(q.tasks)-1]
	return t, true
}
