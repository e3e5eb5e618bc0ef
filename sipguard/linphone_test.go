package sipguard

import (
	"bytes"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// Linphone registers and calls baresip through the guard and Kamailio. It has no
// sound without a sound card, so only the other's tone is listened for.
func TestRealLinphone(t *testing.T) {
	need(t, "kamailio", "baresip", "linphonec")
	r := newReal(t)
	r.baresip("bob", 700)
	r.registered(1)
	home := t.TempDir()
	put(t, filepath.Join(home, ".asoundrc"), "pcm.!default { type null }\nctl.!default { type null }\n")
	put(t, filepath.Join(home, ".local", "share", "linphone", "x"), "")
	s := loopback(t)
	port := localOf(s).Port()
	s.Close()
	rc := put(t, filepath.Join(home, "rc"), fmt.Sprintf("[sip]\nsip_port=%d\nmedia_encryption=none\n[auth_info_0]\nusername=carol\npasswd=secret\nrealm=example.com\n[proxy_0]\nreg_proxy=<sip:%s;transport=udp>\nreg_route=<sip:%s;transport=udp>\nreg_identity=sip:carol@example.com\nreg_expires=300\nreg_sendregister=1\n", port, r.at, r.at))
	c := exec.Command("linphonec", "-c", rc)
	c.Env = append(c.Environ(), "HOME="+home)
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	said := &buffer{}
	c.Stdout, c.Stderr = said, said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer c.Wait()
	defer c.Process.Kill()
	r.registered(2)
	io.WriteString(in, "soundcard use files "+put(t, filepath.Join(home, "tone.wav"), wav(440, 10))+"\ncall sip:bob@example.com\n")
	until := func(what string, ok func() bool) {
		for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%s: not seen; linphonec said %s", what, said)
			}
		}
	}
	until("the call", func() bool { return strings.Contains(said.String(), "Media streams established") })
	until("the tone", func() bool { return r.Counts().Packets > 200 })
	io.WriteString(in, "terminate\n")
	until("the end of the call", func() bool {
		r.Guard.mu.Lock()
		defer r.Guard.mu.Unlock()
		return len(r.calls) == 0
	})
}

// buffer is one that may be read while it is written.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
