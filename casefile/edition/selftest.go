package edition

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha3"
	"encoding/hex"
	"fmt"
	"io"
	"time"

	"filippo.io/age"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/ringfence/ringfence/casefile/document"
	"github.com/ringfence/ringfence/verify"
)

// selfTests tries, before an edition is made, what the edition rests on against what is
// published or known, and says how it came out.
func selfTests(now time.Time) (all []document.SelfTest) {
	for _, t := range []struct {
		what string
		run  func() error
	}{
		{"SHA-256 of \"abc\", as FIPS 180-4 has it", func() error {
			sum := sha256.Sum256([]byte("abc"))
			return same(sum[:], "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
		}},
		{"SHA3-256 of \"abc\", as FIPS 202 has it", func() error {
			sum := sha3.Sum256([]byte("abc"))
			return same(sum[:], "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532")
		}},
		{"the hash of a log with eight entries, as certificate transparency's test vectors have it", treeTest},
		{"1 MB of random bytes, encrypted and decrypted", ageTest},
	} {
		result := "as expected"
		if err := t.run(); err != nil {
			result = "WRONG: " + err.Error()
		}
		all = append(all, document.SelfTest{What: t.what, Result: result, At: now})
	}
	return all
}

func same(got []byte, want string) error {
	if hex.EncodeToString(got) != want {
		return fmt.Errorf("it is %x", got)
	}
	return nil
}

// treeTest computes the root of the entries in the test vectors of the reference
// implementation of RFC 6962.
func treeTest() error {
	var t verify.Tree
	for _, text := range []string{"", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"} {
		b, err := hex.DecodeString(text)
		if err != nil {
			return err
		}
		t.Add(tlog.RecordHash(b))
	}
	root := t.Tree().Hash
	return same(root[:], "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328")
}

func ageTest() error {
	id, err := age.GenerateHybridIdentity()
	if err != nil {
		return err
	}
	plain := make([]byte, 1<<20)
	rand.Read(plain) // never fails
	var sealed bytes.Buffer
	w, err := age.Encrypt(&sealed, id.Recipient())
	if err == nil {
		_, err = w.Write(plain)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return err
	}
	r, err := age.Decrypt(&sealed, id)
	if err != nil {
		return err
	}
	back, err := io.ReadAll(r)
	if err == nil && !bytes.Equal(back, plain) {
		err = fmt.Errorf("other bytes came back")
	}
	return err
}
