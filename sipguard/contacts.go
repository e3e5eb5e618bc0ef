package sipguard

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/ringfence/ringfence/wire/sip"
)

// Contacts says who may call whom (R15). A nil list lets everybody call.
type Contacts struct{ pairs map[string]map[string]bool }

const maxContacts = 1_000_000

// ReadContacts reads a list: on each line a callee and the caller that it knows,
// both as SIP URIs; "*" as the callee stands for all. What stands behind "#" is for
// people.
func ReadContacts(r io.Reader) (*Contacts, error) {
	c := &Contacts{map[string]map[string]bool{}}
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		text, _, _ := strings.Cut(lines.Text(), "#")
		words := strings.Fields(text)
		if len(words) == 0 {
			continue
		}
		if len(words) != 2 {
			return nil, fmt.Errorf("line %d: want a callee and a caller, like sip:bob@example.com sip:alice@example.com", n)
		}
		if n > maxContacts {
			return nil, fmt.Errorf("line %d: more than %d lines", n, maxContacts)
		}
		var pair [2]string
		for i, w := range words {
			var err error
			if pair[i], err = readAccount(w); err != nil || i == 1 && w == "*" {
				return nil, fmt.Errorf("line %d: %q is no SIP URI like sip:bob@example.com", n, w)
			}
		}
		if c.pairs[pair[0]] == nil {
			c.pairs[pair[0]] = map[string]bool{}
		}
		c.pairs[pair[0]][pair[1]] = true
	}
	return c, lines.Err()
}

// readAccount reads a URI by the reader of messages.
func readAccount(s string) (string, error) {
	if s == "*" {
		return s, nil
	}
	u, err := sip.ParseURI([]byte(s))
	if err != nil {
		return "", err
	}
	return account(u), nil
}

// Knows tells whether a callee knows a caller.
func (c *Contacts) Knows(callee, caller string) bool {
	return c == nil || c.pairs[callee][caller] || c.pairs["*"][caller]
}
