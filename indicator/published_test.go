package indicator

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// published are the lists of the public feed, where they are at hand.
func published(t testing.TB) (lists []*List) {
	files, _ := filepath.Glob(filepath.Join("..", "..", "shared", "data", "indicators", "*"))
	for _, f := range files {
		if strings.HasSuffix(f, "indicators.yaml") {
			continue
		}
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		l, err := Parse(filepath.Base(f), data)
		if err != nil {
			t.Fatal(err)
		}
		lists = append(lists, l)
	}
	if len(lists) == 0 {
		t.Skip("the published lists are not at hand")
	}
	return lists
}

func TestPublishedListsMatchTheirOwn(t *testing.T) {
	b := NewBuilder()
	all, refused := 0, 0
	var used []Indicator
	for _, l := range published(t) {
		for _, r := range l.Refused {
			t.Logf("not read: %+v", r)
		}
		for _, ind := range l.Indicators {
			all++
			if err := b.Add(ind); err != nil {
				refused++
				t.Logf("refused: %s %s %s: %v", ind.Source, ind.Type, ind.Value, err)
				continue
			}
			used = append(used, ind)
		}
	}
	s := b.Set()
	t.Logf("%d indicators, %d refused, %d in the set (the others were there), %d bytes each", all, refused, s.Len(), s.size()/s.Len())
	if refused > all/100 {
		t.Errorf("%d of %d published indicators are refused", refused, all)
	}
	for _, ind := range used {
		o := Observable{ind.Type, ind.Value}
		if strings.Contains(ind.Value, "://") {
			o.Type = URL
		} else if ind.Type == Domain || ind.Type == IPv4 {
			o = Observable{URL, "https://user:pw@" + strings.ToUpper(strings.TrimSuffix(ind.Value, "/")) + "/"}
			if host, rest, ok := strings.Cut(ind.Value, "/"); ok {
				o.Value = "https://" + host + ":443/" + rest
			}
		}
		if found := s.Match(nil, []Observable{o}); len(found) == 0 {
			t.Errorf("%s %s of %s does not match %s", ind.Type, ind.Value, ind.Source, o.Value)
		}
	}
}
