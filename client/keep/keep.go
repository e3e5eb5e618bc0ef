//go:build !js

// Package keep is where the state of a device lies on a computer: an SQLite
// database in a folder of its own, with every name and value sealed.
//
// The wrapping key is in a file that only its owner can read, or comes from a
// passphrase (scrypt, RFC 7914). Whoever has the folder without the key learns
// how many records there are and how long, and nothing else.
//
// One process has the folder at a time.
package keep

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/scrypt"
	_ "modernc.org/sqlite" // the driver
)

// ErrLocked says that another process has the folder.
var ErrLocked = errors.New("another process is using this folder")

// ErrKey says that the wrapping key does not open what is kept.
var ErrKey = errors.New("the key or passphrase does not open this folder, or it is damaged")

// Store is an open folder. It is a client.Keep.
type Store struct {
	db   *sql.DB
	conn *sql.Conn
	aead cipher.AEAD
	name []byte // HMAC key for the names
}

// Open opens the state in a folder, which it makes. With a passphrase the
// wrapping key comes from it; without one, from a file in the folder.
func Open(dir string, passphrase []byte) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	s := &Store{}
	if err := s.lock(dir); err != nil {
		return nil, err
	}
	master, err := masterKey(dir, passphrase)
	if err == nil {
		err = s.derive(master)
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// lock opens the database and holds it until Close.
func (s *Store) lock(dir string) (err error) {
	path := filepath.ToSlash(filepath.Join(dir, "state.db"))
	// Every transaction is on disk when it returns: synchronous=FULL.
	s.db, err = sql.Open("sqlite", "file:"+escape(path)+"?_pragma=locking_mode(EXCLUSIVE)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=secure_delete(ON)&_txlock=immediate")
	if err != nil {
		return err
	}
	s.db.SetMaxOpenConns(1)
	if s.conn, err = s.db.Conn(context.Background()); err == nil {
		_, err = s.conn.ExecContext(context.Background(), `create table if not exists state (name blob primary key, value blob not null) without rowid`)
	}
	if err == nil {
		// A write takes the lock for good, also where the table was there.
		_, err = s.conn.ExecContext(context.Background(), `begin immediate; commit`)
	}
	if err == nil {
		return os.Chmod(filepath.Join(dir, "state.db"), 0o600)
	}
	s.Close()
	if strings.Contains(err.Error(), "SQLITE_BUSY") || strings.Contains(err.Error(), "database is locked") {
		return fmt.Errorf("%s: %w", dir, ErrLocked)
	}
	return fmt.Errorf("%s: %w", path, err)
}

// escape keeps what has a meaning in a URI out of a path.
func escape(path string) string {
	return strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path)
}

// masterKey reads the wrapping key of a folder, or makes it.
func masterKey(dir string, passphrase []byte) ([]byte, error) {
	keyFile, saltFile := filepath.Join(dir, "key"), filepath.Join(dir, "salt")
	if passphrase == nil {
		if _, err := os.Stat(saltFile); err == nil {
			return nil, fmt.Errorf("%s: sealed with a passphrase, and none was given", dir)
		}
		return secretFile(keyFile, 32)
	}
	if _, err := os.Stat(keyFile); err == nil {
		return nil, fmt.Errorf("%s: sealed with a key file, not with a passphrase", dir)
	}
	salt, err := secretFile(saltFile, 16)
	if err != nil {
		return nil, err
	}
	return scrypt.Key(passphrase, salt, 1<<15, 8, 1, 32) // RFC 7914 §2: 32 MiB
}

// secretFile reads n random bytes that only the owner can read, and makes them
// when they are not there.
func secretFile(path string, n int) ([]byte, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		b = make([]byte, n)
		rand.Read(b)
		return b, writeDurably(path, b)
	}
	if err == nil && len(b) != n {
		err = fmt.Errorf("%s: %d bytes, want %d", path, len(b), n)
	}
	return b, err
}

// writeDurably writes a file that is whole or not there.
func writeDurably(path string, b []byte) error {
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

func (s *Store) derive(master []byte) error {
	values, err := hkdf.Key(sha256.New, master, nil, "ringfence keep values v1", 32)
	if err != nil {
		return err
	}
	if s.name, err = hkdf.Key(sha256.New, master, nil, "ringfence keep names v1", 32); err != nil {
		return err
	}
	block, err := aes.NewCipher(values)
	if err != nil {
		return err
	}
	s.aead, err = cipher.NewGCMWithRandomNonce(block)
	return err
}

func (s *Store) hidden(name string) []byte {
	m := hmac.New(sha256.New, s.name)
	m.Write([]byte(name))
	return m.Sum(nil)
}

// Load reads everything.
func (s *Store) Load(ctx context.Context) (map[string][]byte, error) {
	rows, err := s.conn.QueryContext(ctx, `select name, value from state`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	kept := map[string][]byte{}
	for rows.Next() {
		var hidden, sealed []byte
		if err := rows.Scan(&hidden, &sealed); err != nil {
			return nil, err
		}
		name, value, err := s.unseal(hidden, sealed)
		if err != nil {
			return nil, err
		}
		kept[name] = value
	}
	return kept, rows.Err()
}

func (s *Store) unseal(hidden, sealed []byte) (string, []byte, error) {
	plain, err := s.aead.Open(nil, nil, sealed, hidden)
	if err != nil || len(plain) < 4 {
		return "", nil, ErrKey
	}
	n := binary.BigEndian.Uint32(plain)
	if uint64(n) > uint64(len(plain)-4) {
		return "", nil, ErrKey
	}
	name := string(plain[4 : 4+n])
	if !bytes.Equal(s.hidden(name), hidden) {
		return "", nil, ErrKey
	}
	return name, plain[4+n:], nil
}

// Apply writes and deletes in one transaction, which is on disk when it
// returns.
func (s *Store) Apply(ctx context.Context, puts map[string][]byte, deletes []string) error {
	tx, err := s.conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // without effect after the commit
	for _, name := range deletes {
		if _, err := tx.ExecContext(ctx, `delete from state where name = ?`, s.hidden(name)); err != nil {
			return err
		}
	}
	for name, value := range puts {
		hidden := s.hidden(name)
		plain := append(binary.BigEndian.AppendUint32(nil, uint32(len(name))), name...)
		sealed := s.aead.Seal(nil, nil, append(plain, value...), hidden)
		if _, err := tx.ExecContext(ctx, `insert into state (name, value) values (?, ?) on conflict (name) do update set value = excluded.value`, hidden, sealed); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// Close lets go of the folder.
func (s *Store) Close() error {
	var errs []error
	if s.conn != nil {
		errs = append(errs, s.conn.Close())
	}
	if s.db != nil {
		errs = append(errs, s.db.Close())
	}
	return errors.Join(errs...)
}
