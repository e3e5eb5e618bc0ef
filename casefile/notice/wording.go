package notice

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"

	wire "github.com/ringfence/ringfence/wire/notice"
)

//go:embed wording/*.txt terms/*.txt
var files embed.FS

// tongue is a language: the parts of its texts, by name, and the version of them.
type tongue struct {
	tag     string
	parts   map[string]string
	version string
}

// tongues are the languages that texts are shipped in. They are drafts: a
// language is sent only after a reviewer has approved its exact text in a plan.
var tongues = sync.OnceValue(func() map[string]tongue {
	all := map[string]tongue{}
	entries, err := files.ReadDir("wording")
	if err != nil {
		panic(err)
	}
	for _, e := range entries {
		tag := strings.TrimSuffix(e.Name(), ".txt")
		b, err := files.ReadFile(path.Join("wording", e.Name()))
		if err != nil {
			panic(err)
		}
		sum := sha256.Sum256(b)
		all[tag] = tongue{tag, parts(string(b)), hex.EncodeToString(sum[:])}
	}
	return all
})

// parts reads lines of the form "[name] text".
func parts(s string) map[string]string {
	all := map[string]string{}
	for line := range strings.Lines(s) {
		if rest, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "["); ok {
			name, text, _ := strings.Cut(rest, "] ")
			all[name] = text
		}
	}
	return all
}

// Languages are the tags of the languages that texts are shipped in, in order.
func Languages() []string { return slices.Sorted(maps.Keys(tongues())) }

// Language tells the name of a language in itself, its direction (ltr or rtl), and
// the version of its shipped texts: the SHA-256 of the file, in hex.
func Language(tag string) (name, dir, version string, ok bool) {
	t, ok := tongues()[tag]
	return t.parts["name"], t.parts["dir"], t.version, ok
}

func tongueOf(tag string) (tongue, error) {
	t, ok := tongues()[tag]
	if !ok {
		return t, fmt.Errorf("notice: there is no text in %.20q; there is one in %s", tag, strings.Join(Languages(), ", "))
	}
	return t, nil
}

// Write writes the notice of a campaign in a language. It is a draft until a
// reviewer has approved it.
func Write(f Facts, tag string) (wire.Wording, error) {
	if err := f.Check(); err != nil {
		return wire.Wording{}, err
	}
	t, err := tongueOf(tag)
	if err != nil {
		return wire.Wording{}, err
	}
	say := t.say(f, "")
	paragraphs := []string{
		say("us") + " " + say("same"), say("asks"),
		say("seen."+string(f.Seen)) + " " + say(f.outcome()), say("means"),
		say("did") + " " + did(f, say),
		say("steps") + "\n" + numbered(steps(say)),
		say("confidential"), say("choice"), say("safety"), say("again"),
	}
	return wire.Wording{Title: say("title"), Body: strings.Join(paragraphs, "\n\n")}, nil
}

func (f Facts) outcome() string {
	if f.Outcome == Blocked {
		return "blocked"
	}
	return "possible"
}

func did(f Facts, say func(string) string) string {
	var all []string
	for _, a := range f.Did {
		all = append(all, say("did."+string(a)))
	}
	return strings.Join(all, " ")
}

func steps(say func(string) string) (all []string) {
	for _, s := range []string{"keep", "talk", "update", "help"} {
		all = append(all, say("step."+s))
	}
	return all
}

func numbered(steps []string) string {
	for i := range steps {
		steps[i] = strconv.Itoa(i+1) + ". " + steps[i]
	}
	return strings.Join(steps, "\n")
}

// say returns what writes a part by its name. Everything is put in at once: what
// stands in a fact is never looked at again as a place to put something.
func (t tongue) say(f Facts, code string) func(string) string {
	var helpers []string
	for _, h := range f.Helplines {
		helpers = append(helpers, h.Name+" ("+t.parts["region."+h.Region]+")")
	}
	put := strings.NewReplacer("{issuer}", f.Issuer, "{page}", f.Page, "{where}", t.parts["where"], "{days}", t.window(f),
		"{helplines}", strings.Join(helpers, t.parts["comma"]+" "), "{code}", code)
	return func(part string) string { return put.Replace(t.parts[part]) }
}

// window writes when it was.
func (t tongue) window(f Facts) string {
	part := "days"
	if f.From == f.Until {
		part = "day"
	}
	return strings.NewReplacer("{from}", t.day(f.From), "{until}", t.day(f.Until)).Replace(t.parts[part])
}

// day writes a day in words, so that it is no row of digits.
func (t tongue) day(s string) string {
	d, err := day(s)
	if err != nil {
		return ""
	}
	month := strings.Split(t.parts["months"], "|")[d.Month()-1]
	return strings.NewReplacer("{day}", strconv.Itoa(d.Day()), "{month}", month, "{year}", strconv.Itoa(d.Year())).Replace(t.parts["date"])
}
