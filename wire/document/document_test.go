package document

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	for _, good := range []string{
		`{"account":"x","nonce":"y"}`, `{}`, `{"keys":["a","b"],"fallback_key":{"key":"k","signature":"s"}}`, " {\"a\": 1}\n", `{"a":{"x":1},"b":{"x":1}}`, `null`,
	} {
		if err := Check([]byte(good)); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for name, bad := range map[string]string{
		"a key twice": `{"a":1,"a":2}`, "twice, once escaped": `{"a":1,"\u0061":2}`, "twice, deep": `{"x":[{"a":1,"a":1}]}`, "capitals": `{"Account":"x"}`,
		"two documents": `{"a":1}{"a":1}`, "something behind": `{"a":1}x`, "byte order mark": "\xef\xbb\xbf{}", "not UTF-8": "{\"a\":\"\xff\"}", "empty": "", "half": `{"a":`,
		"a comma": `{"a":1,}`, "empty key": `{"":1}`, "too deep": strings.Repeat(`{"a":`, 20) + "1" + strings.Repeat("}", 20), "unended": `[[`, "wrong end": `{"a":1]`,
	} {
		if err := Check([]byte(bad)); err == nil {
			t.Errorf("%s: %s was accepted", name, bad)
		}
	}
}

func FuzzCheck(f *testing.F) {
	f.Add([]byte(`{"account":"x","nonce":["y",{"z":1}]}`))
	f.Add([]byte(`{"a":1,"a":2}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if Check(b) == nil && !json.Valid(b) {
			t.Fatalf("%q was accepted and is not JSON", b)
		}
	})
}
