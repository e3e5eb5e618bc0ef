// Package check examines acquisitions: it runs every artifact that an
// acquisition can hold, compares what they observe with published indicators
// and heuristics, and says what was found, what that means, and in what it
// looked. Nothing found always says in what.
package check

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

// Verdict is what a person is told first.
type Verdict string

// The verdicts.
const (
	Traces       Verdict = "traces"       // something of an attack was on the phone
	Attempted    Verdict = "attempted"    // somebody tried; nothing shows that it worked
	Suspicious   Verdict = "suspicious"   // an expert should look
	Nothing      Verdict = "nothing"      // in what could be read
	Inconclusive Verdict = "inconclusive" // what matters could not be read
)

// Result is what an examination says; its JSON is a contract.
type Result struct {
	Version      int           `json:"version"`
	Tool         Tool          `json:"tool"`
	Acquisitions []Examined    `json:"acquisition"`
	Verdict      Verdict       `json:"verdict"`
	Findings     []Finding     `json:"findings"` // the most severe first, then by time
	Coverage     []Coverage    `json:"coverage"`
	Indicators   []Collection  `json:"indicators"`
	Unresolved   Unresolved    `json:"unresolved"`
	Inputs       []Input       `json:"-"` // manifest.json
	Records      int           `json:"records"`
	Seconds      float64       `json:"seconds"`
	Started      time.Time     `json:"started"`
	Again        *time.Time    `json:"again,omitempty"` // when what was read then was examined again
	Took         time.Duration `json:"-"`
}

// Tool says which program looked.
type Tool struct {
	Version string `json:"version"`
	Commit  string `json:"commit"`
}

// Collection is a set of indicators that was compared with.
type Collection struct {
	Name    string `json:"name"`
	Count   int    `json:"count"`
	Updated string `json:"updated,omitempty"` // RFC 3339
}

// Unresolved are short links: their targets are unknown, because asking would
// tell the one who made them.
type Unresolved struct {
	Count    int      `json:"count"`
	Examples []string `json:"examples,omitempty"` // at most 50, without their paths' end
}

// Examined is one acquisition.
type Examined struct {
	Path      string             `json:"path"`
	Kind      acquisition.Kind   `json:"kind"`
	Device    acquisition.Device `json:"device"`
	SHA256    string             `json:"sha256"` // of a single file; of a folder, of its manifest's lines
	Encrypted bool               `json:"encrypted,omitempty"`
}

// Finding is a record that matches an indicator or breaks a heuristic.
type Finding struct {
	ID           string            `json:"id"` // the same when the same is found again
	Severity     artifact.Severity `json:"severity"`
	Kind         string            `json:"kind"` // "indicator" or "heuristic"
	Heuristic    string            `json:"heuristic,omitempty"`
	Artifact     string            `json:"artifact"`
	Act          artifact.Act      `json:"act"`
	Title        string            `json:"title"`
	Explanation  string            `json:"explanation"`
	Next         string            `json:"next"`
	Time         *time.Time        `json:"time"`
	Local        bool              `json:"local_time,omitempty"` // the device's own clock, zone unknown
	Where        artifact.Where    `json:"where"`
	Acquisition  int               `json:"acquisition"` // index
	Indicator    *Sign             `json:"indicator,omitempty"`
	Recovered    string            `json:"recovered,omitempty"`
	Record       Fields            `json:"record"`
	Around       []Beside          `json:"around,omitempty"`  // records just before and after, by time or place
	Repeats      int               `json:"repeats,omitempty"` // how many more records say the same
	AntiForensic bool              `json:"anti_forensic,omitempty"`
	Attempt      bool              `json:"-"`     // shows that somebody tried to attack
	Shows        Verdict           `json:"shows"` // by itself
	Refs         []string          `json:"references,omitempty"`
}

// Sign is the indicator that matched.
type Sign struct {
	Type    string `json:"type"`
	Value   string `json:"value"`
	Source  string `json:"source"`
	Malware string `json:"malware"`
	Matched string `json:"matched"`       // the value in the record
	How     string `json:"how,omitempty"` // what kind of match
}

// Beside is a record shown with a finding.
type Beside struct {
	Time   *time.Time     `json:"time"`
	Where  artifact.Where `json:"where"`
	Record Fields         `json:"record"`
}

// Fields are a record's, in the artifact's order; in JSON an object.
type Fields []artifact.Field

// State is what became of an artifact in an acquisition.
type State string

// The states.
const (
	Read       State = "read"
	Empty      State = "empty"  // read, and holds no record
	Absent     State = "absent" // the acquisition does not have it
	Damaged    State = "damaged"
	Unreadable State = "unreadable"
)

// Coverage is what was looked at, and what was not.
type Coverage struct {
	Acquisition int    `json:"acquisition"` // index
	Artifact    string `json:"artifact"`    // or "acquisition" for the whole
	Title       string `json:"title"`
	State       State  `json:"state"`
	Records     int    `json:"records"`
	Recovered   int    `json:"recovered,omitempty"` // deleted rows that still stood
	Files       int    `json:"files"`
	// Undecoded says that the evidence is there, and that this version does not
	// decode it.
	Undecoded bool `json:"undecoded,omitempty"`
	// Missing is how many files are listed in the acquisition and are not there.
	Missing int    `json:"missing,omitempty"`
	Note    string `json:"note,omitempty"`
}

// Input is a file that was read.
type Input struct {
	Path   string `json:"path"` // stored path
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"` // of the bytes as they are stored
}

// MarshalJSON writes an object in the artifact's order.
func (fs Fields) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, f := range fs {
		if i > 0 {
			b = append(b, ',')
		}
		k, err := json.Marshal(f.Name)
		if err != nil {
			return nil, err
		}
		v, err := json.Marshal(plain(f.Value))
		if err != nil {
			return nil, err
		}
		b = append(append(append(b, k...), ':'), v...)
	}
	return append(b, '}'), nil
}

// plain is a field's value as JSON can hold it.
func plain(v any) any {
	if t, ok := v.(time.Time); ok {
		return t.UTC().Format(time.RFC3339Nano)
	}
	return v
}

// UnmarshalJSON reads an object in its order. Numbers become float64 and times
// stay text.
func (fs *Fields) UnmarshalJSON(b []byte) error {
	d := json.NewDecoder(bytes.NewReader(b))
	*fs = nil
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return fmt.Errorf("a record is an object, not %v", t)
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		var v any
		if err := d.Decode(&v); err != nil {
			return err
		}
		*fs = append(*fs, artifact.Field{Name: name.(string), Value: v})
	}
	return nil
}
