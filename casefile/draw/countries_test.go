package draw

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/text/language"
)

// Every country of ISO 3166-1 has a tile of its own.
func TestEveryCountryHasATile(t *testing.T) {
	seen, at := map[string]bool{}, map[[2]int]bool{}
	for _, p := range places {
		if seen[p.code] || at[[2]int{p.x, p.y}] {
			t.Errorf("%s has two tiles, or shares one", p.code)
		}
		seen[p.code], at[[2]int{p.x, p.y}] = true, true
		if r, err := language.ParseRegion(p.code); err != nil || !r.IsCountry() {
			t.Errorf("%s is no country", p.code)
		}
	}
	// Codes that are reserved, withdrawn or private are no countries of today.
	old := "AC AN BU CP CQ CS CT DD DG DY EA EU EZ FQ FX HV IC JT MI NH NQ NT PC PU PZ RH SU TA TP UK UN VD WK YD YU ZR QO"
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			code := string(a) + string(b)
			r, err := language.ParseRegion(code)
			if err == nil && r.IsCountry() && r.String() == code && !seen[code] && !strings.Contains(old, code) {
				t.Errorf("%s has no tile", code)
			}
		}
	}
}

// A count below the threshold is nowhere, and cannot be worked out from the sum.
func TestFewAreHidden(t *testing.T) {
	c := Countries{Head: Head{Title: "t"}, Counts: map[string]int{"MX": 456, "IN": 100, "BH": 3, "QQ": 4, "FR": -1}, Threshold: 10}
	for _, b := range [][]byte{c.SVG("x"), c.Table()} {
		for _, n := range []string{">3<", ">4<", ": 3", ": 4"} {
			if bytes.Contains(b, []byte(n+"<")) || bytes.Contains(b, []byte(n)) && strings.HasPrefix(n, ">") {
				t.Errorf("%q is shown", n)
			}
		}
		if bytes.Contains(b, []byte("100")) {
			t.Error("the smallest count is shown although three hidden people could be worked out from the sum")
		}
		if !bytes.Contains(b, []byte("&lt;10")) || !bytes.Contains(b, []byte("456")) {
			t.Error("what may be shown is not")
		}
	}
	// Which of the hidden has more is in no byte: counts changed within the hidden give the same.
	d := c
	d.Counts = map[string]int{"MX": 456, "IN": 100, "BH": 1, "QQ": 2}
	if !bytes.Equal(c.SVG("x"), d.SVG("x")) || !bytes.Equal(c.Table(), d.Table()) {
		t.Error("hidden counts change the figure")
	}
	for n := range 200 {
		c.Counts = map[string]int{"MX": n, "IN": n / 2, "BH": n / 3}
		for _, s := range c.shown() {
			if !s.few && !s.withheld && s.n < c.Threshold {
				t.Fatal(fmt.Sprint("shown: ", s))
			}
		}
	}
}
