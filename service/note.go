package service

import (
	"golang.org/x/mod/sumdb/note"

	"github.com/ringfence/ringfence/wire/manifest"
)

// NoteSigner signs what the server publishes of its web build, with the key
// that clients know it by: a server that shows different people different code
// leaves proof of it.
func (s *Service) NoteSigner() (note.Signer, error) { return manifest.ServerSigner(s.keys.Server) }
