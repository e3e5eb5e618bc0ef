package service

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/wire/call"
	"github.com/ringfence/ringfence/wire/settings"
)

// guardFile is what an operator changes without a restart.
const guardFile = "guard.json"

// instructions are the settings that are in force, signed.
type instructions struct {
	mu     sync.Mutex
	serial uint64
	signed []byte
}

func (i *instructions) current() (uint64, []byte) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.serial, i.signed
}

// readGuard reads the configuration of the guard; without a file everything is
// as it comes.
func readGuard(folder string) (guard.Config, error) {
	path := filepath.Join(folder, guardFile)
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return guard.DefaultConfig(), nil
	}
	if err != nil {
		return guard.Config{}, err
	}
	c, err := guard.ParseConfig(b)
	if err != nil {
		return guard.Config{}, fmt.Errorf("%s: %w; mend it, or delete it for the defaults", path, err)
	}
	return c, nil
}

// watchGuard puts a changed configuration in force within a second or two. One
// that is wrong changes nothing, and the log says what is wrong.
func (s *Service) watchGuard(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	seen := s.guardStamp()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := s.guardStamp()
		if now == seen {
			continue
		}
		seen = now
		if err := s.Reconfigure(ctx); err != nil {
			s.config.Log.Error("the guard's configuration stays as it was", "why", err)
			continue
		}
		s.config.Log.Info("the guard's configuration has changed")
	}
}

// guardStamp changes whenever the file does.
func (s *Service) guardStamp() string {
	b, err := os.ReadFile(filepath.Join(s.config.Data, guardFile))
	if err != nil {
		return err.Error()
	}
	sum := sha256.Sum256(b)
	return string(sum[:])
}

// Reconfigure reads the guard's configuration anew and puts it in force.
func (s *Service) Reconfigure(ctx context.Context) error {
	c, err := readGuard(s.config.Data)
	if err != nil {
		return err
	}
	if err := s.guard.Configure(c); err != nil {
		return err
	}
	before, _ := s.signed.current()
	if err := s.issueSettings(ctx); err != nil {
		return err
	}
	if serial, signed := s.signed.current(); serial != before {
		s.hub.all(append([]byte{call.TypeSettings}, signed...))
	}
	return nil
}

// issueSettings signs the settings in force. Their serial grows when what they
// say has changed.
func (s *Service) issueSettings(ctx context.Context) error {
	say := settings.Settings{MinimumBuild: s.guard.Config().MinimumBuild, Relay: []string{}}
	if s.relay != nil {
		say.Relay = s.relay.URIs()
	}
	b, err := json.Marshal(say)
	if err != nil {
		return err
	}
	if say.Serial, err = s.store.Serial(ctx, sha256.Sum256(b)); err != nil {
		return err
	}
	say.Issued = s.config.Now().UTC()
	signed, err := say.Sign(s.keys.Server)
	if err != nil {
		return err
	}
	s.signed.mu.Lock()
	s.signed.serial, s.signed.signed = say.Serial, signed
	s.signed.mu.Unlock()
	return nil
}
