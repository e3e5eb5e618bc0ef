package android

import (
	"strings"

	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "android.db_info",
		Title: "Databases that apps had open, and the last queries on them",
		Kinds: dumps,
		Paths: dumpsys("dbinfo"),
		Refs:  []string{"https://android.googlesource.com/platform/frameworks/base/+/refs/heads/main/core/java/android/database/sqlite/SQLiteConnection.java"},
		Fields: [][2]string{
			{"process", "the process that had it open"},
			{"pid", "its process id"},
			{"package", "the app whose folder the database is in"},
			{"path", "the database"},
			{"action", "prepare, execute, executeForCursorWindow, ...; absent: it was open"},
			{"sql", "the query, as far as the dump has it"},
		},
		Parse: parseDBInfo,
	})
}

func parseDBInfo(src *artifact.Source, to *artifact.Sink) error {
	d := newDump(src, to)
	var process, pid, path string
	emit := func(when moment, action, sql string) {
		r := d.record(artifact.Ran, when)
		r.Set("process", process)
		r.Set("pid", pid)
		pkg := ownerOf(path)
		r.Set("package", pkg)
		r.Set("path", path)
		r.Set("action", action)
		r.Set("sql", sql)
		r.Observe(indicator.App, pkg)
		r.Observe(indicator.Process, process)
		r.Observe(indicator.FilePath, path)
		to.Emit()
	}
	for line := range d.lines() {
		text := strings.TrimSpace(line)
		if head, found := strings.CutPrefix(text, "** Database info for pid "); found {
			pid, head, _ = strings.Cut(head, " ")
			process = strings.Trim(head, "[]* ")
			continue
		}
		if name, found := strings.CutPrefix(text, "Connection pool for "); found {
			path = strings.TrimSuffix(name, ":")
			emit(moment{}, "", "")
			continue
		}
		_, operation, found := strings.Cut(text, ": [")
		clock, operation, ok := strings.Cut(operation, "] ")
		when := d.local(clock)
		if !found || !ok || when.IsZero() {
			continue
		}
		if _, after, found := strings.Cut(operation, ")]"); found {
			operation = after
		}
		action, operation, _ := strings.Cut(operation, " ")
		_, sql, _ := strings.Cut(operation, `sql="`)
		sql, _, _ = strings.Cut(sql, `", path=`)
		emit(when, action, strings.TrimSuffix(sql, `"`))
	}
	return d.end()
}

// ownerOf returns the app whose data folder a path is in:
// "/data/user/0/com.a/databases/x.db", "/data/data/com.a/...".
func ownerOf(path string) string {
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, p := range parts {
		if i > 0 && i < 5 && isPackage(p) {
			return p
		}
	}
	return ""
}
