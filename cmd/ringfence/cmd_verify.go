package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/ringfence/ringfence/casefile"
	"github.com/ringfence/ringfence/hunt/approval"
	"github.com/ringfence/ringfence/service"
	"github.com/ringfence/ringfence/store/mailbox"
	"github.com/ringfence/ringfence/web"
)

func init() {
	command("verify", "Check that a data folder is whole, or that a server serves the web build of this program.", &verifyCommand{})
}

type verifyCommand struct {
	dataFolder
	reporting
	Server string   `placeholder:"URL" help:"Compare the web build that a server serves with what it signed and with the one in this program, instead."`
	Key    []string `placeholder:"VKEY" sep:"none" help:"With --server: the verifier key of somebody who must have signed the build too. May be given several times."`
}

// checkUp is what was looked at, and what is not whole.
type checkUp struct {
	Version int      `json:"version"`
	What    string   `json:"what"`
	Whole   bool     `json:"whole"`
	Letters int      `json:"letters"`
	Wrong   []string `json:"wrong"`

	// Of a server only.
	Build      string          `json:"build,omitempty"`      // that it signed
	OwnBuild   string          `json:"own_build,omitempty"`  // of this program
	Signatures []web.Signature `json:"signatures,omitempty"` // of what it signed
}

// Run checks and reports; what is not whole is a failure.
func (c *verifyCommand) Run(e *env) error {
	up := checkUp{Version: 1, What: c.dir(), Wrong: []string{}}
	var err error
	switch {
	case c.Server != "":
		err = up.server(e, c.Server, c.Key)
	case len(c.Key) > 0:
		err = &failure{code: "usage", what: "--key", hint: "give --server too: the keys are for what a server signed", exit: exitUsage}
	default:
		err = up.folder(e, c.dir())
	}
	if err != nil {
		return err
	}
	up.Whole = len(up.Wrong) == 0
	if c.JSON {
		if err := json.NewEncoder(e.stdout).Encode(up); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(e.stdout, "%s: %s\n", up.What, map[bool]string{true: "whole", false: "NOT whole"}[up.Whole])
		up.signed(e)
		for _, w := range up.Wrong {
			fmt.Fprintf(e.stdout, "  %s\n", w)
		}
	}
	if !up.Whole {
		return found(exitFailed)
	}
	return nil
}

// server holds what a server serves against what it signed and what we have.
func (up *checkUp) server(e *env, url string, keys []string) error {
	c, err := web.Compare(e.ctx, url, keys)
	if errors.Is(err, web.ErrKey) {
		return &failure{code: "usage", what: "--key", why: err, hint: "give it as whoever signs has published it", exit: exitUsage}
	}
	if err != nil {
		return err
	}
	up.What, up.Build, up.OwnBuild, up.Signatures = url, c.Build, c.Own, c.Signatures
	up.Wrong = append(up.Wrong, c.Wrong...)
	return nil
}

// signed says for people what a server signed, and who did.
func (up *checkUp) signed(e *env) {
	if up.Build != "" {
		fmt.Fprintf(e.stdout, "  the server signed build %s; this program has %s\n", up.Build, up.OwnBuild)
	}
	for _, s := range up.Signatures {
		switch s.Whose {
		case "server":
			fmt.Fprintf(e.stdout, "  signed by the server's own key %s\n", s.Key)
		case "given":
			fmt.Fprintf(e.stdout, "  signed by the key given %s\n", s.Key)
		default:
			fmt.Fprintf(e.stdout, "  signed by %q with hash %s: not verified, give its --key\n", s.Name, s.Hash)
		}
	}
}

// folder looks at everything in a data folder. The letters can be read only
// while no service has them open; the rest can always.
func (up *checkUp) folder(e *env, dir string) error {
	st, err := openStore(e, dir)
	if err != nil {
		return err
	}
	defer st.Close()
	if _, err := service.ReadKeys(dir); err != nil {
		up.Wrong = append(up.Wrong, err.Error())
	}
	wrong, err := st.Verify(e.ctx)
	if err != nil {
		return &failure{code: "verify", what: "store of " + dir, why: err}
	}
	up.Wrong = append(up.Wrong, wrong...)
	if wrong, err = approval.Open(st, e.now).Verify(e.ctx); err != nil {
		return &failure{code: "verify", what: "log of queries of " + dir, why: err}
	}
	up.Wrong = append(up.Wrong, wrong...)
	if err := up.cases(e, dir); err != nil {
		return err
	}
	return up.mailbox(e, dir)
}

// cases looks at every case, if there are any.
func (up *checkUp) cases(e *env, dir string) error {
	if _, err := os.Stat(filepath.Join(dir, "cases")); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	room, err := (&casePlace{dataFolder: dataFolder{Data: dir}}).room(e)
	if err != nil {
		return err
	}
	defer room.Close()
	ids, err := room.IDs(e.ctx)
	if err != nil {
		return caseFailure("verify", err)
	}
	for _, id := range ids {
		wrong, err := wholeCase(e, room, id)
		if err != nil {
			wrong = append(wrong, err.Error())
		}
		for _, w := range wrong {
			up.Wrong = append(up.Wrong, id+": "+w)
		}
	}
	return nil
}

func wholeCase(e *env, room *casefile.Room, id string) (wrong []string, err error) {
	k, err := room.Case(e.ctx, id)
	if err != nil {
		return nil, err
	}
	defer k.Close()
	checks, err := k.Verify(e.ctx, func(int64) {})
	for _, one := range checks {
		wrong = append(wrong, one.Faults...)
	}
	return wrong, err
}

// mailbox looks at the letters: itself when no service runs, and otherwise by
// asking the service, which has them open.
func (up *checkUp) mailbox(e *env, dir string) error {
	unlock, err := lockFolder(dir)
	if err != nil {
		return up.ask(e, dir)
	}
	defer unlock()
	m, err := mailbox.Open(filepath.Join(dir, "mailbox"))
	if err != nil {
		up.Wrong = append(up.Wrong, err.Error())
		return nil
	}
	up.Letters, err = m.Verify(e.ctx)
	if err != nil {
		up.Wrong = append(up.Wrong, err.Error())
	}
	return m.Close()
}

func (up *checkUp) ask(e *env, dir string) error {
	letters, wrong, err := service.AskVerify(e.ctx, dir, e.now())
	if err != nil {
		return &failure{code: "verify", what: "letters of " + dir, why: err, hint: "stop the service and verify again"}
	}
	up.Letters = letters
	if wrong != "" {
		up.Wrong = append(up.Wrong, wrong)
	}
	return nil
}
