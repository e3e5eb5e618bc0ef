package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/ringfence/ringfence/client"
	"github.com/ringfence/ringfence/client/keep"
)

func init() {
	command("client", "A device of the messenger, for scripts, tests and load.", &clientCommand{})
}

// clientCommand holds what all commands of a device share.
type clientCommand struct {
	Home           string `required:"" placeholder:"DIR" help:"The folder of this device: its keys, contacts and messages, sealed."`
	PassphraseFile string `placeholder:"FILE" help:"Seal the folder with the passphrase in FILE instead of a key file."`

	Register      clientRegister `cmd:"" help:"Make an account with an invite, or replace a lost device."`
	Knock         clientKnock    `cmd:"" help:"Ask somebody to become a contact."`
	Accept        clientAccept   `cmd:"" help:"Accept somebody who knocked."`
	Contacts      clientContacts `cmd:"" help:"List contacts, and who knocked."`
	Rename        clientRename   `cmd:"" help:"Give a contact the name that a ring shows."`
	Remove        clientRemove   `cmd:"" help:"End a relationship, or refuse a knock; deletes what was written here."`
	Safety        clientSafety   `cmd:"" help:"Show the safety number to compare with a contact."`
	Confirm       clientConfirm  `cmd:"" help:"Confirm a contact's keys, after comparing the safety number."`
	Rotate        clientRotate   `cmd:"" help:"Give a contact another delivery token, and revoke the one before."`
	Send          clientSend     `cmd:"" help:"Send a text; done when the server has it on disk."`
	Receive       clientReceive  `cmd:"" help:"Print texts that were not printed yet, each once."`
	Notices       clientNotices  `cmd:"" help:"List calls that came: answered, declined, missed and held back."`
	Security      clientSecurity `cmd:"" help:"Show security notices: what the service tells people who were the aim of an attack; read and answer them."`
	Report        clientReport   `cmd:"" help:"Report a call, or a knock, that was strange."`
	Terms         clientTerms    `cmd:"" help:"Show the server's terms of service, or accept them."`
	Standing      clientStanding `cmd:"" help:"Show how this account stands: whether its calls are held back, and why."`
	Object        clientObject   `cmd:"" help:"Object to a ban, or to calls being held back, once."`
	Call          clientCall     `cmd:"" help:"Call a contact, with a test picture and tone."`
	Answer        clientAnswer   `cmd:"" help:"Answer the next call, with a test picture and tone."`
	SignOut       clientSignOut  `cmd:"" help:"End this device's session; its keys stay."`
	DeleteAccount clientDelete   `cmd:"" help:"Delete the account, at the server and here."`
}

// open opens the device's folder.
func (c *clientCommand) open(e *env) (*client.Client, error) {
	var passphrase []byte
	if c.PassphraseFile != "" {
		b, err := os.ReadFile(c.PassphraseFile)
		if err != nil {
			return nil, &failure{code: "passphrase", what: "reading the passphrase", why: err, hint: "check the path"}
		}
		if passphrase = bytes.TrimRight(b, "\r\n"); len(passphrase) == 0 {
			return nil, &failure{code: "passphrase", what: c.PassphraseFile, why: errors.New("the passphrase is empty"), exit: exitUsage}
		}
	}
	store, err := keep.Open(c.Home, passphrase)
	if errors.Is(err, keep.ErrLocked) {
		return nil, &failure{code: "locked", what: "opening the device in " + c.Home, why: keep.ErrLocked, hint: "wait until it ends, or stop it"}
	}
	if err != nil {
		return nil, &failure{code: "home", what: "opening the device in " + c.Home, why: err, hint: "give a folder that can be written with --home, and the passphrase it was made with"}
	}
	d, err := client.Open(e.ctx, client.Options{Keep: store, Now: e.now})
	if err != nil {
		store.Close()
		return nil, actionable(err)
	}
	return d, nil
}

// with runs a command on the device, with everything that was waiting for it
// read before.
func (c *clientCommand) with(e *env, do func(*client.Client) error) error {
	d, err := c.open(e)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(e.ctx); err != nil {
		return actionable(err)
	}
	return actionable(do(d))
}

// actionable makes a failure of what a client says.
func actionable(err error) error {
	var ce *client.Error
	var f *failure
	if err == nil || errors.As(err, &f) || !errors.As(err, &ce) {
		return err
	}
	f = &failure{code: ce.Code, what: ce.What, why: ce.Why, hint: ce.Hint}
	if ce.Code == "usage" {
		f.exit = exitUsage
	}
	return f
}

// contact finds a contact by the name that the person gave it, by its account's
// name, or by its account id.
func contact(d *client.Client, name string) (client.Contact, error) {
	for _, ct := range d.Contacts() {
		if ct.Username == name || ct.Name == name || ct.Account.String() == name {
			return ct, nil
		}
	}
	return client.Contact{}, &failure{code: "no_contact", what: "contact " + name, why: errors.New("nobody of that name"), hint: "see ringfence client contacts, or knock"}
}

func writeJSON(e *env, v any) error {
	b, err := json.Marshal(v)
	if err == nil {
		_, err = fmt.Fprintf(e.stdout, "%s\n", b)
	}
	return err
}

type clientRegister struct {
	reporting
	Server string `required:"" placeholder:"URL" help:"The server, as https://HOST."`
	Invite string `placeholder:"CODE" help:"The invite; not needed where the server is open."`
	Name   string `placeholder:"NAME" help:"The account's name: 3 to 20 of a-z, 0-9 and _. Not used when a lost device is replaced."`
	Accept string `name:"accept-terms" placeholder:"VERSION" help:"Accept the server's terms of service of this version, after reading them with client terms --server URL."`
}

func (r *clientRegister) Run(e *env, c *clientCommand) error {
	d, err := c.open(e)
	if err != nil {
		return err
	}
	defer d.Close()
	if r.Accept != "" {
		t, err := d.Terms(e.ctx, r.Server)
		if err == nil {
			err = acceptTerms(e, d, t, r.Accept)
		}
		if err != nil {
			return actionable(err)
		}
	}
	if err := d.Register(e.ctx, r.Server, r.Invite, r.Name); err != nil {
		return actionable(err)
	}
	me := d.Me()
	if r.JSON {
		return writeJSON(e, map[string]any{"account": me.Account, "device": me.Device, "name": me.Name, "server": me.Server})
	}
	fmt.Fprintf(e.stdout, "%s is registered at %s\n", me.Name, me.Server)
	return nil
}

type clientKnock struct {
	Name string `arg:"" help:"The exact name of the account."`
}

func (k *clientKnock) Run(e *env, c *clientCommand) error {
	return c.with(e, func(d *client.Client) error {
		if err := d.Knock(e.ctx, k.Name); err != nil {
			return err
		}
		fmt.Fprintf(e.stdout, "if there is a %s, they see that you knocked\n", k.Name)
		return nil
	})
}

type clientAccept struct {
	Name string `arg:"" help:"Who knocked."`
}

func (a *clientAccept) Run(e *env, c *clientCommand) error {
	return c.with(e, func(d *client.Client) error {
		ct, err := contact(d, a.Name)
		if err != nil {
			return err
		}
		if err := d.Accept(e.ctx, ct.Account); err != nil {
			return err
		}
		fmt.Fprintf(e.stdout, "%s can now write to you and call you\n", ct.Name)
		return nil
	})
}

type clientContacts struct{ reporting }

func (l *clientContacts) Run(e *env, c *clientCommand) error {
	return c.with(e, func(d *client.Client) error {
		all := d.Contacts()
		if l.JSON {
			return writeJSON(e, map[string]any{"contacts": contactsJSON(all)})
		}
		for _, ct := range all {
			fmt.Fprintf(e.stdout, "%-20s %-10s%s\n", ct.Name, ct.State, remark(ct))
		}
		return nil
	})
}

func contactsJSON(all []client.Contact) []map[string]any {
	list := []map[string]any{}
	for _, ct := range all {
		list = append(list, map[string]any{
			"account": ct.Account, "name": ct.Name, "username": ct.Username, "state": ct.State,
			"keys_changed": ct.KeysChanged, "verified": ct.Verified, "can_write": ct.CanWrite, "unread": ct.Unread, "reported": ct.Reported,
		})
	}
	return list
}

func remark(ct client.Contact) string {
	var r []string
	if ct.KeysChanged {
		r = append(r, "keys changed: compare the safety number, then confirm")
	}
	if ct.Verified {
		r = append(r, "verified")
	}
	if ct.Unread > 0 {
		r = append(r, fmt.Sprintf("%d unread", ct.Unread))
	}
	if len(r) == 0 {
		return ""
	}
	return " " + strings.Join(r, ", ")
}

type clientRename struct {
	Name string `arg:"" help:"The contact."`
	To   string `arg:"" help:"The name to show."`
}

func (r *clientRename) Run(e *env, c *clientCommand) error {
	return c.with(e, func(d *client.Client) error {
		ct, err := contact(d, r.Name)
		if err != nil {
			return err
		}
		return d.Rename(e.ctx, ct.Account, r.To)
	})
}

type clientRemove struct {
	Name string `arg:"" help:"The contact, or who knocked."`
}

func (r *clientRemove) Run(e *env, c *clientCommand) error {
	return c.with(e, func(d *client.Client) error {
		ct, err := contact(d, r.Name)
		if err != nil {
			return err
		}
		return d.Remove(e.ctx, ct.Account)
	})
}

type clientSafety struct {
	reporting
	Name string `arg:"" help:"The contact."`
}

func (s *clientSafety) Run(e *env, c *clientCommand) error {
	return c.with(e, func(d *client.Client) error {
		ct, err := contact(d, s.Name)
		if err != nil {
			return err
		}
		n, err := d.Safety(e.ctx, ct.Account)
		if err != nil {
			return err
		}
		if s.JSON {
			return writeJSON(e, map[string]any{"digits": n.Digits, "qr": n.QR, "verified": ct.Verified, "keys_changed": ct.KeysChanged})
		}
		fmt.Fprintln(e.stdout, n.Digits)
		return nil
	})
}

type clientConfirm struct {
	Name     string `arg:"" help:"The contact."`
	Compared bool   `help:"The safety number was compared, by another way than this messenger."`
}

func (s *clientConfirm) Run(e *env, c *clientCommand) error {
	return c.with(e, func(d *client.Client) error {
		ct, err := contact(d, s.Name)
		if err != nil {
			return err
		}
		return d.ConfirmKeys(e.ctx, ct.Account, s.Compared)
	})
}

type clientRotate struct {
	Name string `arg:"" help:"The contact."`
}

func (r *clientRotate) Run(e *env, c *clientCommand) error {
	return c.with(e, func(d *client.Client) error {
		ct, err := contact(d, r.Name)
		if err != nil {
			return err
		}
		return d.RotateToken(e.ctx, ct.Account)
	})
}

type clientSignOut struct{}

func (s *clientSignOut) Run(e *env, c *clientCommand) error {
	d, err := c.open(e)
	if err != nil {
		return err
	}
	defer d.Close()
	return actionable(d.SignOut(e.ctx))
}

type clientDelete struct {
	Yes bool `required:"" help:"Deleting cannot be undone: say so."`
}

func (s *clientDelete) Run(e *env, c *clientCommand) error {
	d, err := c.open(e)
	if err != nil {
		return err
	}
	defer d.Close()
	return actionable(d.DeleteAccount(e.ctx))
}

// within returns a context that ends after a time.
func within(e *env, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(e.ctx, d)
}
