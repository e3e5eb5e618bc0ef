package jingle

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/ringfence/ringfence/wire"
)

// The examples of the specifications. They stand beside the project and not in
// it.
const examples = "../../../shared/data/corpora/jingle/*.xml"

// Each example is read, or refused by policy. The specification is broken only
// where an example really is not XML.
func TestExamplesOfTheSpecifications(t *testing.T) {
	files, err := filepath.Glob(examples)
	if err != nil || len(files) == 0 {
		t.Skip("MISSING: no examples of the specifications in " + examples + "; nothing is tested against them")
	}
	read, refused := 0, 0
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		base := filepath.Base(file)
		s, err := Parse(b)
		if err == nil {
			read++
			t.Logf("%-72s read, dropped %q", base, s.Dropped)
			fixedPoint(t, s)
			continue
		}
		refused++
		var no *wire.Refusal
		if !errors.As(err, &no) {
			t.Fatalf("%s: %v is no refusal", base, err)
		}
		t.Logf("%-72s %s policy %v: %v", base, no.Rule, no.Policy, no)
		if !no.Policy && wellFormed(b) == nil {
			t.Errorf("%s: %v, and it is well-formed", base, err)
		}
	}
	t.Logf("%d read, %d refused", read, refused)
	if read < 100 {
		t.Errorf("%d of %d examples are read, want 100", read, len(files))
	}
}

// fixedPoint demands that what is written is read as what it was written from.
func fixedPoint(t *testing.T, s *Stanza) {
	t.Helper()
	once := s.AppendTo(nil)
	again, err := Parse(once)
	if err != nil {
		t.Fatalf("%s: %v", once, err)
	}
	if twice := again.AppendTo(nil); !bytes.Equal(once, twice) {
		t.Fatalf("not a fixed point:\n%s\n%s", once, twice)
	}
	if len(again.Dropped) > 0 {
		t.Errorf("%s: written and dropped: %q", once, again.Dropped)
	}
}

// wellFormed asks the parser of the standard library for one element with
// nothing but white space around it.
func wellFormed(b []byte) error {
	d, depth, roots := xml.NewDecoder(bytes.NewReader(b)), 0, 0
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) && roots == 1 {
			return nil
		}
		if err != nil {
			return err
		}
		switch token.(type) {
		case xml.StartElement:
			if depth++; depth == 1 {
				roots++
			}
		case xml.EndElement:
			depth--
		}
		if roots > 1 {
			return errors.New("more than one element")
		}
	}
}
