package bench

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"testing"
	"time"

	"github.com/ringfence/ringfence/service"
)

// figures are what the server's process says of itself when it is asked.
type figures struct {
	CPU    time.Duration // used so far, of user and system
	Memory int64         // bytes that the process occupies, after a collection
}

const asServer = "RINGFENCE_BENCH_SERVER" // the folder, in the server's process

func TestMain(m *testing.M) {
	if dir := os.Getenv(asServer); dir != "" {
		if err := serve(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// limits lets the load through that the guard would take for a flood.
const limits = `{"limits":{"hand_ins_per_token_minute":1000000000,"letters_per_mailbox":1000000000,
	"bytes_per_mailbox":1000000000000,"tries_per_minute":1000000000,"requests_per_minute":1000000000}}`

// serve is the server's process: it prints its address, and its figures for
// each line that it reads, until there are no more.
func serve(dir string) error {
	if err := os.WriteFile(filepath.Join(dir, "guard.json"), []byte(limits), 0o600); err != nil {
		return err
	}
	s, err := service.New(service.Config{Data: dir, Version: "bench", Open: true})
	if err != nil {
		return err
	}
	defer s.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	go server.Serve(l)
	defer server.Close()
	if f := os.Getenv("RINGFENCE_BENCH_PROFILE"); f != "" {
		w, err := os.Create(fmt.Sprintf("%s.%d", f, os.Getpid()))
		if err != nil {
			return err
		}
		if err := pprof.StartCPUProfile(w); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	fmt.Printf("http://%s\n", l.Addr())
	out, in := json.NewEncoder(os.Stdout), bufio.NewReader(os.Stdin)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			break
		}
		var f figures
		if line == "memory\n" {
			runtime.GC()
			debug.FreeOSMemory()
			f.Memory = resident()
		}
		f.CPU = processorTime()
		if err := out.Encode(f); err != nil {
			return err
		}
	}
	return nil
}

// server is the server's process as the benchmarks see it.
type server struct {
	b   *testing.B
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
	url string
}

func start(b *testing.B) *server {
	b.Helper()
	exe, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	s := &server{b: b, cmd: exec.Command(exe)}
	s.cmd.Env = append(os.Environ(), asServer+"="+b.TempDir())
	s.cmd.Stderr = os.Stderr
	if s.in, err = s.cmd.StdinPipe(); err != nil {
		b.Fatal(err)
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	s.out = bufio.NewReader(out)
	if err := s.cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		s.in.Close()
		if err := s.cmd.Wait(); err != nil {
			b.Error("the server: ", err)
		}
	})
	line, err := s.out.ReadString('\n')
	if err != nil {
		b.Fatal("the server did not start: ", err)
	}
	s.url = line[:len(line)-1]
	return s
}

func (s *server) ask(what string) (f figures) {
	s.b.Helper()
	if _, err := io.WriteString(s.in, what+"\n"); err != nil {
		s.b.Fatal(err)
	}
	line, err := s.out.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &f)
	}
	if err != nil {
		s.b.Fatal(err)
	}
	return f
}

func (s *server) cpu() time.Duration { return s.ask("cpu").CPU }
func (s *server) memory() int64      { return s.ask("memory").Memory }
