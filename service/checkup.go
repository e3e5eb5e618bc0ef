package service

import (
	"bytes"
	"context"
	"crypto/ed25519"
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

type verifyRequest struct {
	At        int64  `json:"at"` // Unix ms
	Signature string `json:"signature"`
}

type verifyAnswer struct {
	Letters int    `json:"letters"`
	Wrong   string `json:"wrong"` // what is not whole, or ""
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
	return out, nil
}

// AskVerify asks the service that runs on a data folder to check its letters.
func AskVerify(ctx context.Context, folder string, now time.Time) (letters int, wrong string, err error) {
	url, err := os.ReadFile(filepath.Join(folder, servingFile))
	if err != nil {
		return 0, "", err
	}
	key, err := ReadAdminKey(folder)
	if err != nil {
		return 0, "", err
	}
	at := now.UnixMilli()
	body, err := json.Marshal(verifyRequest{at, b64.EncodeToString(ed25519.Sign(key, verifyText(at)))})
	if err != nil {
		return 0, "", err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSpace(string(url))+"/v1/verify", bytes.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	resp, err := http.DefaultClient.Do(req)
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
	err = json.Unmarshal(b, &out)
	return out.Letters, out.Wrong, errors.Join(err)
}
