package inspect

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/wire/sip"
)

// invited runs a program that calls sip:bob at a socket of our own, and returns the
// invitation that it sends.
func invited(t *testing.T, run func(at string) *exec.Cmd) *sip.Message {
	t.Helper()
	s, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c := run(s.LocalAddr().String())
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer c.Wait()
	defer c.Process.Kill()
	b := make([]byte, 65536)
	_ = s.SetReadDeadline(time.Now().Add(20 * time.Second))
	for {
		n, _, err := s.ReadFrom(b)
		if err != nil {
			t.Fatalf("no invitation came: %v", err)
		}
		if m, err := sip.Parse(b[:n]); err == nil && string(m.Method) == "INVITE" {
			return m
		}
	}
}

func written(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// programs call with sound in the clear, as they come.
var programs = []struct {
	name, command, version string
	run                    func(t *testing.T, at string) *exec.Cmd
}{
	{"SIPp 3.6", "sipp", "v3.6", func(t *testing.T, at string) *exec.Cmd {
		return exec.Command("sipp", at, "-sn", "uac", "-m", "1", "-nostdin", "-i", "127.0.0.1")
	}},
	{"baresip 1.0", "baresip", "v1.0", func(t *testing.T, at string) *exec.Cmd {
		dir := t.TempDir()
		modules, _ := filepath.Glob("/usr/lib*/*/baresip/modules")
		more, _ := filepath.Glob("/usr/lib/baresip/modules")
		written(t, filepath.Join(dir, "contacts"), "")
		written(t, filepath.Join(dir, "config"), "poll_method poll\nsip_listen 127.0.0.1:0\naudio_player aubridge,a\naudio_source aubridge,b\nmodule_path "+strings.Join(append(modules, more...), "")+"\nmodule g711.so\nmodule aubridge.so\nmodule_tmp uuid.so\nmodule_tmp account.so\nmodule_app menu.so\n")
		written(t, filepath.Join(dir, "accounts"), "<sip:alice@127.0.0.1>;regint=0\n")
		return exec.Command("baresip", "-4", "-f", dir, "-e", "/dial sip:bob@"+at, "-t", "10")
	}},
	{"Linphone 5.1", "linphonec", "5.1", func(t *testing.T, at string) *exec.Cmd {
		home := t.TempDir()
		written(t, filepath.Join(home, ".asoundrc"), "pcm.!default { type null }\nctl.!default { type null }\n")
		written(t, filepath.Join(home, ".local", "share", "linphone", "x"), "")
		c := exec.Command("linphonec", "-c", written(t, filepath.Join(home, "rc"), "[sip]\nsip_port=-1\nmedia_encryption=none\n"))
		c.Env = append(c.Environ(), "HOME="+home)
		in, err := c.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(in, "call sip:bob@%s\n", at)
		return c
	}},
}

// The prints of SIP programs that ship are those of programs that were run here.
func TestSIPPrints(t *testing.T) {
	for _, p := range programs {
		t.Run(p.command, func(t *testing.T) {
			if _, err := exec.LookPath(p.command); err != nil {
				t.Skipf("MISSING: %s; its print is not made again", p.command)
			}
			m := invited(t, func(at string) *exec.Cmd { return p.run(t, at) })
			print := Print(m)
			if strings.Contains(print, "_") == (len(m.Body) == 0) || !strings.HasPrefix(print, "sip1-") {
				t.Errorf("print %s of a message with %d bytes of body", print, len(m.Body))
			}
			if Program(print) == p.name {
				return
			}
			said, _ := exec.Command(p.command, map[string]string{"baresip": "-h"}[p.command]+map[string]string{"sipp": "-v", "linphonec": "-v"}[p.command]).CombinedOutput()
			if !strings.Contains(string(said), p.version) {
				t.Logf("this %s is another one than the table has: %s", p.command, print)
				return
			}
			t.Errorf("known.go must have: %q: %q", print, p.name)
		})
	}
}

// linphone is an invitation as Linphone 5.1 writes them, from a program that calls
// itself by a name.
func linphone(agent string) []byte {
	body := "v=0\r\no=alice 1 1 IN IP4 192.0.2.1\r\ns=Talk\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 7078 RTP/AVP 0\r\n"
	head := fmt.Sprintf("INVITE sip:bob@192.0.2.2 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK.1;rport\nFrom: <sip:alice@192.0.2.1>;tag=1\nTo: sip:bob@192.0.2.2\nCSeq: 20 INVITE\nCall-ID: 1\nMax-Forwards: 70\n"+
		"Supported: replaces\nAllow: INVITE\nContent-Type: application/sdp\nContent-Length: %d\nContact: <sip:192.0.2.1:5060>\nUser-Agent: %s\n\n", len(body), agent)
	return []byte(strings.ReplaceAll(head, "\n", "\r\n") + body)
}

// A program that calls itself by the name of one whose print is known, and writes as
// another one does, is said to; one of a name or print that nobody knows is not.
func TestClaim(t *testing.T) {
	for agent, want := range map[string]bool{"Linphone/5.1.65": false, "baresip v1.0.0": true, "SIPp": true, "iOS 26, build 23A341": false, "": false} {
		m, err := sip.Parse(linphone(agent))
		if err != nil {
			t.Fatal(err)
		}
		if Program(Print(m)) != "Linphone 5.1" {
			t.Fatalf("the example is not as Linphone writes: %s", Print(m))
		}
		r := claim(m)
		if (r != nil) != want {
			t.Errorf("%q: %v", agent, r)
		}
		if r != nil && (r.Rule != "R14" || !strings.HasPrefix(string(linphone(agent)[r.Offset:]), "User-Agent") || !strings.Contains(r.Reason, "Linphone")) {
			t.Errorf("%q: %+v", agent, r)
		}
	}
}

// What somebody chose to write is not in a print, and however long a message is, its
// print is not.
func FuzzPrint(f *testing.F) {
	f.Add(linphone("x"), "q7Zk1mWx93LpDvRt")
	f.Fuzz(func(t *testing.T, b []byte, value string) {
		m, err := sip.Parse(b)
		if err != nil {
			return
		}
		print := Print(m)
		if len(print) > 64 {
			t.Errorf("a print of %d letters", len(print))
		}
		for i := range m.Fields {
			m.Fields[i].Value = []byte(value)
		}
		if again := Print(m); again != print {
			t.Errorf("values are in the print: %s, %s", print, again)
		}
	})
}
