package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"filippo.io/age"
	"golang.org/x/term"

	"github.com/ringfence/ringfence/acquisition"
)

// factsName is the file that --again reads.
const factsName = "facts.age"

// openOptions are the keys to what is encrypted.
func (c *checkCommand) openOptions(e *env) (acquisition.Options, error) {
	o := acquisition.Options{Password: c.password(e)}
	for _, name := range c.Identity {
		b, err := os.ReadFile(name)
		if err != nil {
			return o, &failure{code: "identity", what: "reading the identity " + name, why: err, hint: "name the file that age-keygen wrote"}
		}
		o.Identities = append(o.Identities, b)
	}
	return o, nil
}

// password reads the password's file, or asks the terminal; nil when there is
// neither.
func (c *checkCommand) password(e *env) func() ([]byte, error) {
	if c.Password != "" {
		return func() ([]byte, error) {
			b, err := os.ReadFile(c.Password)
			if err != nil {
				return nil, err
			}
			line, _, _ := bytes.Cut(b, []byte("\n"))
			return bytes.TrimSuffix(line, []byte("\r")), nil
		}
	}
	in := int(os.Stdin.Fd())
	if e.stderr != os.Stderr || !term.IsTerminal(in) {
		return nil
	}
	return func() ([]byte, error) {
		fmt.Fprint(e.stderr, "\nThe acquisition is encrypted. Its password (it is not shown): ")
		b, err := term.ReadPassword(in)
		fmt.Fprintln(e.stderr)
		return b, err
	}
}

func openCode(err error) string {
	for code, is := range map[string]error{"unknown_kind": acquisition.ErrUnknown, "password": acquisition.ErrPassword,
		"locked": acquisition.ErrLocked, "identity": acquisition.ErrIdentity, "limit": acquisition.ErrLimit} {
		if errors.Is(err, is) {
			return code
		}
	}
	return "open"
}

func openHint(err error) string {
	switch openCode(err) {
	case "unknown_kind":
		return "see ringfence artifacts for what can be read"
	case "password":
		return "it is the password that was set for backups of this phone, not the phone's code"
	case "locked":
		return "add --password-file FILE"
	case "identity":
		return "add --identity FILE with the key that androidqf encrypted to"
	}
	return "check that the copy is complete and that you may read it"
}

// examiner is the identity that facts are sealed to: made on first use, and
// kept in the data folder.
func (c *checkCommand) examiner() (*age.X25519Identity, error) {
	name := filepath.Join(c.dir(), "check", "examiner.key")
	b, err := os.ReadFile(name)
	if err == nil {
		id, err := age.ParseX25519Identity(strings.TrimSpace(string(b)))
		if err != nil {
			return nil, &failure{code: "examiner", what: "reading the examiner's key " + name, why: err, hint: "restore it from a backup, or move it away to begin a new one"}
		}
		return id, nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return nil, &failure{code: "examiner", what: "reading the examiner's key " + name, why: err}
	}
	id, err := age.GenerateX25519Identity()
	if err != nil {
		return nil, err
	}
	if err = os.MkdirAll(filepath.Dir(name), 0o700); err == nil {
		err = writeNew(name, id.String()+"\n")
	}
	if err != nil {
		return nil, &failure{code: "examiner", what: "making the examiner's key " + name, why: err, hint: "name another folder with --data"}
	}
	return id, nil
}

// writeNew writes a file that must not exist, so that two first uses do not
// make two keys.
func writeNew(name, text string) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Sync(), f.Close())
}

func (c *checkCommand) recipients() ([]age.Recipient, error) {
	id, err := c.examiner()
	if err != nil {
		return nil, err
	}
	all := []age.Recipient{id.Recipient()}
	for _, s := range c.Recipient {
		r, err := age.ParseX25519Recipient(s)
		if err != nil {
			return nil, &failure{code: "usage", what: "reading --recipient " + s, why: err, hint: "give a key that begins with age1", exit: exitUsage}
		}
		all = append(all, r)
	}
	return all, nil
}

func (c *checkCommand) identities() ([]age.Identity, error) {
	id, err := c.examiner()
	if err != nil {
		return nil, err
	}
	all := []age.Identity{id}
	for _, name := range c.Identity {
		f, err := os.Open(name)
		if err != nil {
			return nil, &failure{code: "identity", what: "reading the identity " + name, why: err}
		}
		ids, err := age.ParseIdentities(bufio.NewReader(f))
		f.Close()
		if err != nil {
			return nil, &failure{code: "identity", what: "reading the identity " + name, why: err, hint: "name the file that age-keygen wrote"}
		}
		all = append(all, ids...)
	}
	return all, nil
}
