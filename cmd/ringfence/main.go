// Command ringfence is the whole of Ringfence: the service, the client, the
// test range and the tools around them. One file per command; a command adds
// itself in its init.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
)

// Exit codes, a contract with other people's scripts.
const (
	exitDone       = 0 // done, nothing found
	exitFailed     = 1
	exitUsage      = 2
	exitFound      = 3 // done, and something was found
	exitIncomplete = 4 // done, nothing found, but some evidence could not be read
)

// env is what a command runs in; tests drive commands through it.
type env struct {
	ctx    context.Context
	stdout io.Writer
	stderr io.Writer
	now    func() time.Time
}

// failure is an error that a person can act on: what happened and where, why,
// and what to do next.
type failure struct {
	code string // stable, for scripts
	what string // what was being done, and where
	why  error
	hint string // what to do next
	exit int    // exitFailed when zero
}

func (f *failure) Error() string {
	s := f.what
	if f.why != nil {
		s += ": " + f.why.Error()
	}
	if f.hint != "" {
		s += "; " + f.hint
	}
	return s
}

func (f *failure) Unwrap() error { return f.why }

// found ends a command with an exit code other than 0 that is no failure.
type found int

func (f found) Error() string { return fmt.Sprintf("exit %d", int(f)) }

// commands are the options by which the commands add themselves.
var commands []kong.Option

func command(name, help string, c any) {
	commands = append(commands, kong.DynamicCommand(name, help, "", c))
}

// reporting is embedded by commands that report.
type reporting struct {
	JSON bool `name:"json" help:"One JSON document on standard output, or one object a line where it streams."`
}

// dataFolder is embedded by commands that work on the service's own store.
type dataFolder struct {
	Data string `name:"data" placeholder:"DIR" help:"The service's data folder (default: ${default_data})."`
}

func (d dataFolder) dir() string {
	if d.Data != "" {
		return d.Data
	}
	return defaultData()
}

// defaultData is the platform's folder for a program's own data.
func defaultData() string {
	home, err := os.UserHomeDir()
	if err != nil {
		return "ringfence-data"
	}
	switch runtime.GOOS {
	case "windows":
		if d := os.Getenv("LocalAppData"); d != "" {
			return filepath.Join(d, "ringfence")
		}
	case "darwin":
		return filepath.Join(home, "Library", "Application Support", "ringfence")
	}
	if d := os.Getenv("XDG_DATA_HOME"); d != "" {
		return filepath.Join(d, "ringfence")
	}
	return filepath.Join(home, ".local", "share", "ringfence")
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(&env{ctx: ctx, stdout: os.Stdout, stderr: os.Stderr, now: time.Now}, os.Args[1:]))
}

// run runs one command and returns its exit code.
func run(e *env, args []string) (code int) {
	var root struct{}
	helped := false
	options := append([]kong.Option{
		kong.Name("ringfence"),
		kong.Description("Encrypted messages and calls that put nothing of the caller's choosing on a phone before it is answered, and the examination of phones for traces of spyware.\n\nExit codes: 0 done, nothing found; 1 failed; 2 wrong use; 3 done and found something; 4 done, but some evidence could not be read."),
		kong.Vars{"default_data": defaultData()},
		kong.Writers(e.stdout, e.stderr),
		kong.Exit(func(int) { helped = true }),
		kong.Bind(e),
	}, commands...)
	parser, err := kong.New(&root, options...)
	if err != nil {
		fmt.Fprintf(e.stderr, "ringfence: %v\n", err)
		return exitFailed
	}
	k, err := parser.Parse(args)
	if helped {
		return exitDone
	}
	if err != nil {
		fmt.Fprintf(e.stderr, "ringfence: %v; see ringfence --help\n", err)
		return exitUsage
	}
	return fail(e, wantsJSON(args), k.Run(e))
}

// fail says on standard error what went wrong, and turns it into an exit
// code.
func fail(e *env, asJSON bool, err error) int {
	var end found
	if err == nil {
		return exitDone
	}
	if errors.As(err, &end) {
		return int(end)
	}
	var f *failure
	if !errors.As(err, &f) {
		f = &failure{code: "failed", what: err.Error()}
	}
	if asJSON {
		b, _ := json.Marshal(map[string]any{"error": map[string]string{"code": f.code, "message": err.Error(), "hint": f.hint}})
		fmt.Fprintf(e.stdout, "%s\n", b)
	}
	fmt.Fprintf(e.stderr, "ringfence: %v\n", err)
	if f.exit != 0 {
		return f.exit
	}
	return exitFailed
}

func wantsJSON(args []string) bool {
	for _, a := range args {
		if a == "--" {
			return false
		}
		if a == "--json" {
			return true
		}
	}
	return false
}
