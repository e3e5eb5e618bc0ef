package document

import (
	"encoding/json"
	"strings"
	"testing"
)

// nodes walks a JSON-LD document: which nodes it has, to which it refers, and which
// prefixes it uses.
func nodes(v any, have, refer, prefix map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		if id, ok := v["@id"].(string); ok {
			if len(v) > 1 {
				have[id] = true
			} else {
				refer[id] = true
			}
		}
		for k, one := range v {
			if p, _, ok := strings.Cut(k, ":"); ok {
				prefix[p] = true
			}
			if s, ok := one.(string); ok && k == "@type" {
				p, _, _ := strings.Cut(s, ":")
				prefix[p] = true
			}
			nodes(one, have, refer, prefix)
		}
	case []any:
		for _, one := range v {
			nodes(one, have, refer, prefix)
		}
	}
}

func TestCASE(t *testing.T) {
	for _, s := range []Source{sample(t), forEverybody(t)} {
		var doc struct {
			Context map[string]string `json:"@context"`
			Graph   []any             `json:"@graph"`
		}
		if err := json.Unmarshal([]byte(render(t, s)["case.jsonld"]), &doc); err != nil {
			t.Fatal(err)
		}
		have, refer, prefix := map[string]bool{}, map[string]bool{}, map[string]bool{}
		nodes(doc.Graph, have, refer, prefix)
		for id := range refer {
			if !have[id] {
				t.Errorf("%s: %s leads nowhere", s.Edition, id)
			}
		}
		for p := range prefix {
			if doc.Context[p] == "" {
				t.Errorf("%s: the prefix %q is not said", s.Edition, p)
			}
		}
		files, acts := 0, 0
		for _, n := range doc.Graph {
			switch n.(map[string]any)["@type"] {
			case "uco-observable:File":
				files++
			case "case-investigation:InvestigativeAction":
				acts++
			}
		}
		if files != len(s.Exhibits) || acts != len(s.Entries) {
			t.Errorf("%s: %d files of %d exhibits, %d acts of %d entries", s.Edition, files, len(s.Exhibits), acts, len(s.Entries))
		}
	}
}
