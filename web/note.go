package web

import (
	"errors"
	"fmt"
	"io/fs"

	"golang.org/x/mod/sumdb/note"
)

// sign makes the signed note of a build: with the release key's signature,
// which was made when it was built, and those of the signers. It is nil where
// nobody signs.
func sign(from fs.FS, m Manifest, signers []note.Signer) ([]byte, error) {
	text, err := m.Text()
	if err != nil {
		return nil, err
	}
	n := &note.Note{Text: text}
	b, err := fs.ReadFile(from, "dist/release.note")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if len(signers) == 0 {
			return nil, nil
		}
	case err != nil:
		return nil, err
	default:
		if n, err = opened(b); err != nil {
			return nil, fmt.Errorf("the release key's signature: %w; run make build", err)
		}
		if n.Text != text {
			return nil, errors.New("the release key signed another build; run make build")
		}
	}
	return note.Sign(n, signers...)
}

// opened reads a note without a look at who signed it.
func opened(b []byte) (*note.Note, error) {
	_, err := note.Open(b, note.VerifierList())
	var unverified *note.UnverifiedNoteError
	if errors.As(err, &unverified) {
		return unverified.Note, nil
	}
	return nil, err
}
