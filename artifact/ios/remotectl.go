package ios

import (
	"strings"
	"time"

	"github.com/ringfence/ringfence/artifact"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:   "ios.remotectl",
		Title:  "The phone and what is connected to it (remotectl dumpstate)",
		Kinds:  inSysdiagnose,
		Paths:  []string{"/remotectl_dumpstate.txt", "/*/remotectl_dumpstate.txt"},
		Refs:   []string{"https://github.com/EC-DIGIT-CSIRC/sysdiagnose"},
		Fields: [][2]string{{"device", "which one: the phone itself is the local device"}, {"*", "its properties, in lower case"}},
		Parse:  remoteDevices,
	})
}

// maxProperties is how many properties of a device a record holds.
const maxProperties = 200

// remoteDevices reads one block a device: a name at the beginning of a line, and
// properties as "Key => value" below it.
func remoteDevices(s *artifact.Source, to *artifact.Sink) error {
	var device string
	var at artifact.Line
	var properties [][2]string
	give := func() {
		if len(properties) == 0 {
			return
		}
		r := to.Record(artifact.Configured, time.Time{})
		r.Where.Row, r.Where.Offset = at.N, at.Offset
		r.Set("device", device)
		for _, p := range properties {
			if r.Get(p[0]) == nil {
				r.Set(p[0], p[1])
			}
		}
		to.Emit()
		properties = nil
	}
	for l, err := range s.Lines() {
		if err != nil {
			give()
			return err
		}
		text := string(l.Text)
		if text != "" && text[0] != ' ' && text[0] != '\t' {
			give()
			device, at = strings.TrimSpace(text), l
			continue
		}
		key, value, found := strings.Cut(text, " => ")
		if found && len(properties) < maxProperties {
			properties = append(properties, [2]string{fieldName(key), strings.TrimSpace(value)})
		}
	}
	give()
	return nil
}

// fieldName writes a property's name as a field is called: "OSVersion" becomes
// "os_version".
func fieldName(key string) string {
	var b strings.Builder
	key = strings.TrimSpace(key)
	for i := range len(key) {
		c := key[i]
		switch {
		case c >= 'A' && c <= 'Z':
			starts := i > 0 && (key[i-1] >= 'a' && key[i-1] <= 'z' || i+1 < len(key) && key[i+1] >= 'a' && key[i+1] <= 'z')
			if starts && key[i-1] != ' ' && key[i-1] != '-' {
				b.WriteByte('_')
			}
			b.WriteByte(c + 'a' - 'A')
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
			b.WriteByte(c)
		default:
			b.WriteByte('_')
		}
	}
	return b.String()
}
