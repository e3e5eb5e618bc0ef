package heuristic

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

func init() {
	Register(Heuristic{
		Name:      "h.http_redirect",
		Title:     "Unencrypted pages that led to another site at once",
		Artifacts: []string{"ios.safari_history"},
		Refs: []string{
			"https://www.amnesty.org/en/latest/research/2020/06/moroccan-journalist-targeted-with-network-injection-attacks-using-nso-groups-tools/",
			"https://citizenlab.ca/2023/09/predator-in-the-wires-ahmed-eltantawy-targeted-with-predator-spyware-after-announcing-presidential-ambitions/",
		},
		New: func(acquisition.Device) Watcher {
			h := redirects{}
			return Rule{OnRecord: h.watch, OnEnd: h.end}
		},
	})
}

// redirects gathers visits that went on to another site. One in a hundred
// visits does, so that by itself it says little.
type redirects struct {
	pairs    map[string]int
	ordinary sample
	odd      groups
}

func (h *redirects) watch(r *artifact.Record, _ Report) {
	to := text(r, "redirect_to")
	if to == "" || !strings.HasPrefix(text(r, "url"), "http://") {
		return
	}
	after, known := r.Get("redirect_after").(float64)
	if whole, ok := r.Get("redirect_after").(int64); ok {
		after, known = float64(whole), true
	}
	if known && after >= 0 && after <= 1 && siteOf(hostOf(text(r, "url"))) != siteOf(hostOf(to)) {
		h.judge(r, to)
	}
}

// judge takes a visit that led on within a second.
func (h *redirects) judge(from *artifact.Record, to string) {
	if injected(to) {
		h.odd.add(to, from)
		return
	}
	if h.pairs == nil {
		h.pairs = map[string]int{}
	}
	if len(h.pairs) < maxGroups {
		h.pairs[siteOf(hostOf(text(from, "url")))+" to "+siteOf(hostOf(to))]++
	}
	h.ordinary.add(from)
}

// injected tells whether an address looks like those to which the network
// itself led victims: four labels or more, and a high port.
func injected(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	port, err := strconv.Atoi(u.Port())
	return err == nil && port >= 10000 && strings.Count(u.Hostname(), ".") >= 3 && !strings.ContainsRune(u.Hostname(), ':') && siteOf(u.Hostname()) != u.Hostname()
}

func (h *redirects) end(report Report) {
	h.odd.each(report, func(to string, s *sample) Finding {
		return s.finding(artifact.Medium, fmt.Sprintf("An unencrypted page, %s, led at once to %s", text(s.kept[0], "url"), to),
			"Whoever controls the network can answer in place of an unencrypted page and lead to an attack. The addresses of such attacks had sub-domains of sub-domains and high port numbers, like this one. It shows no infection; let somebody look at the address without opening it.")
	})
	if h.ordinary.n == 0 {
		return
	}
	names := make([]string, 0, len(h.pairs))
	for name := range h.pairs {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if h.pairs[a] != h.pairs[b] {
			return h.pairs[a] - h.pairs[b]
		}
		return strings.Compare(a, b)
	})
	report(h.ordinary.finding(artifact.Low, fmt.Sprintf("%s led to another site within a second, %s; the rarest: %s", counted(h.ordinary.n, "unencrypted page"), counted(len(h.pairs), "pair"), list(names)),
		"Whoever controls the network can answer in place of an unencrypted page and lead to an attack; Pegasus and Predator came like this. Advertisements, shortened links and sites that moved do the same every day, so that only a destination that is suspicious in itself matters."))
}

func hostOf(address string) string {
	_, rest, found := strings.Cut(address, "://")
	if !found {
		return ""
	}
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		rest = rest[:i]
	}
	rest = rest[strings.LastIndexByte(rest, '@')+1:]
	if i := strings.LastIndexByte(rest, ':'); i >= 0 && !strings.HasSuffix(rest, "]") {
		rest = rest[:i]
	}
	return strings.ToLower(rest)
}

// siteOf is about the domain that somebody registered: two labels, and three
// below second levels such as co.uk. An address stays as it is.
func siteOf(host string) string {
	labels := strings.Split(strings.TrimSuffix(host, "."), ".")
	n := len(labels)
	if n <= 2 || strings.Trim(labels[n-1], "0123456789") == "" {
		return host
	}
	keep := 2
	if len(labels[n-1]) == 2 && slices.Contains([]string{"ac", "co", "com", "edu", "gob", "gov", "gouv", "mil", "ne", "net", "or", "org"}, labels[n-2]) {
		keep = 3
	}
	return strings.Join(labels[n-keep:], ".")
}
