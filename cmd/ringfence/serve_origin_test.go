package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/internal/load"
	"github.com/ringfence/ringfence/store"
	"github.com/ringfence/ringfence/wire/call"
)

// database writes an address database for IPv6, in which IPv4 stands at ::/96, by
// https://maxmind.github.io/MaxMind-DB/: nodes of two records of 32 bits, sixteen
// zero bytes, data, metadata.
func database(t *testing.T, entries map[string]map[string]any) string {
	t.Helper()
	var data bytes.Buffer
	type node [2]int // < 0: data at -1-n; 0: nothing
	tree := []node{{}}
	for _, prefix := range slices.Sorted(maps.Keys(entries)) {
		p := netip.MustParsePrefix(prefix)
		bits, ip := p.Bits(), p.Addr().As16()
		if p.Addr().Is4() {
			four := p.Addr().As4()
			bits, ip = 96+bits, [16]byte{12: four[0], 13: four[1], 14: four[2], 15: four[3]}
		}
		at := 0
		for i := range bits {
			side := ip[i/8] >> (7 - i%8) & 1
			if i == bits-1 {
				tree[at][side] = -1 - data.Len()
				break
			}
			if tree[at][side] == 0 {
				tree = append(tree, node{})
				tree[at][side] = len(tree) - 1
			}
			at = tree[at][side]
		}
		put(&data, entries[prefix])
	}
	var out bytes.Buffer
	for _, n := range tree {
		for _, to := range n {
			switch {
			case to == 0:
				to = len(tree)
			case to < 0:
				to = len(tree) + 16 + (-1 - to)
			}
			out.Write(binary.BigEndian.AppendUint32(nil, uint32(to)))
		}
	}
	out.Write(make([]byte, 16))
	out.Write(data.Bytes())
	out.WriteString("\xab\xcd\xefMaxMind.com")
	put(&out, map[string]any{
		"binary_format_major_version": 2, "binary_format_minor_version": 0, "build_epoch": 1, "database_type": "test",
		"ip_version": 6, "node_count": len(tree), "record_size": 32, "description": map[string]any{}, "languages": []any{},
	})
	path := filepath.Join(t.TempDir(), "test.mmdb")
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// put writes a value: its type and length, and then itself.
func put(to *bytes.Buffer, v any) {
	switch v := v.(type) {
	case string:
		to.WriteByte(2<<5 | byte(len(v)))
		to.WriteString(v)
	case int:
		to.WriteByte(6<<5 | 4)
		to.Write(binary.BigEndian.AppendUint32(nil, uint32(v)))
	case []any:
		to.Write([]byte{byte(len(v)), 11 - 7})
	case map[string]any:
		to.WriteByte(7<<5 | byte(len(v)))
		for _, name := range slices.Sorted(maps.Keys(v)) {
			put(to, name)
			put(to, v[name])
		}
	}
}

func TestLocate(t *testing.T) {
	asn := database(t, map[string]map[string]any{
		"192.0.2.0/24": {"autonomous_system_number": 64500, "autonomous_system_organization": "Example"}, "2001:db8::/32": {"autonomous_system_number": 64501},
	})
	country := database(t, map[string]map[string]any{"192.0.2.0/25": {"country": map[string]any{"iso_code": "FR"}}, "192.0.2.128/25": {"country": map[string]any{"iso_code": "fr"}}})
	flat := database(t, map[string]map[string]any{"198.51.100.0/24": {"country": "India", "country_code": "IN", "asn": "AS64502"}, "203.0.113.0/24": {"asn": "nothing"}})
	all, err := openAddressDatabases([]string{asn, country, flat})
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{
		"192.0.2.1": "AS64500 FR", "192.0.2.200": "AS64500 ", "2001:db8::1": "AS64501 ", "198.51.100.7": "AS64502 IN", "203.0.113.1": " ", "127.0.0.1": " ", "::1": " ",
	} {
		if o := all.locate(netip.MustParseAddr(address)); o.Network+" "+o.Country != want {
			t.Errorf("%s: %+v, not %s", address, o, want)
		}
	}
	broken := filepath.Join(t.TempDir(), "broken.mmdb")
	if err := os.WriteFile(broken, []byte("no database"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{broken, broken + "-not-there"} {
		if _, said, code := commandLine(t, "serve", "--data", t.TempDir(), "--address-database", path); code != exitUsage || !strings.Contains(said, "--address-database") {
			t.Errorf("exit %d: %s", code, said)
		}
	}
}

// awaitMessage reads until a message of a type comes.
func awaitMessage(t *testing.T, s *load.Socket, kind byte) {
	t.Helper()
	for {
		b, err := s.Read(nil)
		if err != nil {
			t.Fatal(err)
		}
		if b[0] == kind {
			return
		}
	}
}

// TestOrigin has one account knock at another, over loopback, of which a database
// says where it is.
func TestOrigin(t *testing.T) {
	loop := database(t, map[string]map[string]any{"127.0.0.0/8": {"autonomous_system_number": 64500, "country": map[string]any{"iso_code": "FR"}}})
	data := filepath.Join(t.TempDir(), "data")
	said, stop := serving(t, data, "--open", "--address-database", loop)
	_, after, _ := strings.Cut(said.String(), "messenger  ")
	server := strings.TrimSuffix(strings.Fields(after)[0], "/")
	server = strings.Replace(server, "localhost", "127.0.0.1", 1)
	var knocker *load.Account
	var asked *load.Socket
	for i := range 2 {
		a, err := load.Register(server, "", fmt.Sprint("origin_", i))
		if err != nil {
			t.Fatal(err)
		}
		if asked, err = a.Connect(); err != nil {
			t.Fatal(err)
		}
		defer asked.Close()
		awaitMessage(t, asked, call.TypeWelcome)
		if i == 0 {
			knocker = a
		}
	}
	r, err := http.NewRequest("POST", server+"/v1/knock", strings.NewReader(`{"name":"origin_1"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+base64.RawURLEncoding.EncodeToString(knocker.Session))
	answer, err := http.DefaultClient.Do(r)
	if err != nil || answer.StatusCode != http.StatusAccepted {
		t.Fatal(answer, err)
	}
	answer.Body.Close()
	awaitMessage(t, asked, call.TypeNotice) // which comes after the record
	stop()
	s, err := store.Open(data, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	n := 0
	err = s.Records(t.Context(), func(r store.Record) error {
		n++
		b, err := json.Marshal(r)
		if text := string(b); !strings.Contains(text, `"caller_network":"AS64500","caller_country":"FR","callee_country":"FR"`) || !strings.Contains(text, `"contact":false,"caller_age_days":0,"rules":["knock"]`) || strings.Contains(text, `"caller_print":null,"caller_version":null`) {
			t.Errorf("%s", text)
		}
		return err
	})
	if err != nil || n != 1 {
		t.Errorf("%d records, %v", n, err)
	}
}
