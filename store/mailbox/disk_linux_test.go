package mailbox

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ringfence/ringfence/wire"
)

// A disk that refuses writes is an error to the sender, not a letter lost.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=4m"); err != nil {
		t.Skipf("a small disk cannot be made here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	m, err := Open(filepath.Join(dir, "mailbox"))
	if err != nil {
		t.Fatal(err)
	}
	d, stored := wire.ID{1}, 0
	one := []byte(strings.Repeat("x", 32<<10))
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for err == nil && ctx.Err() == nil {
		if err = m.Reserve(d, len(one), roomy); err == nil {
			waiting, cancel := context.WithTimeout(ctx, time.Second)
			err = m.Append(waiting, []Entry{{d, time.Now().UnixMilli(), one}})
			cancel()
		}
		if err == nil {
			stored++
		}
	}
	t.Logf("%d letters, then %v", stored, err)
	if err := m.Reserve(d, len(one), roomy); !errors.Is(err, ErrNoSpace) && !errors.Is(err, ErrClosed) {
		t.Fatalf("on the full disk: %v, want ErrNoSpace", err)
	}
	if got := len(read(t, m, d, 0)); got < stored {
		t.Fatalf("%d letters on the full disk, %d were acknowledged", got, stored)
	}
	if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT, "size=64m"); err != nil {
		t.Fatal(err)
	}
	t.Log("closed: ", m.Close()) // an error where the log itself broke off
	m = open(t, filepath.Join(dir, "mailbox"))
	if got := len(read(t, m, d, 0)); got < stored {
		t.Fatalf("%d letters after there was room again, %d were acknowledged", got, stored)
	}
	if _, err := m.Verify(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func TestUnwritableFolder(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_RDONLY, "size=1m"); err != nil {
		t.Skipf("a read-only disk cannot be made here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	for _, folder := range []string{dir, filepath.Join(dir, "mailbox")} {
		m, err := Open(folder)
		if err == nil {
			m.Close()
			t.Fatalf("%s was opened", folder)
		}
		if !errors.Is(err, os.ErrPermission) && !errors.Is(err, syscall.EROFS) || !strings.Contains(err.Error(), "right to write") {
			t.Errorf("%v: does not say what to do", err)
		}
	}
}
