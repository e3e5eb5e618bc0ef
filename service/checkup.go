package service

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/ringfence/ringfence/guard"
)

const (
	servingFile   = "serving" // the address of the running service, in the data folder
	verifyContext = "ringfence verify v1\x00"
	answerContext = "ringfence verified v1\x00"
	verifyAge     = time.Minute
)

// Serving notes in the data folder where the service can be reached, for the
// commands that work on a running one.
func (s *Service) Serving(url string) error {
	return writeDurably(filepath.Join(s.config.Data, servingFile), []byte(url+"\n"))
}

func verifyText(at int64) []byte {
	return binary.BigEndian.AppendUint64([]byte(verifyContext), uint64(at))
}

// answerText is what the service signs of its answer. So it needs no name that a
// certificate is for: it is asked under the machine's own address.
func answerText(at int64, a verifyAnswer) []byte {
	b := binary.BigEndian.AppendUint64([]byte(answerContext), uint64(at))
	b = binary.BigEndian.AppendUint64(b, uint64(a.Letters))
	return append(b, a.Wrong...)
}

type verifyRequest struct {
	At        int64  `json:"at"` // Unix ms
	Signature string `json:"signature"`
}

type verifyAnswer struct {
	Letters   int    `json:"letters"`
	Wrong     string `json:"wrong"` // what is not whole, or ""
	Signature string `json:"signature"`
}

// verify checks the letters of the running service, for who holds the admin key.
func (r *request) verify() (any, error) {
	var in verifyRequest
	if err := r.body(&in); err != nil {
		return nil, err
	}
	var signature [64]byte
	err := fixed(in.Signature, signature[:])
	age := r.s.config.Now().Sub(time.UnixMilli(in.At)).Abs()
	r.event.Spends = []guard.Spend{r.s.tries(r.event.Addr)}
	r.event.Authentic = err == nil && age < verifyAge && ed25519.Verify(r.s.keys.Admin.Public().(ed25519.PublicKey), verifyText(in.At), signature[:])
	if err := r.judge(errUnproven); err != nil {
		return nil, err
	}
	var out verifyAnswer
	out.Letters, err = r.s.mailbox.Verify(r.Context())
	if err != nil {
		out.Wrong = err.Error()
	}
	out.Signature = b64.EncodeToString(ed25519.Sign(r.s.keys.Admin, answerText(in.At, out)))
	return out, nil
}

// AskVerify asks the service that runs on a data folder to check its letters.
func AskVerify(ctx context.Context, folder string, now time.Time) (letters int, wrong string, err error) {
	url, err := os.ReadFile(filepath.Join(folder, servingFile))
	if err != nil {
		return 0, "", err
	}
	keys, err := ReadKeys(folder)
	if err != nil {
		return 0, "", err
	}
	key, at := keys.Admin, now.UnixMilli()
	body, err := json.Marshal(verifyRequest{at, b64.EncodeToString(ed25519.Sign(key, verifyText(at)))})
	if err != nil {
		return 0, "", err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSpace(string(url))+"/v1/verify", bytes.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	// Who answers shows in the signature, not in the certificate.
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ResponseHeaderTimeout: 10 * time.Minute}
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err != nil {
		return 0, "", err
	}
	if resp.StatusCode != http.StatusOK {
		return 0, "", fmt.Errorf("the service answered %s", resp.Status)
	}
	var out verifyAnswer
	var signature [64]byte
	if err := errors.Join(json.Unmarshal(b, &out), fixed(out.Signature, signature[:])); err != nil {
		return 0, "", fmt.Errorf("the answer of %s: %w", strings.TrimSpace(string(url)), err)
	}
	if !ed25519.Verify(key.Public().(ed25519.PublicKey), answerText(at, out), signature[:]) {
		return 0, "", fmt.Errorf("what answers at %s is not the service of this folder", strings.TrimSpace(string(url)))
	}
	return out.Letters, out.Wrong, nil
}
