package ios

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/acquisition/plist"
	"github.com/ringfence/ringfence/artifact"
)

var errNoList = errors.New("no list where one belongs")

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "ios.webkit_session_resource_log",
		Title: "Sites that WebKit loaded, and where they redirected to",
		Kinds: inPhone,
		Paths: []string{"**/full_browsing_session_resourceLog.plist"},
		Refs:  []string{"https://docs.mvt.re/en/latest/ios/records/", "https://webkit.org/tracking-prevention/"},
		Until: "iOS 14",
		Fields: [][2]string{
			{"origin", "the site"}, {"last_seen", "when it was last loaded"}, {"user_interaction", "somebody touched the page"},
			{"interacted", "when somebody last did"}, {"redirects_from", "sites that led to it, with commas"}, {"redirects_to", "sites that it led to, with commas"},
			{"under", "sites that it was part of, with commas"},
		},
		Parse: sessionResources,
	})
}

func sessionResources(s *artifact.Source, to *artifact.Sink) error {
	d, err := dictionary(s)
	if err != nil {
		return err
	}
	statistics, _ := d["browsingStatistics"].([]any)
	for i, v := range statistics {
		site, ok := v.(plist.Dict)
		if !ok {
			to.Damage(fmt.Sprintf("browsingStatistics %d", i), errNoDictionary)
			continue
		}
		sessionResource(site, to)
	}
	return nil
}

func sessionResource(site plist.Dict, to *artifact.Sink) {
	seen := sessionTime(site["lastSeen"])
	r := to.Record(artifact.Visited, seen)
	origin := firstText(site, "PrevalentResourceOrigin", "PrevalentResourceDomain", "prevalentResourceOrigin", "prevalentResourceDomain")
	r.Set("origin", origin)
	r.Set("last_seen", seen)
	if v, ok := site["hadUserInteraction"]; ok {
		r.Set("user_interaction", numberOf(v) != 0)
	}
	r.Set("interacted", sessionTime(site["mostRecentUserInteraction"]))
	observeSite(r, origin)
	var from, into, under []string
	for _, k := range sortedKeys(site) {
		switch sites := origins(site[k]); {
		case strings.HasSuffix(k, "RedirectsFrom"):
			from = append(from, sites...)
		case strings.HasSuffix(k, "RedirectsTo"):
			into = append(into, sites...)
		default:
			under = append(under, sites...)
		}
	}
	r.Set("redirects_from", strings.Join(from, ", "))
	r.Set("redirects_to", strings.Join(into, ", "))
	r.Set("under", strings.Join(under, ", "))
	for _, o := range slices.Concat(from, into, under) {
		observeSite(r, o)
	}
	to.Emit()
}

func origins(v any) (sites []string) {
	list, _ := v.([]any)
	for _, e := range list {
		d, _ := e.(plist.Dict)
		if s := firstText(d, "origin", "domain"); s != "" {
			sites = append(sites, s)
		}
	}
	return sites
}

func observeSite(r *artifact.Record, origin string) {
	if strings.Contains(origin, "://") {
		r.Link(origin)
	} else {
		r.Host(origin)
	}
}

// sessionTime is a date, or seconds since 1970 as WebKit counts.
func sessionTime(v any) time.Time {
	switch v := v.(type) {
	case time.Time:
		return v
	case float64:
		return unixTime(v)
	case int64:
		return unixTime(float64(v))
	}
	return time.Time{}
}
