package document

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// tool runs one of the programs of poppler on a PDF.
func tool(t *testing.T, pdf []byte, name string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s IS MISSING: what was printed was not looked at; install poppler-utils", name)
		}
		t.Skipf("%s IS MISSING: what was printed was NOT looked at; install poppler-utils", name)
	}
	file := filepath.Join(t.TempDir(), "x.pdf")
	if err := os.WriteFile(file, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(path, append(append(args, file), map[string][]string{"pdftotext": {"-"}}[name]...)...).Output()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return string(out)
}

var pagesForm = regexp.MustCompile(`Pages:\s+(\d+)`)

func printAll(t *testing.T, name string) ([]byte, int, string) {
	t.Helper()
	pdf, err := PDF(t.Context(), []byte(render(t, sample(t))[name]))
	if errors.Is(err, ErrNoChromium) && os.Getenv("CI") != "true" {
		t.Skip("CHROMIUM IS MISSING: nothing was printed; install chromium and test again")
	}
	if err != nil {
		t.Fatal(err)
	}
	if dir := os.Getenv("RINGFENCE_SAMPLE"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, name+".pdf"), pdf, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	info := tool(t, pdf, "pdfinfo")
	m := pagesForm.FindStringSubmatch(info)
	if m == nil {
		t.Fatalf("pdfinfo says\n%s", info)
	}
	n, _ := strconv.Atoi(m[1])
	return pdf, n, info
}

func TestPDF(t *testing.T) {
	pdf, pages, info := printAll(t, "case-file.html")
	if pages < 2 || !regexp.MustCompile(`Tagged:\s+yes`).MatchString(info) {
		t.Errorf("%d pages:\n%s", pages, info)
	}
	text := tool(t, pdf, "pdftotext", "-layout")
	for _, want := range []string{"Calls of May", "What we do not know", "Claims and what they rest on", "Redaction log"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in the text", want)
		}
	}
	// Arabic, whose letters are joined and run from right to left, is text again.
	// Programs differ in where they put the spaces and marks.
	if !strings.Contains(text, "المستهدفات") {
		t.Error("the Arabic word is not in the text")
	}
}

// Whoever holds one page of a draft sees that it is one.
func TestEveryPageOfADraftIsMarked(t *testing.T) {
	pdf, pages, _ := printAll(t, "certificates.html")
	for n := 1; n <= pages; n++ {
		page := strconv.Itoa(n)
		if text := tool(t, pdf, "pdftotext", "-f", page, "-l", page); !strings.Contains(text, "Draft. No legal advice.") {
			t.Errorf("page %d of %d is not marked:\n%.300s", n, pages, text)
		}
	}
	if pages <= len(sample(t).Exhibits) {
		t.Errorf("%d pages for %d exhibits", pages, len(sample(t).Exhibits))
	}
}

func TestPDFWithoutChromium(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if b, err := PDF(t.Context(), []byte("<p>")); !errors.Is(err, ErrNoChromium) || bytes.Contains(b, []byte("PDF")) {
		t.Errorf("%v", err)
	}
}
