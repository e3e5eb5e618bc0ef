package document

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/ringfence/ringfence/casefile/fact"
)

// sheet is a table as it is written for other programs.
type sheet struct {
	name string
	rows [][]string
}

// file writes a sheet as RFC 4180 has it. A cell that a spreadsheet would take for
// a formula begins with an apostrophe.
func (s sheet) file(path string, clean func(string) string) (File, error) {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	w.UseCRLF = true
	for _, row := range s.rows {
		safe := make([]string, len(row))
		for i, c := range row {
			safe[i] = plain(clean(c))
		}
		if err := w.Write(safe); err != nil {
			return File{}, err
		}
	}
	w.Flush()
	return File{path, out.Bytes()}, w.Error()
}

func plain(cell string) string {
	// A spreadsheet also looks behind white space, and at the wide forms.
	t := strings.TrimLeftFunc(cell, unicode.IsSpace)
	if r, _ := utf8.DecodeRuneInString(t); t != "" && strings.ContainsRune("=+-@＝＋－＠", r) || strings.HasPrefix(cell, "\t") {
		return "'" + cell
	}
	return cell
}

// tables writes every kind of fact, the exhibits and the ledger.
func tables(b *book) ([]File, error) {
	all := []sheet{b.exhibitSheet(), b.ledgerSheet(), b.chronologySheet(), b.targetSheet()}
	for _, k := range kinds {
		if s, err := b.factSheet(k); err != nil {
			return nil, err
		} else if s.rows != nil {
			all = append(all, s)
		}
	}
	var files []File
	for _, s := range all {
		f, err := s.file("tables/"+s.name+".csv", b.clean)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}

func redactions(b *book) ([]File, error) {
	s := sheet{rows: [][]string{{"entry", "exhibit", "field", "why"}}}
	for _, w := range b.Withheld {
		s.rows = append(s.rows, []string{strconv.FormatInt(w.Entry, 10), w.Exhibit, w.Field, w.Why})
	}
	f, err := s.file("redactions.csv", b.clean)
	return []File{f}, err
}

// hidden are fields of facts by which one person could be found; the editions for
// everybody have them not. Those of campaigns are in targets.csv, without small
// counts.
var hidden = map[fact.Kind][]string{
	fact.KindIncident: {"target", "packets"},
	fact.KindCampaign: {"targets", "classes", "countries"},
	fact.KindAccount:  {"tag"},
	fact.KindDevice:   {"person"},
	fact.KindHours:    {"who"},
}

// Kinds each of whose rows is a person, and those of which it is a person's phone.
var (
	persons = []fact.Kind{fact.KindPerson, fact.KindNotice, fact.KindRoster}
	phones  = []fact.Kind{fact.KindDevice, fact.KindFinding}
)

// factSheet has a row for each fact of a kind; none in the editions for everybody
// when each row is a person.
func (b *book) factSheet(k fact.Kind) (sheet, error) {
	s := sheet{name: string(k)}
	of := fields[k]
	if b.open && slices.Contains(persons, k) || b.Edition == "public" && slices.Contains(phones, k) {
		return s, nil
	}
	if b.open {
		of = slices.DeleteFunc(slices.Clone(of), func(f string) bool { return slices.Contains(hidden[k], f) })
	}
	head := append([]string{"id", "tier", "exhibits", "entry", "recorded"}, of...)
	if of == nil {
		head = append(head, "body")
	}
	s.rows = [][]string{head}
	for _, r := range b.Records[k] {
		row := []string{r.ID, string(r.Tier), strings.Join(r.Exhibits, " "), strconv.FormatInt(r.Entry, 10), rfc(r.At)}
		if of == nil {
			s.rows = append(s.rows, append(row, string(r.Body)))
			continue
		}
		var body map[string]json.RawMessage
		if err := json.Unmarshal(r.Body, &body); err != nil {
			return s, fmt.Errorf("%s: %w", r.ID, err)
		}
		for _, name := range of {
			row = append(row, flat(body[name]))
		}
		s.rows = append(s.rows, row)
	}
	return s, nil
}

// flat is a value of JSON in a cell: a string without its quotes.
func flat(v json.RawMessage) string {
	var s string
	if json.Unmarshal(v, &s) == nil {
		return s
	}
	return string(v)
}

// fields are the names of the fields of each kind in JSON, in their order. Kinds
// whose form is another package's have none here: their bodies are given whole.
var fields = func() map[fact.Kind][]string {
	all := map[fact.Kind][]string{}
	for _, f := range []fact.Fact{fact.Incident{}, fact.Campaign{}, fact.Finding{}, fact.Account{}, fact.Infrastructure{}, fact.Device{}, fact.Person{}, fact.Hours{},
		fact.Cost{}, fact.Terms{}, fact.Server{}, fact.Conduct{}, fact.Party{}, fact.Paragraph{}, fact.Deadline{}} {
		t := reflect.TypeOf(f)
		for i := range t.NumField() {
			name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
			if name != "sealed" { // nobody reads it in a table
				all[f.Kind()] = append(all[f.Kind()], name)
			}
		}
	}
	return all
}()

func rfc(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

func (b *book) exhibitSheet() sheet {
	s := sheet{name: "exhibits", rows: [][]string{{"exhibit", "name", "source", "about", "basis", "reason", "kind", "tier", "size", "sha256", "sha3_256", "blob", "by", "at", "entry", "inputs", "tool", "proved"}}}
	for _, x := range b.Exhibits {
		s.rows = append(s.rows, []string{x.ID, x.Name, x.Source, x.About, x.Basis, x.Reason, x.Kind, string(x.Tier), strconv.FormatInt(x.Size, 10), x.SHA256, x.SHA3, x.Blob, b.who(x.By), rfc(x.At),
			strconv.FormatInt(x.Entry, 10), strings.Join(x.Inputs, " "), x.Tool, rfc(x.Proved)})
	}
	return s
}

func (b *book) ledgerSheet() sheet {
	s := sheet{name: "ledger", rows: [][]string{{"entry", "at", "action", "exhibit", "kind", "subject", "who", "reason", "tool", "leaf_hash", "withheld"}}}
	for _, e := range b.Entries {
		s.rows = append(s.rows, []string{strconv.FormatInt(e.N, 10), e.Text("at"), e.Text("action"), e.Text("exhibit"), e.Text("kind"), e.Text("subject"), b.actor(e), e.Text("reason"), e.Text("tool"),
			leafHash(e), strings.Join(e.Withheld(), " ")})
	}
	return s
}

func (b *book) chronologySheet() sheet {
	s := sheet{name: "chronology", rows: [][]string{{"at", "what", "record", "exhibits", "entry"}}}
	for _, e := range b.events() {
		s.rows = append(s.rows, []string{rfc(e.at), e.what, e.about, short(e.rests, 10_000), short(e.entry, 20)})
	}
	return s
}

func (b *book) targetSheet() sheet {
	class, country, system := b.shares()
	s := sheet{name: "targets", rows: [][]string{{"by", "name", "number"}}}
	for _, part := range []struct {
		by  string
		all []tally
	}{{"class", class}, {"country", country}, {"system", system}} {
		for _, t := range part.all {
			n := strconv.Itoa(t.N)
			if t.Name == fewOthers {
				n = ""
			}
			s.rows = append(s.rows, []string{part.by, t.Name, n})
		}
	}
	return s
}
