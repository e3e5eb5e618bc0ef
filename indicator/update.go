package indicator

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// IndexURL is the index of the public feed
// (https://github.com/mvt-project/mvt-indicators).
const IndexURL = rawGitHub + "/mvt-project/mvt-indicators/main/indicators.yaml"

// rawGitHub serves the files of public repositories as they are.
const rawGitHub = "https://raw.githubusercontent.com"

// What is taken from a feed at most.
const (
	maxIndex    = 4 << 20 // bytes
	maxFetched  = 64 << 20
	maxSources  = 1000
	maxRedirect = 5
	patience    = 2 * time.Minute // for one file
)

// source is an entry of an index. Its type is "github", or "download" with an
// address.
type source struct {
	Type   string `yaml:"type"`
	Name   string `yaml:"name"`
	GitHub struct {
		Owner  string `yaml:"owner"`
		Repo   string `yaml:"repo"`
		Branch string `yaml:"branch"`
		Path   string `yaml:"path"`
	} `yaml:"github"`
	DownloadURL string `yaml:"download_url"`
}

// Change is what an update did to one source.
type Change struct {
	Name       string `json:"name"` // of the file
	Title      string `json:"title"`
	URL        string `json:"url"`
	State      string `json:"state"` // "new", "changed", "same", "kept" (it could not be had, the old one stands), "absent" (and there is no old one)
	Added      int    `json:"added"`
	Removed    int    `json:"removed"`
	Indicators int    `json:"indicators"`
	Refused    int    `json:"refused"`
	Err        string `json:"error,omitempty"`
}

// Update fetches an index and every file that it names, and keeps what is new.
// Whatever goes wrong with one source is in its Change, and what the store had
// of it stays. It is an error when the index itself cannot be had. Only https is
// fetched, and http on loopback. Sources of type "github" come from
// raw.githubusercontent.com; when the index itself is on loopback, from its
// server under the same paths. client may be nil.
func (s *Store) Update(ctx context.Context, index string, client *http.Client) ([]Change, error) {
	own := http.Client{}
	if client != nil {
		own = *client
	}
	own.CheckRedirect = func(r *http.Request, via []*http.Request) error {
		if len(via) >= maxRedirect {
			return fmt.Errorf("more than %d redirects", maxRedirect)
		}
		return checkURL(r.URL, isLoopback(via[0].URL))
	}
	at, err := url.Parse(index)
	if err != nil {
		return nil, err
	}
	if err := checkURL(at, true); err != nil {
		return nil, err
	}
	data, err := fetch(ctx, &own, index, maxIndex)
	if err != nil {
		return nil, err
	}
	sources, err := parseIndex(data)
	if err != nil {
		return nil, fmt.Errorf("index %s: %w", index, err)
	}
	changes := make([]Change, len(sources))
	names := s.names(sources, at)
	for i, src := range sources {
		changes[i] = s.updateOne(ctx, &own, names[i], src, at)
	}
	return changes, ctx.Err()
}

// parseIndex reads an index. A source that is damaged is an error of its own
// later: it has no address.
func parseIndex(data []byte) ([]source, error) {
	var index struct {
		Indicators []yaml.Node `yaml:"indicators"`
	}
	if err := yaml.Unmarshal(data, &index); err != nil {
		return nil, err
	}
	if n := len(index.Indicators); n == 0 || n > maxSources {
		return nil, fmt.Errorf("it names %d sources, and should 1 to %d", n, maxSources)
	}
	sources := make([]source, len(index.Indicators))
	for i, n := range index.Indicators {
		if err := n.Decode(&sources[i]); err != nil {
			sources[i] = source{Name: fmt.Sprintf("line %d of the index", n.Line)}
		}
	}
	return sources, nil
}

// address is where a source is, as of an index at a place.
func (src source) address(index *url.URL) (string, error) {
	if src.Type != "github" {
		if src.DownloadURL == "" {
			return "", fmt.Errorf("source of type %q without an address", src.Type)
		}
		u, err := url.Parse(src.DownloadURL)
		if err != nil {
			return "", err
		}
		return src.DownloadURL, checkURL(u, isLoopback(index))
	}
	base := rawGitHub
	if isLoopback(index) {
		base = index.Scheme + "://" + index.Host
	}
	g := src.GitHub
	for _, part := range strings.Split(g.Owner+"/"+g.Repo+"/"+g.Branch+"/"+g.Path, "/") {
		if part == "" || part == "." || part == ".." {
			return "", fmt.Errorf("no repository, branch and path: %q %q %q %q", g.Owner, g.Repo, g.Branch, g.Path)
		}
		base += "/" + url.PathEscape(part)
	}
	return base, nil
}

// names chooses the files' names: the last part of their addresses, with the
// folder before it when another one has that name.
func (s *Store) names(sources []source, index *url.URL) []string {
	taken := map[string]string{} // name -> address
	for _, c := range s.kept() {
		taken[c.name] = c.url
	}
	names := make([]string, len(sources))
	for i, src := range sources {
		address, err := src.address(index)
		if err != nil {
			continue
		}
		u, _ := url.Parse(address)
		name, parts := "", strings.Split(strings.Trim(u.Path, "/"), "/")
		for j := len(parts) - 1; j >= 0; j-- {
			name = strings.TrimSuffix(parts[j]+"_"+name, "_")
			if owner, used := taken[name]; !used || owner == address {
				break
			}
		}
		if names[i], err = fileName(name); err == nil {
			taken[name] = address
		}
	}
	return names
}

type keptFile struct{ name, url string }

func (s *Store) kept() (all []keptFile) {
	files, err := s.published()
	if err != nil {
		return nil
	}
	origins := s.origins()
	for _, f := range files {
		all = append(all, keptFile{f.Name(), origins[f.Name()].URL})
	}
	return all
}

func (s *Store) updateOne(ctx context.Context, client *http.Client, name string, src source, index *url.URL) Change {
	c := Change{Name: name, Title: src.Name, State: "kept"}
	old, oldErr := os.ReadFile(s.path(name))
	if oldErr != nil || name == "" {
		c.State = "absent"
	}
	fail := func(err error) Change {
		c.Err = err.Error()
		return c
	}
	var err error
	if c.URL, err = src.address(index); err != nil {
		return fail(err)
	}
	if name == "" {
		return fail(fmt.Errorf("%q is no name for a file", path.Base(c.URL)))
	}
	data, err := fetch(ctx, client, c.URL, maxFetched)
	if err != nil {
		return fail(err)
	}
	if oldErr == nil && bytes.Equal(old, data) {
		c.State = "same"
		return c
	}
	r, err := s.add(name, data, origin{src.Name, c.URL})
	if err != nil {
		return fail(err)
	}
	if oldErr == nil {
		c.State = "changed"
	} else {
		c.State = "new"
	}
	c.Added, c.Removed, c.Indicators, c.Refused = r.Added, r.Removed, r.Indicators, len(r.Refused)
	return c
}

// fetch gets one file.
func fetch(ctx context.Context, client *http.Client, address string, limit int64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("User-Agent", "ringfence")
	answer, err := client.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s", address, answer.Status)
	}
	data, err := io.ReadAll(io.LimitReader(answer.Body, limit+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", address, err)
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%s is larger than %d bytes", address, limit)
	}
	return data, nil
}

// checkURL refuses what is neither https nor, where that is allowed, on
// loopback.
func checkURL(u *url.URL, loopback bool) error {
	switch {
	case u.Host == "":
		return fmt.Errorf("%q is no address of the web", u)
	case u.User != nil:
		return errors.New("an address with a password")
	case u.Scheme == "https", u.Scheme == "http" && loopback && isLoopback(u):
		return nil
	}
	return fmt.Errorf("%s is not https", u)
}

func isLoopback(u *url.URL) bool {
	a, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || err == nil && a.IsLoopback()
}
