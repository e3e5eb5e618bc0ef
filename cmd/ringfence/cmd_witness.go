package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/ringfence/ringfence/casefile/witness"
	"github.com/ringfence/ringfence/store/heads"
)

func init() {
	command("witness", "Cosign the states of other people's logs of cases, so that none of them can be rewritten unseen.", &witnessCommand{})
}

type witnessCommand struct {
	Data   string   `required:"" placeholder:"DIR" help:"The witness's own folder: its key, and the states that it cosigned. Losing it means a new witness."`
	Listen string   `default:"127.0.0.1:8095" placeholder:"HOST:PORT" help:"Where it answers; put a proxy with TLS in front of it."`
	Log    []string `required:"" sep:"none" placeholder:"VKEY" help:"The key of a service whose log is cosigned, as its case list prints it. May be given several times."`
	Name   string   `placeholder:"NAME" help:"The witness's name, set once: a host name of yours (default: a random one)."`
}

// Run serves until it is told to stop.
func (c *witnessCommand) Run(e *env) error {
	wrong := func(what string, err error, hint string) error {
		return &failure{code: "witness", what: "witness: " + what, why: err, hint: hint}
	}
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return wrong("its folder", err, "name another with --data")
	}
	key, err := c.key()
	if err != nil {
		return wrong("its key", err, "restore it from a backup, or begin a new witness in another folder")
	}
	logs := map[string]note.Verifier{}
	for _, text := range c.Log {
		v, err := note.NewVerifier(text)
		if err != nil {
			return &failure{code: "usage", what: "witness --log " + text, why: err, hint: "give it as ringfence case list prints it", exit: exitUsage}
		}
		logs[v.Name()] = v
	}
	kept, err := heads.Open(filepath.Join(c.Data, "witness.db"))
	if err != nil {
		return wrong("the states that it cosigned", err, "restore them from a backup; a witness that forgot them could cosign a second history")
	}
	defer kept.Close()
	l, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return wrong("listening", err, portHint(err, "--listen"))
	}
	server := &http.Server{Handler: &witness.Server{Key: key, Logs: logs, Heads: kept, Now: e.now}, ReadTimeout: 20 * time.Second, WriteTimeout: 20 * time.Second, MaxHeaderBytes: 16 << 10}
	said, err := json.Marshal(map[string]string{"url": "http://" + l.Addr().String(), "key": key.Verifier()})
	if err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "%s\nThe operator of a log puts this line into the list in cases/witnesses.json, with the address under which you are reached.\n", said)
	context.AfterFunc(e.ctx, func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = server.Shutdown(ctx)
	})
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return wrong("serving", err, "start it again")
	}
	return nil
}

// key reads the witness's key, or makes one.
func (c *witnessCommand) key() (*witness.Key, error) {
	path := filepath.Join(c.Data, "witness.key")
	b, err := readBounded(path, maxKey)
	if errors.Is(err, fs.ErrNotExist) {
		var name [8]byte
		seed := make([]byte, 32)
		rand.Read(name[:]) // never fails
		rand.Read(seed)
		if c.Name == "" {
			c.Name = "witness-" + hex.EncodeToString(name[:])
		}
		if _, err := witness.NewKey(c.Name, seed); err != nil {
			return nil, err
		}
		text := c.Name + " " + base64.StdEncoding.EncodeToString(seed) + "\n"
		b, err = []byte(text), writeNew(path, text)
		if err != nil {
			return nil, err
		}
	} else if err != nil {
		return nil, err
	}
	name, text, _ := strings.Cut(strings.TrimSpace(string(b)), " ")
	seed, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, err
	}
	if c.Name != "" && c.Name != name {
		return nil, fmt.Errorf("the witness in this folder is called %s", name)
	}
	return witness.NewKey(name, seed)
}
