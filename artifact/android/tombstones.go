package android

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strconv"
	"strings"

	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "android.tombstones",
		Title: "Crashes of native programs (tombstones)",
		Kinds: dumps,
		Paths: []string{"**/tombstone_*"},
		Refs:  []string{"https://source.android.com/docs/core/tests/debug", "https://android.googlesource.com/platform/system/core/+/refs/heads/main/debuggerd/proto/tombstone.proto"},
		Fields: [][2]string{
			{"process", "the program, as it was started"},
			{"pid", "process id"},
			{"thread", "name of the thread that crashed"},
			{"uid", "user id; 0 is root, 1000 the system, 2000 the shell"},
			{"label", "its SELinux context"},
			{"signal", "the signal, and its code"},
			{"abort", "what the program said last"},
			{"cause", "what the system thinks the cause is"},
			{"fingerprint", "the build"},
			{"mapped", "how many files were mapped into it; all are compared with indicators"},
		},
		Parse: parseTombstone,
	})
}

// tombstone is what is kept of one.
type tombstone struct {
	process, pid, thread, uid, label, signal, abort, cause, fingerprint string
	tid                                                                 string
	threads                                                             map[string]string // names by id
	when                                                                string
	command, mapped                                                     list
	seen                                                                map[string]bool
}

func parseTombstone(src *artifact.Source, to *artifact.Sink) error {
	d := newDump(src, to)
	t := tombstone{threads: map[string]string{}, seen: map[string]bool{}}
	begin := make([]byte, 8)
	n, _ := src.Content.ReadAt(begin, 0)
	if n > 0 && begin[0] < ' ' && begin[0] != '\n' {
		b, err := src.Bytes()
		if err != nil {
			return err
		}
		if err := t.protobuf(b); err != nil {
			d.faults.add("", err)
		}
	} else {
		for line := range d.lines() {
			t.line(line)
		}
	}
	if t.process == "" && t.pid == "" {
		if d.err != nil {
			return d.err
		}
		return errNoTombstone
	}
	t.emit(d)
	return d.end()
}

var (
	errNoTombstone = errors.New("no tombstone: it names no process")
	errProtobuf    = errors.New("not a complete protocol buffer")
)

// line reads one line of the text form. What is set stays: other threads
// follow below.
func (t *tombstone) line(line string) {
	text := strings.TrimSpace(line)
	key, v, found := strings.Cut(text, ": ")
	if strings.HasPrefix(line, "    ") && (strings.Contains(text, "r-") || strings.Contains(text, "rw") || strings.Contains(text, "--")) {
		if i := strings.Index(text, "  /"); i >= 0 {
			path, _, _ := strings.Cut(text[i+2:], " (")
			t.maps(path)
		}
		return
	}
	if strings.HasPrefix(text, "signal ") && t.signal == "" {
		t.signal = text[len("signal "):]
	}
	if !found {
		return
	}
	set := func(to *string) {
		if *to == "" {
			*to = v
		}
	}
	switch key {
	case "Build fingerprint":
		set(&t.fingerprint)
		t.fingerprint = strings.Trim(t.fingerprint, "'")
	case "Timestamp":
		set(&t.when)
	case "Cmdline":
		set(&t.process)
	case "uid":
		set(&t.uid)
	case "Cause":
		set(&t.cause)
	case "Abort message":
		set(&t.abort)
		t.abort = strings.Trim(t.abort, "' ")
	case "pid":
		t.head(v)
	}
}

// head reads "9850, tid: 9893, name: x  >>> /system/bin/y <<<".
func (t *tombstone) head(v string) {
	if t.pid != "" {
		return
	}
	t.pid, _, _ = strings.Cut(v, ",")
	_, name, _ := strings.Cut(v, "name: ")
	name, program, _ := strings.Cut(name, "  >>> ")
	t.thread = name
	if t.process == "" {
		t.process = strings.TrimSuffix(program, " <<<")
	}
}

const maxMapped = 4000

// maps notes a file that was mapped into the process.
func (t *tombstone) maps(path string) {
	if strings.HasPrefix(path, "/") && !t.seen[path] && len(t.seen) < maxMapped {
		t.seen[path] = true
		t.mapped.items = append(t.mapped.items, path)
	}
}

// protobuf reads the binary form of Android 12 and later; numbers are those of
// tombstone.proto.
func (t *tombstone) protobuf(b []byte) error {
	err := message(b, func(field uint64, n uint64, v []byte) {
		switch field {
		case 2:
			t.fingerprint = string(v)
		case 4:
			t.when = string(v)
		case 5:
			t.pid = strconv.FormatUint(n, 10)
		case 6:
			t.tid = strconv.FormatUint(n, 10)
		case 7:
			t.uid = strconv.FormatUint(n, 10)
		case 8:
			t.label = string(bytes.TrimRight(v, "\x00"))
		case 9:
			t.command.add(string(v))
		case 10:
			t.signal = signal(v)
		case 14:
			t.abort = string(v)
		case 15:
			t.cause = nested(v, 1)
		case 16:
			_ = message(v, func(field, _ uint64, v []byte) {
				if field == 2 {
					t.namesThread(v)
				}
			})
		case 17:
			t.maps(strings.TrimSuffix(nested(v, 7), " (deleted)"))
		}
	})
	if t.uid == "" {
		t.uid = "0" // a number that is 0 is not written
	}
	t.thread, t.process = t.threads[t.tid], t.command.String()
	return err
}

func (t *tombstone) namesThread(v []byte) {
	id, name := "", ""
	_ = message(v, func(field, n uint64, v []byte) {
		switch field {
		case 1:
			id = strconv.FormatUint(n, 10)
		case 2:
			name = string(v)
		}
	})
	if len(t.threads) < maxMapped {
		t.threads[id] = name
	}
}

func signal(v []byte) string {
	var number, code uint64
	var name, codeName string
	_ = message(v, func(field, n uint64, v []byte) {
		switch field {
		case 1:
			number = n
		case 2:
			name = string(v)
		case 3:
			code = n
		case 4:
			codeName = string(v)
		}
	})
	return strconv.FormatUint(number, 10) + " (" + name + "), code " + strconv.FormatInt(int64(code), 10) + " (" + codeName + ")"
}

// nested returns the text of one field of a message.
func nested(b []byte, field uint64) (text string) {
	_ = message(b, func(f, _ uint64, v []byte) {
		if f == field {
			text = string(v)
		}
	})
	return text
}

// message calls each with every field of a protocol buffer: n of a number, v
// of bytes. https://protobuf.dev/programming-guides/encoding/
//
// Errors: errProtobuf; the fields before the mistake were given.
func message(b []byte, each func(field, n uint64, v []byte)) error {
	for len(b) > 0 {
		key, used := binary.Uvarint(b)
		if used <= 0 {
			return errProtobuf
		}
		b = b[used:]
		var n uint64
		var v []byte
		switch key & 7 {
		case 0:
			if n, used = binary.Uvarint(b); used <= 0 {
				return errProtobuf
			}
		case 1:
			used = 8
		case 2:
			n, used = binary.Uvarint(b)
			if used <= 0 || n > uint64(len(b)-used) {
				return errProtobuf
			}
			v = b[used : used+int(n)]
			used += int(n)
		case 5:
			used = 4
		default:
			return errProtobuf
		}
		if used > len(b) {
			return errProtobuf
		}
		b = b[used:]
		each(key>>3, n, v)
	}
	return nil
}

func (t *tombstone) emit(d *dump) {
	r := d.recordAt(place{}, artifact.Ran, d.local(t.when))
	r.Set("process", t.process)
	r.Set("pid", whole(t.pid))
	r.Set("thread", t.thread)
	if t.uid != "" {
		r.Set("uid", whole(t.uid))
	}
	r.Set("label", t.label)
	r.Set("signal", t.signal)
	r.Set("abort", t.abort)
	r.Set("cause", t.cause)
	r.Set("fingerprint", t.fingerprint)
	r.Set("mapped", len(t.mapped.items))
	program, _, _ := strings.Cut(t.process, " ")
	observeProcess(r, program)
	r.Observe(indicator.Process, t.thread)
	for _, path := range t.mapped.items {
		r.Observe(indicator.FilePath, path)
	}
	d.to.Emit()
}
