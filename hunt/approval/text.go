package approval

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
)

// text is what is signed of a query, by who asks and by who approves.
func (p Pending) text(head [32]byte) string {
	person := "no"
	if p.Person {
		person = "yes"
	}
	return fmt.Sprintf("ringfence query %s\ncase %s\nby %s\nasked %s\nuntil %s\nfrom a person %s\nafter %s\n\n%s",
		p.ID, p.Case, p.By, p.Asked.Format(time.RFC3339), p.Until.Format(time.RFC3339), person, hex.EncodeToString(head[:]), p.Text)
}

// ranText is what is signed of a run.
func ranText(id string, results int64, now time.Time, head [32]byte) string {
	return fmt.Sprintf("ringfence ran %s\nresults %d\nat %s\nafter %s\n", id, results, now.UTC().Format(time.RFC3339), hex.EncodeToString(head[:]))
}

var errText = errors.New("what was signed is no query")

// parse reads what text wrote, and nothing else.
func parse(text string) (p Pending, after string, err error) {
	head, body, ok := strings.Cut(text, "\n\n")
	lines := strings.Split(head, "\n")
	names := []string{"ringfence query ", "case ", "by ", "asked ", "until ", "from a person ", "after "}
	if !ok || len(lines) != len(names) {
		return p, "", errText
	}
	for i, name := range names {
		if lines[i], ok = strings.CutPrefix(lines[i], name); !ok {
			return p, "", errText
		}
	}
	p = Pending{Query: Query{lines[1], body, lines[5] == "yes"}, ID: lines[0], By: lines[2], Sign: text, Approved: []string{}}
	p.Asked, err = time.Parse(time.RFC3339, lines[3])
	if err == nil {
		p.Until, err = time.Parse(time.RFC3339, lines[4])
	}
	sum, err2 := hex.DecodeString(lines[6])
	if err != nil || err2 != nil || len(sum) != 32 || !nameForm.MatchString(p.By) || p.check() != nil || p.text([32]byte(sum)) != text {
		return Pending{}, "", errText
	}
	return p, lines[6], nil
}
