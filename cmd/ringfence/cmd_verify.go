package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"

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
	Server string `placeholder:"URL" help:"Compare the web build that a server serves with the one in this program, instead."`
}

// checkUp is what was looked at, and what is not whole.
type checkUp struct {
	Version int      `json:"version"`
	What    string   `json:"what"`
	Whole   bool     `json:"whole"`
	Letters int      `json:"letters"`
	Wrong   []string `json:"wrong"`
}

// Run checks and reports; what is not whole is a failure.
func (c *verifyCommand) Run(e *env) error {
	up := checkUp{Version: 1, What: c.dir(), Wrong: []string{}}
	var err error
	if c.Server != "" {
		up.What = c.Server
		up.Wrong, err = web.Compare(e.ctx, c.Server)
	} else {
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
		for _, w := range up.Wrong {
			fmt.Fprintf(e.stdout, "  %s\n", w)
		}
	}
	if !up.Whole {
		return found(exitFailed)
	}
	return nil
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
	return up.mailbox(e, dir)
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
