package archive

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"filippo.io/age"
)

// Shares are a key, split among persons so that any two of them have it and no
// one alone: for each pair of them a random half and what is missing to the key
// (exclusive or), each sealed to one of the two with age.
type Shares struct {
	Version int      `json:"version"`
	Key     string   `json:"key"`     // tells keys apart, and says nothing of them
	Persons []string `json:"persons"` // age recipients
	Pairs   []Pair   `json:"pairs"`
}

// Pair is what two persons have together.
type Pair struct {
	Persons [2]int    `json:"persons"` // in the list of all
	Halves  [2][]byte `json:"halves"`  // age files
}

// SharesName is the file of the shares in the data folder.
const SharesName = "calls.shares"

const (
	maxPersons = 16
	maxShares  = 4 << 20 // bytes of the file
)

// What stands in the way of a reveal.
var (
	ErrNoShares  = errors.New("archive: the key is not split among persons; split it with calls split-key")
	ErrTwo       = errors.New("archive: these are not the keys of two persons among whom the key was split; both of them must be there, each with their own")
	errRecipient = errors.New("no age recipient; give the public key that age-keygen prints")
)

// name tells keys apart.
func (k *Key) name() string { return k.pseudonym("key", "") }

// Split splits a key among two persons or more, given as age recipients.
func (k *Key) Split(persons []string) (*Shares, error) {
	s := &Shares{Version: 1, Key: k.name()}
	var to []age.Recipient
	for _, p := range persons {
		p = strings.TrimSpace(p)
		one, err := age.ParseRecipients(strings.NewReader(p))
		if err != nil || len(one) != 1 {
			return nil, fmt.Errorf("archive: %s: %w", p, errRecipient)
		}
		for _, other := range s.Persons {
			if p == other {
				return nil, fmt.Errorf("archive: %s is there twice; two persons need two keys", p)
			}
		}
		s.Persons, to = append(s.Persons, p), append(to, one[0])
	}
	if len(to) < 2 || len(to) > maxPersons {
		return nil, fmt.Errorf("archive: the key is split among 2 to %d persons, not %d", maxPersons, len(to))
	}
	for i := range to {
		for j := range i {
			var first Key
			rand.Read(first[:])
			second := k.xor(&first)
			pair := Pair{Persons: [2]int{j, i}}
			var err, err2 error
			pair.Halves[0], err = seal(first[:], to[j])
			pair.Halves[1], err2 = seal(second[:], to[i])
			if err := errors.Join(err, err2); err != nil {
				return nil, fmt.Errorf("archive: sealing a share: %w", err)
			}
			s.Pairs = append(s.Pairs, pair)
		}
	}
	return s, nil
}

func (k *Key) xor(other *Key) (r Key) {
	for i := range k {
		r[i] = k[i] ^ other[i]
	}
	return r
}

func seal(half []byte, to age.Recipient) ([]byte, error) {
	var out bytes.Buffer
	w, err := age.Encrypt(&out, to)
	if err != nil {
		return nil, err
	}
	_, err = w.Write(half)
	err = errors.Join(err, w.Close())
	return out.Bytes(), err
}

// half opens a half; false when it is not for this person.
func half(sealed []byte, person []age.Identity) (k Key, ok bool) {
	r, err := age.Decrypt(bytes.NewReader(sealed), person...)
	if err != nil {
		return k, false
	}
	b, err := io.ReadAll(io.LimitReader(r, int64(len(k))+1))
	if err != nil || len(b) != len(k) {
		return k, false
	}
	return Key(b), true
}

// Join puts the key together for two persons, and returns who they are.
func (s *Shares) Join(one, other []age.Identity) (*Key, [2]string, error) {
	for _, p := range s.Pairs {
		for _, order := range [][2][]age.Identity{{one, other}, {other, one}} {
			first, ok := half(p.Halves[0], order[0])
			if !ok {
				continue
			}
			second, ok := half(p.Halves[1], order[1])
			if !ok {
				continue
			}
			if k := first.xor(&second); k.name() == s.Key {
				return &k, [2]string{s.Persons[p.Persons[0]], s.Persons[p.Persons[1]]}, nil
			}
		}
	}
	return nil, [2]string{}, ErrTwo
}

// ParseShares reads shares.
func ParseShares(b []byte) (*Shares, error) {
	s := &Shares{}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(s); err != nil {
		return nil, fmt.Errorf("archive: shares of the key: %w; split the key again", err)
	}
	n := len(s.Persons)
	bad := s.Version != 1 || n < 2 || n > maxPersons || len(s.Pairs) > n*(n-1)/2
	for _, p := range s.Pairs {
		bad = bad || p.Persons[0] < 0 || p.Persons[1] >= n || p.Persons[0] >= p.Persons[1]
	}
	if bad {
		return nil, errors.New("archive: these are no shares of a key; split the key again")
	}
	return s, nil
}

// ReadShares reads the shares of a data folder, or says ErrNoShares.
func ReadShares(folder string) (*Shares, error) {
	f, err := os.Open(filepath.Join(folder, SharesName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoShares
	}
	if err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxShares))
	if err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	return ParseShares(b)
}

// Write keeps the shares in a data folder, instead of those that are there.
func (s *Shares) Write(folder string) error {
	b, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(folder, SharesName), append(b, '\n'))
}

// writeFile has a file on disk, whole, when it returns.
func writeFile(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), leftover+"*")
	if err != nil {
		return fmt.Errorf("archive: %w; make the folder writable", err)
	}
	defer os.Remove(f.Name())
	_, err = f.Write(content)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = errors.Join(os.Rename(f.Name(), path), syncFolder(filepath.Dir(path)))
	}
	return err
}

// Reveal looks for accounts with these pseudonyms among those that ids yields,
// and returns the id of each that was found. It is how a pseudonym is turned
// back: there is no table of them anywhere.
func (k *Key) Reveal(pseudonyms []string, ids func(yield func(id string) bool)) map[string]string {
	wanted := map[string]bool{}
	for _, p := range pseudonyms {
		wanted[p] = true
	}
	found := map[string]string{}
	for id := range ids {
		if p := k.Account(id); wanted[p] {
			found[p] = id
		}
		if len(found) == len(wanted) {
			break
		}
	}
	return found
}
