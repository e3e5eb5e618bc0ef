package verify

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// MaxCheckpoint is how long a checkpoint may be with its signatures, in bytes.
const MaxCheckpoint = 1 << 20

// Checkpoint is the state of a log, as somebody signed it
// (https://c2sp.org/tlog-checkpoint).
type Checkpoint struct {
	Origin string
	tlog.Tree
	Signed []string // names of those who signed, of the keys that were given
}

// OpenCheckpoint reads a checkpoint that the log has signed, and who else has.
func OpenCheckpoint(b []byte, log note.Verifier, others ...note.Verifier) (c Checkpoint, err error) {
	if len(b) > MaxCheckpoint {
		return c, fmt.Errorf("a checkpoint of %d bytes, at most %d", len(b), MaxCheckpoint)
	}
	n, err := note.Open(b, note.VerifierList(append([]note.Verifier{log}, others...)...))
	if err != nil {
		return c, fmt.Errorf("the checkpoint: %w", err)
	}
	byLog := false
	for _, s := range n.Sigs {
		byLog = byLog || s.Name == log.Name() && s.Hash == log.KeyHash()
		c.Signed = append(c.Signed, s.Name)
	}
	if !byLog {
		return c, errors.New("the checkpoint is not signed by the log")
	}
	c.Origin, c.Tree, err = parseCheckpoint(n.Text)
	if err == nil && c.Origin != log.Name() {
		err = fmt.Errorf("the checkpoint is of the log %.80q", c.Origin)
	}
	return c, err
}

func parseCheckpoint(text string) (origin string, t tlog.Tree, err error) {
	lines := strings.Split(text, "\n")
	if len(lines) < 4 || lines[0] == "" {
		return "", t, errors.New("a checkpoint has three lines")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return "", t, errors.New("the size of the log in the checkpoint is no number")
	}
	root, err := readHash(lines[2])
	return lines[0], tlog.Tree{N: size, Hash: root}, err
}

func readHash(line string) (h tlog.Hash, err error) {
	b, err := base64.StdEncoding.Strict().DecodeString(line)
	if err != nil || len(b) != len(h) {
		return h, errors.New("a hash is not 32 bytes in base64")
	}
	return tlog.Hash(b), nil
}

// CheckpointText is the text of a checkpoint, to be signed.
func CheckpointText(origin string, t tlog.Tree) string {
	return fmt.Sprintf("%s\n%d\n%s\n", origin, t.N, base64.StdEncoding.EncodeToString(t.Hash[:]))
}

// Proof says that an entry stands in a log (https://c2sp.org/tlog-proof).
type Proof struct {
	Index      int64
	Hashes     tlog.RecordProof
	Checkpoint []byte
}

const proofHeader = "c2sp.org/tlog-proof@v1\n"

// Marshal writes the proof.
func (p Proof) Marshal() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%sindex %d\n", proofHeader, p.Index)
	for _, h := range p.Hashes {
		fmt.Fprintln(&b, base64.StdEncoding.EncodeToString(h[:]))
	}
	b.WriteByte('\n')
	b.Write(p.Checkpoint)
	return b.Bytes()
}

// ParseProof reads a proof without extra data.
func ParseProof(b []byte) (p Proof, err error) {
	head, checkpoint, ok := strings.Cut(string(b), "\n\n")
	lines, isProof := strings.CutPrefix(head+"\n", proofHeader)
	if !ok || !isProof || len(b) > MaxCheckpoint {
		return p, errors.New("it is no tlog-proof")
	}
	first, rest, _ := strings.Cut(lines, "\n")
	digits, _ := strings.CutPrefix(first, "index ")
	if p.Index, err = strconv.ParseInt(digits, 10, 64); err != nil || p.Index < 0 || "index "+strconv.FormatInt(p.Index, 10) != first {
		return p, errors.New("the proof has no index")
	}
	for line := range strings.Lines(rest) {
		h, err := readHash(strings.TrimSuffix(line, "\n"))
		if err != nil || len(p.Hashes) >= 63 {
			return p, errors.New("the proof has what is no hash, or more than 63")
		}
		p.Hashes = append(p.Hashes, h)
	}
	p.Checkpoint = []byte(checkpoint)
	return p, nil
}

// Check tells whether the proof shows that the leaf stands in the log.
func (p Proof) Check(leaf tlog.Hash, log note.Verifier) error {
	c, err := OpenCheckpoint(p.Checkpoint, log)
	if err != nil {
		return err
	}
	return p.checkIn(c, leaf)
}

func (p Proof) checkIn(c Checkpoint, leaf tlog.Hash) error {
	return tlog.CheckRecord(p.Hashes, c.N, c.Hash, p.Index, leaf)
}

// Tree is the hash of a log that is read from its beginning (RFC 6962 §2.1).
type Tree struct {
	n     int64
	stack []tlog.Hash // of the whole trees that n consists of, the largest first
}

// Add adds a leaf.
func (t *Tree) Add(leaf tlog.Hash) {
	for n := t.n; n&1 == 1; n >>= 1 {
		last := len(t.stack) - 1
		leaf = tlog.NodeHash(t.stack[last], leaf)
		t.stack = t.stack[:last]
	}
	t.stack = append(t.stack, leaf)
	t.n++
}

// Tree returns the size and the hash.
func (t *Tree) Tree() tlog.Tree {
	if t.n == 0 {
		h, _ := tlog.TreeHash(0, nil)
		return tlog.Tree{Hash: h}
	}
	h := t.stack[len(t.stack)-1]
	for i := len(t.stack) - 2; i >= 0; i-- {
		h = tlog.NodeHash(t.stack[i], h)
	}
	return tlog.Tree{N: t.n, Hash: h}
}

// Witness is a verifier of a witness's cosignatures, from its verifier key of the
// kind 0x04 (https://c2sp.org/tlog-cosignature, Ed25519).
type Witness struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

// NewWitness reads the verifier key of a witness.
func NewWitness(vkey string) (*Witness, error) {
	parts := strings.SplitN(vkey, "+", 3)
	wrong := fmt.Errorf("%.80q is no verifier key of a witness", vkey)
	if len(parts) != 3 {
		return nil, wrong
	}
	sum, err := strconv.ParseUint(parts[1], 16, 32)
	key, err2 := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || err2 != nil || len(key) != 1+ed25519.PublicKeySize || key[0] != 4 || keyHash(parts[0], key) != uint32(sum) {
		return nil, wrong
	}
	return &Witness{parts[0], uint32(sum), key[1:]}, nil
}

func keyHash(name string, key []byte) uint32 {
	h := sha256Of([]byte(name+"\n"), key)
	return binary.BigEndian.Uint32(h[:4])
}

// Name implements note.Verifier.
func (w *Witness) Name() string { return w.name }

// KeyHash implements note.Verifier.
func (w *Witness) KeyHash() uint32 { return w.hash }

// Verify implements note.Verifier.
func (w *Witness) Verify(msg, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	text := fmt.Sprintf("cosignature/v1\ntime %d\n%s", binary.BigEndian.Uint64(sig), msg)
	return ed25519.Verify(w.key, []byte(text), sig[8:])
}

// Time is when the witness cosigned a checkpoint; zero when it has not.
func (w *Witness) Time(checkpoint []byte) time.Time {
	n, err := note.Open(checkpoint, note.VerifierList(w))
	if err != nil || len(n.Sigs) == 0 {
		return time.Time{}
	}
	b, err := base64.StdEncoding.DecodeString(n.Sigs[0].Base64)
	if err != nil || len(b) < 12 {
		return time.Time{}
	}
	return time.Unix(int64(binary.BigEndian.Uint64(b[4:12])), 0).UTC()
}
