package ios

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

var errNoPath = errors.New("no path where one belongs")

// Fields of a process in a list.
var processFields = [][2]string{
	{"process", "the program's name"}, {"path", "of the program, when the list has it"}, {"pid", "its number"}, {"ppid", "number of the process that started it"},
	{"parent", "name of the process that started it"}, {"user", "account that it ran as"}, {"uid", "number of the account"}, {"started", "when, as the list says"},
	{"arguments", "what it was started with"}, {"threads", "how many it had"},
}

var buildUUID = regexp.MustCompile(`^[0-9A-Fa-f]{8}-([0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}$`)

// withoutUUID splits a path whose last component is the UUID of the program's
// build, as iOS 26 writes it.
func withoutUUID(path string) (program, uuid string) {
	if i := strings.LastIndexByte(path, '/'); i > 0 && len(path)-i == 37 && buildUUID.MatchString(path[i+1:]) {
		return path[:i], path[i+1:]
	}
	return path, ""
}

// observeProgram observes a program by its path, or by its name when there is
// no more.
func observeProgram(r *artifact.Record, program string) {
	r.Observe(indicator.Process, program)
	if strings.HasPrefix(program, "/") {
		r.Observe(indicator.FilePath, program)
	}
}

// lastOf is the last component of a path.
func lastOf(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// whole reads a whole number; 0 for what is none.
func whole(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// taken is when the acquisition was made; zero when not known.
func taken(s *artifact.Source) time.Time {
	if s.Device.Taken == nil {
		return time.Time{}
	}
	return *s.Device.Taken
}

// clock reads a time that the phone wrote without a zone; local tells that none
// is known.
func clock(s *artifact.Source, layout, text string) (at time.Time, local bool) {
	zone := s.Device.Located
	if zone == nil {
		zone = time.UTC
	}
	at, err := time.ParseInLocation(layout, text, zone)
	if err != nil {
		return time.Time{}, false
	}
	return at.UTC(), s.Device.Located == nil
}
