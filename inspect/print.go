package inspect

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/sip"
)

// Print is a stable name of the program that wrote a SIP request: sip1- and a hash of
// which header fields it writes, in which order and spelling; and, where it has a
// session description, _sdp1- and a hash of which lines and attributes that has, in
// which order. What they say is not in it.
func Print(m *sip.Message) string {
	var b strings.Builder
	last := ""
	for _, f := range m.Fields {
		n := string(f.Name)
		switch strings.ToLower(n) {
		case "via", "v", "record-route", "route", "max-forwards", "authorization", "proxy-authorization":
			continue // proxies add them, and some are there at the second try only
		}
		if n != last {
			b.WriteString(n + "\n")
		}
		last = n
	}
	sum := sha256.Sum256([]byte(b.String()))
	print := "sip1-" + hex.EncodeToString(sum[:6])
	if len(m.Body) > 0 && m.ContentType.Is("application", "sdp") {
		print += "_" + offerPrint(m.Body)
	}
	return print
}

// offerPrint is the part of a print that is of a session description. How many codecs
// and candidates there are is a matter of settings: each name counts once for each
// medium, where it stands first.
func offerPrint(body []byte) string {
	h := sha256.New()
	var seen []string
	for line := range bytes.Lines(body) {
		name, _, _ := bytes.Cut(bytes.TrimRight(line, "\r\n"), []byte(":"))
		if len(name) > 2 && name[0] != 'a' {
			name = name[:2]
		}
		if name = name[:min(len(name), 64)]; bytes.HasPrefix(name, []byte("m=")) {
			seen = seen[:0]
		}
		if len(seen) < 256 && !slices.Contains(seen, string(name)) {
			seen = append(seen, string(name))
			h.Write(name)
			h.Write([]byte("\n"))
		}
	}
	return "sdp1-" + hex.EncodeToString(h.Sum(nil)[:4])
}

// claim is the refusal of an INVITE whose program calls itself by another name
// (User-Agent, RFC 3261 §20.41) than the one that is known to have its print; nil
// where it fits, or where there is nothing to compare. An emulated client gives
// itself away like this (R14), and so does a gateway that keeps the name of the phone
// behind it: it is a hint, and no more.
func claim(m *sip.Message) *wire.Refusal {
	if string(m.Method) != "INVITE" {
		return nil
	}
	for i := range m.Fields {
		f := &m.Fields[i]
		if !strings.EqualFold(string(f.Name), "user-agent") {
			continue
		}
		says := family(string(f.Value))
		if says == "" {
			return nil
		}
		is := family(Program(Print(m)))
		if is == "" || says == is {
			return nil
		}
		return &wire.Refusal{Rule: "R14", Offset: f.Offset, Length: len(f.Name), Clause: "docs/inspect.md, Prints", Policy: true,
			Reason: "a program that calls itself " + says + " and writes as " + is + " does"}
	}
	return nil
}
