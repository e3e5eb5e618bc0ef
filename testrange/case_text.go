package testrange

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/ringfence/ringfence/wire"
)

func init() {
	Register(Case{
		ID: "text.two-readings", Title: "Requests that two programs would read differently: a key twice, a key in capitals, a second document",
		Rules: []string{"R17"}, Row: "23, 57", Barriers: []string{"R17"}, Run: twoReadings,
	})
	Register(Case{
		ID: "people.exist", Title: "Knocks at a name that exists and at one that does not, to tell one from the other",
		Rules: []string{"R21"}, Row: "18, Careless Whisper", Barriers: []string{"R21"}, Run: whoExists,
	})
	Register(Case{
		ID: "knock.text", Title: "A knock that carries text and markup instead of a name",
		Rules: []string{"R7"}, Row: "8, 27", Barriers: []string{"R7"}, Run: knockWithText,
	})
}

// post sends JSON as somebody, or as nobody, and returns the status and body.
func (s *Stage) post(ctx context.Context, path string, as *Person, body string) (int, string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url(path), strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Content-Type", "application/json")
	if as != nil {
		req.Header.Set("Authorization", "Bearer "+b64.EncodeToString(as.SessionToken()))
	}
	resp, err := s.http.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	return resp.StatusCode, string(bytes.TrimSpace(b)), err
}

func twoReadings(ctx context.Context, s *Stage) (Outcome, error) {
	var one, two wire.ID
	rand.Read(one[:])
	rand.Read(two[:])
	if code, _, err := s.post(ctx, "/v1/session/challenge", nil, fmt.Sprintf(`{"account":%q}`, one)); err != nil || code != http.StatusOK {
		return Outcome{}, orElse(err, fmt.Sprintf("an honest request was answered %d", code))
	}
	bodies := []string{
		fmt.Sprintf(`{"account":%q,"account":%q}`, one, two),
		fmt.Sprintf(`{"ACCOUNT":%q}`, one),
		fmt.Sprintf(`{"account":%q}{"account":%q}`, one, two),
		"\xef\xbb\xbf" + fmt.Sprintf(`{"account":%q}`, one),
	}
	for _, body := range bodies {
		code, _, err := s.post(ctx, "/v1/session/challenge", nil, body)
		if err != nil {
			return Outcome{}, err
		}
		if code < 300 {
			return through("%s was taken (%d)", body, code)
		}
	}
	return refused("none of %d was taken", len(bodies))
}

func whoExists(ctx context.Context, s *Stage) (Outcome, error) {
	p, err := s.pair(ctx, 0)
	if err != nil {
		return Outcome{}, err
	}
	third, err := s.stranger(ctx)
	if err != nil {
		return Outcome{}, err
	}
	var tail [6]byte
	rand.Read(tail[:])
	there, first, err := s.post(ctx, "/v1/knock", third, fmt.Sprintf(`{"name":%q}`, p.callee.Name))
	if err != nil {
		return Outcome{}, err
	}
	gone, second, err := s.post(ctx, "/v1/knock", third, fmt.Sprintf(`{"name":"nobody_%s"}`, hex.EncodeToString(tail[:])))
	if err != nil {
		return Outcome{}, err
	}
	if there != http.StatusAccepted {
		return Outcome{}, fmt.Errorf("an honest knock was answered %d %s", there, first)
	}
	if there != gone || first != second {
		return through("a name that exists: %d %q, one that does not: %d %q", there, first, gone, second)
	}
	return refused("both answered %d, with the same body", there)
}

func knockWithText(ctx context.Context, s *Stage) (Outcome, error) {
	p, err := s.pair(ctx, 0)
	if err != nil {
		return Outcome{}, err
	}
	for _, name := range []string{`<b>call me</b>`, "bank\\u202e", "a b c d", "ALICE", strings.Repeat("x", 400)} {
		code, _, err := s.post(ctx, "/v1/knock", p.caller, `{"name":"`+name+`"}`)
		if err != nil {
			return Outcome{}, err
		}
		if code < 300 {
			return through("a knock for %q was taken (%d)", name, code)
		}
	}
	return refused("none was taken")
}
