package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/service"
	"github.com/ringfence/ringfence/store"
)

func init() {
	command("invite", "Make an invite, for a new person or for the new device of an account.", &inviteCommand{})
	command("console-link", "Make a link that signs in to the console, once, within ten minutes.", &consoleLinkCommand{})
}

type inviteCommand struct {
	dataFolder
	reporting
	For string `placeholder:"NAME" help:"The account whose lost device is to be replaced. Its contacts are warned that the keys changed."`
	URL string `default:"http://localhost:8080/" help:"Address of the messenger, for the link."`
}

// Run makes an invite. It needs no running service, and disturbs none.
func (c *inviteCommand) Run(e *env) error {
	st, err := openStore(e, c.dir())
	if err != nil {
		return err
	}
	defer st.Close()
	code, err := service.AddInvite(e.ctx, st, c.For, e.now())
	if errors.Is(err, guard.ErrNotFound) {
		return &failure{code: "not_found", what: "invite for " + c.For, why: errors.New("there is no account of that name"), hint: "leave --for out for a new person"}
	}
	if err != nil {
		return &failure{code: "invite", what: "invite", why: err}
	}
	link := inviteLink(strings.TrimSuffix(c.URL, "/")+"/", code)
	if c.JSON {
		return json.NewEncoder(e.stdout).Encode(map[string]string{"code": code, "link": link})
	}
	fmt.Fprintf(e.stdout, "%s\n%s\n", code, link)
	return nil
}

type consoleLinkCommand struct {
	dataFolder
	reporting
	Name string `default:"operator" help:"Who signs in; it stands beside what is done in the console."`
	URL  string `default:"http://console.localhost:8080/" help:"Address of the console, for the link."`
}

// Run makes a sign-in link.
func (c *consoleLinkCommand) Run(e *env) error {
	st, err := openStore(e, c.dir())
	if err != nil {
		return err
	}
	defer st.Close()
	token, err := st.NewSignIn(e.ctx, c.Name)
	if err != nil {
		return &failure{code: "link", what: "console link", why: err}
	}
	link := strings.TrimSuffix(c.URL, "/") + "/sign-in#" + token
	if c.JSON {
		return json.NewEncoder(e.stdout).Encode(map[string]string{"link": link})
	}
	fmt.Fprintln(e.stdout, link)
	return nil
}

// openStore opens the store of a data folder that a service has made.
func openStore(e *env, dir string) (*store.Store, error) {
	if _, err := os.Stat(filepath.Join(dir, "server.key")); err != nil {
		return nil, &failure{code: "no_service", what: "data folder " + dir, why: errors.New("no service has run here"), hint: "start ringfence serve first, or name its folder with --data"}
	}
	st, err := store.Open(dir, e.now)
	if err != nil {
		return nil, &failure{code: "store", what: "data folder " + dir, why: err, hint: serveHint(err)}
	}
	return st, nil
}
