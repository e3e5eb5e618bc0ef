// Package witness cosigns the states of other people's logs, as long as each goes on
// from the one before (https://c2sp.org/tlog-witness, https://c2sp.org/tlog-cosignature
// with Ed25519).
//
// A witness that somebody else runs makes it impossible to show one history to one
// reader and another to the next. It shows that a log was only ever added to, and
// nothing of whether what was added is true.
package witness

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/ringfence/ringfence/store/heads"
	"github.com/ringfence/ringfence/verify"
)

// maxRequest is how long a request may be, in bytes: a checkpoint and 63 hashes.
const maxRequest = 64 << 10

// Key is that of a witness.
type Key struct {
	name string
	key  ed25519.PrivateKey
}

// NewKey makes the key of a witness from a seed of 32 bytes.
func NewKey(name string, seed []byte) (*Key, error) {
	if len(seed) != ed25519.SeedSize || name == "" || strings.ContainsAny(name, "+ \t\r\n") {
		return nil, fmt.Errorf("%.80q with a seed of %d bytes is no key of a witness", name, len(seed))
	}
	return &Key{name, ed25519.NewKeyFromSeed(seed)}, nil
}

// Verifier is the verifier key: the name, a hash and the public key of the kind 0x04.
func (k *Key) Verifier() string {
	public := k.public()
	return fmt.Sprintf("%s+%08x+%s", k.name, k.hash(), base64.StdEncoding.EncodeToString(public))
}

func (k *Key) public() []byte { return append([]byte{4}, k.key.Public().(ed25519.PublicKey)...) }

func (k *Key) hash() uint32 {
	sum := sha256.Sum256(append([]byte(k.name+"\n"), k.public()...))
	return binary.BigEndian.Uint32(sum[:])
}

// Cosign is the line of a signature over the text of a checkpoint.
func (k *Key) Cosign(text string, at time.Time) string {
	b := binary.BigEndian.AppendUint32(nil, k.hash())
	b = binary.BigEndian.AppendUint64(b, uint64(at.Unix()))
	b = append(b, ed25519.Sign(k.key, fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", at.Unix(), text))...)
	return fmt.Sprintf("— %s %s\n", k.name, base64.StdEncoding.EncodeToString(b))
}

// Server is a witness.
type Server struct {
	Key   *Key
	Logs  map[string]note.Verifier // by origin
	Heads *heads.File
	Now   func() time.Time
}

// refusal is an answer that is no cosignature.
type refusal struct {
	status int
	says   string
}

func (r refusal) Error() string { return r.says }

// ServeHTTP answers POST /add-checkpoint.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/add-checkpoint" || r.Method != http.MethodPost {
		http.Error(w, "a witness answers POST /add-checkpoint", http.StatusNotFound)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		http.Error(w, "the request cannot be read, or is too long", http.StatusBadRequest)
		return
	}
	line, err := s.add(r.Context(), body)
	var no refusal
	switch {
	case errors.As(err, &no):
		if no.status == http.StatusConflict {
			w.Header().Set("Content-Type", "text/x.tlog.size")
		}
		w.WriteHeader(no.status)
		_, _ = io.WriteString(w, no.says+"\n")
	case err != nil:
		http.Error(w, "the witness could not keep the state; try again", http.StatusInternalServerError)
	default:
		_, _ = io.WriteString(w, line)
	}
}

// add cosigns a checkpoint that goes on from the last one.
func (s *Server) add(ctx context.Context, body []byte) (string, error) {
	old, proof, checkpoint, err := parseRequest(body)
	if err != nil {
		return "", refusal{http.StatusBadRequest, err.Error()}
	}
	origin, _, _ := strings.Cut(string(checkpoint), "\n")
	log, known := s.Logs[origin]
	if !known {
		return "", refusal{http.StatusNotFound, "this witness does not know the log"}
	}
	c, err := verify.OpenCheckpoint(checkpoint, log)
	if err != nil {
		return "", refusal{http.StatusForbidden, "the checkpoint is not one that the log has signed"}
	}
	if old > c.N {
		return "", refusal{http.StatusBadRequest, "the old size is larger than the new one"}
	}
	err = s.Heads.Advance(ctx, origin, c.Tree, checkpoint, func(was tlog.Tree) error {
		switch {
		case was.N != old || was.N == c.N && was.N > 0 && was.Hash != c.Hash:
			return refusal{http.StatusConflict, strconv.FormatInt(was.N, 10)}
		case old == 0 && len(proof) > 0:
			return refusal{http.StatusBadRequest, "from an empty log on there is no proof"}
		case old > 0 && tlog.CheckTree(proof, c.N, c.Hash, was.N, was.Hash) != nil:
			return refusal{http.StatusUnprocessableEntity, "the proof does not show that the log was only added to"}
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	return s.Key.Cosign(verify.CheckpointText(c.Origin, c.Tree), s.Now()), nil
}

// parseRequest reads "old N", the hashes of a consistency proof, an empty line and a
// checkpoint.
func parseRequest(body []byte) (old int64, proof tlog.TreeProof, checkpoint []byte, err error) {
	head, rest, ok := strings.Cut(string(body), "\n\n")
	first, lines, _ := strings.Cut(head+"\n", "\n")
	digits, isOld := strings.CutPrefix(first, "old ")
	old, err = strconv.ParseInt(digits, 10, 64)
	if !ok || !isOld || err != nil || old < 0 || strconv.FormatInt(old, 10) != digits {
		return 0, nil, nil, errors.New("the request does not begin with the old size")
	}
	for line := range strings.Lines(lines) {
		b, err := base64.StdEncoding.Strict().DecodeString(strings.TrimSuffix(line, "\n"))
		if err != nil || len(b) != tlog.HashSize || len(proof) >= 63 {
			return 0, nil, nil, errors.New("the proof is not of hashes, or of more than 63")
		}
		proof = append(proof, tlog.Hash(b))
	}
	return old, proof, []byte(rest), nil
}

// ErrConflict is that a witness has cosigned a state that this log does not go on
// from: one of the two histories was rewritten.
var ErrConflict = errors.New("the witness has cosigned another history of this log")

// Ask has a witness cosign a checkpoint, and returns the line of its signature. prove
// makes the proof that the log goes on from a smaller size.
func Ask(ctx context.Context, client *http.Client, url string, checkpoint []byte, size int64, prove func(old int64) (tlog.TreeProof, error)) (string, error) {
	status, says, err := post(ctx, client, url, 0, nil, checkpoint)
	if err != nil || status != http.StatusConflict {
		return answer(status, says, err)
	}
	old, err := strconv.ParseInt(strings.TrimSpace(says), 10, 64)
	if err != nil || old < 1 {
		return "", errors.New("the witness does not say which size it knows")
	}
	if old > size {
		return "", fmt.Errorf("%w: it knows %d entries, and there are %d", ErrConflict, old, size)
	}
	proof, err := prove(old)
	if err != nil {
		return "", err
	}
	status, says, err = post(ctx, client, url, old, proof, checkpoint)
	if err == nil && (status == http.StatusUnprocessableEntity || status == http.StatusConflict) {
		return "", fmt.Errorf("%w: %s", ErrConflict, strings.TrimSpace(says))
	}
	return answer(status, says, err)
}

func answer(status int, says string, err error) (string, error) {
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("the witness answered %d: %.200s", status, strings.TrimSpace(says))
	}
	return says, err
}

func post(ctx context.Context, client *http.Client, url string, old int64, proof tlog.TreeProof, checkpoint []byte) (int, string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "old %d\n", old)
	for _, h := range proof {
		fmt.Fprintln(&b, base64.StdEncoding.EncodeToString(h[:]))
	}
	b.WriteByte('\n')
	b.Write(checkpoint)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(url, "/")+"/add-checkpoint", strings.NewReader(b.String()))
	if err != nil {
		return 0, "", err
	}
	a, err := client.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer a.Body.Close()
	says, err := io.ReadAll(io.LimitReader(a.Body, maxRequest))
	return a.StatusCode, string(says), err
}
