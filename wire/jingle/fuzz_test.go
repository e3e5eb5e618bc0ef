package jingle

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/wire"
)

func seed(f *testing.F) {
	f.Add([]byte(offer))
	for _, text := range canonical {
		f.Add([]byte(text))
	}
	files, err := filepath.Glob(examples)
	if err != nil || len(files) == 0 {
		f.Log("MISSING: no examples of the specifications in " + examples + "; they are no seeds")
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
}

// FuzzParse demands of any input that it is read to a fixed point, or refused
// with a place within it, in a time that its size bounds.
func FuzzParse(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		start := time.Now()
		s, err := Parse(b)
		if d := time.Since(start); d > time.Second {
			t.Fatalf("%d bytes took %v", len(b), d)
		}
		if err == nil {
			fixedPoint(t, s)
			return
		}
		var no *wire.Refusal
		if !errors.As(err, &no) || s != nil {
			t.Fatalf("%v is no refusal, or comes with %v", err, s)
		}
		if no.Offset < 0 || no.Length < 0 || no.Offset+no.Length > len(b) || no.Clause == "" || no.Reason == "" {
			t.Fatalf("%+v does not say what is wrong where in %d bytes", no, len(b))
		}
	})
}

// FuzzAgainstStandardLibrary demands that what our XML takes, that of the
// standard library takes, too, and reads the same in it.
func FuzzAgainstStandardLibrary(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		ours, err := events(b)
		if err != nil {
			return
		}
		theirs, err := standardEvents(b)
		if err != nil {
			t.Fatalf("%q: we take what the standard library refuses: %v", b, err)
		}
		if !slices.Equal(ours, theirs) {
			t.Fatalf("%q is read as\n%q\nby us, and as\n%q\nby the standard library", b, ours, theirs)
		}
	})
}

// events are the elements, attributes and texts in their order.
func events(b []byte) (all []string, err error) {
	s := &scanner{b: b}
	for {
		t, err := s.next()
		switch {
		case err != nil:
			return nil, err
		case t.kind == finished:
			return all, nil
		case t.kind == startTag:
			var list []string
			for _, a := range t.attributes {
				list = append(list, fmt.Sprintf("%s=%q", a.name, a.value))
			}
			all = append(all, start(t.name, list))
		case t.kind == endTag:
			all = append(all, "end "+t.name.String())
		case t.kind == characters:
			all = append(all, "text "+string(t.text))
		}
	}
}

func start(n name, attributes []string) string {
	slices.Sort(attributes)
	return "start " + n.String() + " " + strings.Join(attributes, " ")
}

func standardEvents(b []byte) (all []string, err error) {
	d, depth := xml.NewDecoder(bytes.NewReader(b)), 0
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		switch token := token.(type) {
		case xml.StartElement:
			depth++
			var list []string
			for _, a := range token.Attr {
				if a.Name.Space != "xmlns" && a.Name != (xml.Name{Local: "xmlns"}) {
					list = append(list, fmt.Sprintf("%s=%q", name{a.Name.Space, a.Name.Local}, a.Value))
				}
			}
			all = append(all, start(name{token.Name.Space, token.Name.Local}, list))
		case xml.EndElement:
			depth--
			all = append(all, "end "+name{token.Name.Space, token.Name.Local}.String())
		case xml.CharData:
			if depth > 0 && len(token) > 0 {
				all = append(all, "text "+string(token))
			}
		default:
			return nil, fmt.Errorf("%T", token)
		}
	}
}

// pathological are inputs of the largest size that are made to take long.
func pathological() map[string]string {
	fill := func(head, unit, tail string) string {
		return head + strings.Repeat(unit, (maxStanza-len(head)-len(tail))/len(unit)) + tail
	}
	const end = `</text></reason></jingle></iq>`
	text := `<iq id="q" type="set"><jingle ` + jingleNS + ` action="session-terminate" sid="s"><reason><busy/><text>`
	return map[string]string{
		"references":                 fill(text, "&amp;", end),
		"ampersands":                 fill(text, "&amp", end),
		"almost the end of CDATA":    fill(text, "]]", end),
		"texts":                      fill(text, "a<b/>", end),
		"deep":                       fill("", "<a>", ""),
		"wide":                       fill("<a>", "<a/>", "</a>"),
		"attributes":                 fill("<a ", `b="" `, "/>"),
		"declarations":               `<iq ` + many(`xmlns:a%d="urn:x" `, 32) + strings.Repeat(`><b `+many(`xmlns:a%d="urn:x" `, 32), 14) + `/>`,
		"prefixes":                   `<iq ` + many(`xmlns:a%d="urn:x" `, 32) + `>` + strings.Repeat(`<a0:b `+many(`a%d:c%[1]d="" `, 31)+`/>`, 110) + `</iq>`,
		"prefixes from far out":      `<iq ` + many(`xmlns:a%d="urn:x" `, 32) + strings.Repeat(`><b `+many(`xmlns:b%d="urn:x" `, 32), 13) + `>` + strings.Repeat(`<a0:b `+many(`a%d:c%[1]d="" `, 31)+`/>`, 110),
		"names beyond the model":     `<message>` + many(`<a%d xmlns="urn:x"/>`, 500) + `</message>`,
		"attributes of many":         `<message>` + strings.Repeat(`<a xmlns="urn:x" `+many(`b%d="" `, 31)+`/>`, 200) + `</message>`,
		"contents":                   step(`content-remove`, many(`<content creator="initiator" name="%d"/>`, 500)),
		"payload types":              description(many(`<payload-type id="%d"/>`, 500)),
		"digits":                     description(`<payload-type id="` + strings.Repeat("1", 60000) + `"/>`),
		"one name":                   fill("<", "a", "/>"),
		"one value":                  fill(`<iq id="`, "a", `" type="result"/>`),
		"white space":                fill("", " ", `<iq id="q" type="result"/>`),
		"bytes that are no UTF-8":    fill(`<iq id="`, "\xff", `"/>`),
		"labels":                     fill(`<iq from="`, "a.", `a" id="q" type="result"/>`),
		"pairs of a fingerprint":     transport(`<fingerprint ` + dtlsNS + ` hash="sha-256" setup="active">` + strings.Repeat("AA:", 20000) + `</fingerprint>`),
		"all that an offer may have": offer + strings.Repeat(" ", maxStanza-len(offer)),
	}
}

// What a stanza costs is bounded by its size: 64 KiB take at most 2 MiB and
// 20,000 pieces of memory.
func TestCost(t *testing.T) {
	for name, text := range pathological() {
		if len(text) > maxStanza {
			t.Errorf("%s: %d bytes are more than a stanza may have", name, len(text))
		}
		const runs = 10
		b := []byte(text)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		begin := time.Now()
		for range runs {
			_, _ = Parse(b)
		}
		took := time.Since(begin) / runs
		runtime.ReadMemStats(&after)
		size, pieces := (after.TotalAlloc-before.TotalAlloc)/runs, (after.Mallocs-before.Mallocs)/runs
		t.Logf("%-28s %6d bytes: %8v, %8d bytes in %6d pieces", name, len(b), took, size, pieces)
		if size > 2<<20 || pieces > 20_000 {
			t.Errorf("%s: %d bytes in %d pieces", name, size, pieces)
		}
	}
}
