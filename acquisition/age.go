package acquisition

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
	"filippo.io/age/armor"
)

// isAge tells whether a file is encrypted with age (age-encryption.org/v1), as
// androidqf does with what it collects.
func isAge(head []byte) bool {
	return bytes.HasPrefix(head, []byte("age-encryption.org/v1\n")) || bytes.HasPrefix(head, []byte(armor.Header))
}

// openAge decrypts a file that is read as a storage. A zip file has its list at
// its end and is read at any place, which age's chunks do not give without
// decrypting all before: so the whole is decrypted once, to memory when it is
// small, else to a private file that has no name and is gone with the
// acquisition.
//
// Errors: ErrIdentity, ErrLimit.
func (g *candidate) openAge(name string, c Content) (storage, error) {
	var identities []age.Identity
	for _, text := range g.Identities {
		ids, err := age.ParseIdentities(bytes.NewReader(text))
		if err != nil {
			return nil, fmt.Errorf("the identity that was given is none: %w", err)
		}
		identities = append(identities, ids...)
	}
	if len(identities) == 0 {
		return nil, fmt.Errorf("%s: %w", name, ErrIdentity)
	}
	var in io.Reader = io.NewSectionReader(c, 0, c.Size())
	head := make([]byte, len(armor.Header))
	if _, err := c.ReadAt(head, 0); err == nil && string(head) == armor.Header {
		in = armor.NewReader(in)
	}
	opened, err := age.Decrypt(in, identities...)
	if err != nil {
		var none *age.NoIdentityMatchError
		if errors.As(err, &none) {
			return nil, fmt.Errorf("%s: %w", name, ErrIdentity)
		}
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	a := &aside{budget: g.budget}
	if _, err := io.Copy(a, opened); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: damaged: %w", name, err), a.drop())
	}
	s, err := g.openStorage(strings.TrimSuffix(name, ".age"), a)
	if err != nil {
		return nil, errors.Join(err, a.drop())
	}
	return unsealed{s, a, c}, nil
}

// unsealed is a storage in what was decrypted.
type unsealed struct {
	storage
	plain  *aside
	sealed Content
}

func (d unsealed) stream(e entry) (io.ReadCloser, error) { return stream(d.storage, e) }

func (d unsealed) close() error {
	return errors.Join(d.storage.close(), d.plain.drop(), d.sealed.Close())
}
