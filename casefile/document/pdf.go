package document

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// ErrNoChromium says that there is no browser to print with. The case file is whole
// without: its HTML prints from any browser.
var ErrNoChromium = errors.New("no Chromium, Chrome or Edge is on the path; print case-file.html from a browser instead")

// Bounds of PDF, in bytes.
const (
	maxHTML = 256 << 20
	maxPDF  = 1 << 30
)

// PDF prints a document that Render made, by a browser that is on the path. The
// browser has a folder of its own, which is gone afterwards, and no network. The
// bytes differ from one time to the next: a PDF has the time at which it was made.
func PDF(ctx context.Context, html []byte) ([]byte, error) {
	program := chromium()
	if program == "" {
		return nil, ErrNoChromium
	}
	if len(html) > maxHTML {
		return nil, fmt.Errorf("a document of %d bytes is too long to print, at most %d", len(html), maxHTML)
	}
	dir, err := os.MkdirTemp("", "ringfence-print-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	page, out := filepath.Join(dir, "page.html"), filepath.Join(dir, "page.pdf")
	if err := os.WriteFile(page, html, 0o600); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, program, printing(dir, page, out)...)
	cmd.Env = append(os.Environ(), "HOME="+dir, "TMPDIR="+dir, "XDG_CONFIG_HOME="+dir, "XDG_CACHE_HOME="+dir)
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("printing by %s: %w", filepath.Base(program), errors.Join(err, ctx.Err()))
	}
	return printed(out)
}

func printed(path string) ([]byte, error) {
	s, err := os.Stat(path)
	if err != nil {
		return nil, errors.New("printing: the browser ended and wrote no PDF; print case-file.html from a browser instead")
	}
	if s.Size() > maxPDF {
		return nil, fmt.Errorf("printing: a PDF of %d bytes, at most %d", s.Size(), maxPDF)
	}
	b, err := os.ReadFile(path)
	if err == nil && !bytes.HasPrefix(b, []byte("%PDF-")) {
		err = errors.New("printing: what the browser wrote is no PDF")
	}
	return b, err
}

func chromium() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge", "microsoft-edge"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// printing are the arguments. Names resolve to nothing and every connection goes to
// a proxy that is not there, beside the policy in the document itself.
func printing(dir, page, out string) []string {
	args := []string{"--headless", "--user-data-dir=" + filepath.Join(dir, "profile"), "--print-to-pdf=" + out, "--no-pdf-header-footer", "--generate-pdf-document-outline",
		"--host-resolver-rules=MAP * ~NOTFOUND", "--proxy-server=socks5://127.0.0.1:1", "--proxy-bypass-list=<-loopback>",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions", "--disable-breakpad", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--no-default-browser-check"}
	if os.Geteuid() == 0 {
		args = append(args, "--no-sandbox") // it does not start as root otherwise
	}
	path := filepath.ToSlash(page)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // C:/
	}
	return append(args, (&url.URL{Scheme: "file", Path: path}).String())
}
