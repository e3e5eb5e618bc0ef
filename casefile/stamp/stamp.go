// Package stamp has time-stamp authorities say when something was there (RFC 3161).
//
// A token is believed when its chain ends, at the time in it, in a root that the
// operator has set down, and its signer may stamp times and do nothing else. That a
// certificate was revoked is not looked up: whoever relies on a token years later
// looks at the authority's lists of then.
package stamp

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // ESSCertID names certificates by it (RFC 2634 §5.4.1)
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"slices"
	"time"

	"github.com/digitorus/pkcs7"
	"github.com/digitorus/timestamp"
)

// MaxToken is how long an authority's answer may be, in bytes.
const MaxToken = 256 << 10

// Authority is one that an operator has set down.
type Authority struct {
	Name  string
	URL   string
	Roots []*x509.Certificate // that its chain must end in
}

// Token is what an authority said.
type Token struct {
	Authority string
	At        time.Time
	Accuracy  time.Duration // zero: the authority says none
	Serial    *big.Int
	Policy    asn1.ObjectIdentifier
	Response  []byte // TimeStampResp (RFC 3161 §2.4.2), as openssl ts -verify reads it
	Chain     []byte // PEM: the roots, and the certificates that came with the token
}

// Request asks an authority about data, of which it is told the SHA-256 only.
func Request(ctx context.Context, client *http.Client, a Authority, data []byte) (Token, error) {
	nonce := make([]byte, 16)
	rand.Read(nonce) // never fails
	number := new(big.Int).SetBytes(nonce)
	query, err := timestamp.CreateRequest(bytes.NewReader(data), &timestamp.RequestOptions{Hash: crypto.SHA256, Certificates: true, Nonce: number})
	if err != nil {
		return Token{}, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, a.URL, bytes.NewReader(query))
	if err != nil {
		return Token{}, err
	}
	r.Header.Set("Content-Type", "application/timestamp-query")
	answer, err := client.Do(r)
	if err != nil {
		return Token{}, err
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(io.LimitReader(answer.Body, MaxToken+1))
	if err != nil {
		return Token{}, err
	}
	if answer.StatusCode != http.StatusOK {
		return Token{}, fmt.Errorf("%s answered %s", a.Name, answer.Status)
	}
	return verify(b, data, a, number)
}

// Verify tells whether a token is one of an authority, over data.
func Verify(response, data []byte, a Authority) (Token, error) { return verify(response, data, a, nil) }

// verify checks a token; nonce is that of the request, where there is one.
func verify(response, data []byte, a Authority, nonce *big.Int) (t Token, err error) {
	defer func() {
		if p := recover(); p != nil { // a parser of other people's, on bytes of other people's
			err = fmt.Errorf("the token of %s cannot be read", a.Name)
		}
	}()
	if len(response) > MaxToken {
		return t, fmt.Errorf("a token of %d bytes, at most %d", len(response), MaxToken)
	}
	ts, err := timestamp.ParseResponse(response) // checks the signature, and no chain
	if err != nil {
		return t, fmt.Errorf("the token of %s: %w", a.Name, err)
	}
	sum := sha256.Sum256(data)
	switch {
	case ts.HashAlgorithm != crypto.SHA256 || !bytes.Equal(ts.HashedMessage, sum[:]):
		return t, fmt.Errorf("the token of %s is about something else", a.Name)
	case nonce != nil && (ts.Nonce == nil || ts.Nonce.Cmp(nonce) != 0):
		return t, fmt.Errorf("the token of %s answers another request", a.Name)
	}
	if err := chained(ts, a); err != nil {
		return t, fmt.Errorf("the token of %s: %w", a.Name, err)
	}
	t = Token{Authority: a.Name, At: ts.Time.UTC(), Accuracy: ts.Accuracy, Serial: ts.SerialNumber, Policy: ts.Policy, Response: response}
	for _, c := range slices.Concat(a.Roots, ts.Certificates) {
		t.Chain = append(t.Chain, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return t, nil
}

// chained tells whether the signer's chain ends in a root of the authority at the time
// of the token, and the signer is one that stamps times alone (RFC 3161 §2.3).
func chained(ts *timestamp.Timestamp, a Authority) error {
	p7, err := pkcs7.Parse(ts.RawToken)
	if err != nil {
		return err
	}
	signer := p7.GetOnlySigner()
	if signer == nil {
		return errors.New("it has not one signer whose certificate is in it")
	}
	if len(signer.ExtKeyUsage) != 1 || signer.ExtKeyUsage[0] != x509.ExtKeyUsageTimeStamping || len(signer.UnknownExtKeyUsage) > 0 || !criticalUsage(signer) {
		return errors.New("its signer is not one that stamps times alone")
	}
	if !names(p7, signer) {
		return errors.New("it does not name the certificate that signed it")
	}
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	for _, c := range a.Roots {
		roots.AddCert(c)
	}
	for _, c := range ts.Certificates {
		between.AddCert(c)
	}
	_, err = signer.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: ts.Time, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping}})
	return err
}

var (
	oidUsage   = asn1.ObjectIdentifier{2, 5, 29, 37}
	oidESS     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 12} // RFC 2634 §5.4
	oidESSv2   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47} // RFC 5035 §3
	oidSHA256  = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	errForeign = errors.New("another hash")
)

func criticalUsage(c *x509.Certificate) bool {
	for _, e := range c.Extensions {
		if e.Id.Equal(oidUsage) {
			return e.Critical
		}
	}
	return false
}

// names tells whether the signed attributes name the signer's certificate by its hash.
func names(p7 *pkcs7.PKCS7, signer *x509.Certificate) bool {
	var v2 struct {
		Certs []struct {
			Rest asn1.RawContent
			Raw  asn1.RawValue
			More asn1.RawValue `asn1:"optional"`
			Last asn1.RawValue `asn1:"optional"`
		}
	}
	if p7.UnmarshalSignedAttribute(oidESSv2, &v2) == nil && len(v2.Certs) > 0 {
		hash, err := essHash(v2.Certs[0].Raw, v2.Certs[0].More)
		sum := sha256.Sum256(signer.Raw)
		return err == nil && bytes.Equal(hash, sum[:])
	}
	var v1 struct {
		Certs []struct {
			Hash   []byte
			Issuer asn1.RawValue `asn1:"optional"`
		}
	}
	if p7.UnmarshalSignedAttribute(oidESS, &v1) != nil || len(v1.Certs) == 0 {
		return false
	}
	sum := sha1.Sum(signer.Raw)
	return bytes.Equal(v1.Certs[0].Hash, sum[:])
}

// essHash is the hash in an ESSCertIDv2, which names its algorithm where that is not
// SHA-256.
func essHash(first, second asn1.RawValue) ([]byte, error) {
	if first.Tag == asn1.TagOctetString {
		return first.Bytes, nil
	}
	var algorithm struct {
		ID     asn1.ObjectIdentifier
		Params asn1.RawValue `asn1:"optional"`
	}
	if _, err := asn1.Unmarshal(first.FullBytes, &algorithm); err != nil || !algorithm.ID.Equal(oidSHA256) || second.Tag != asn1.TagOctetString {
		return nil, errForeign
	}
	return second.Bytes, nil
}

// ReadRoots reads certificates in PEM.
func ReadRoots(b []byte) (all []*x509.Certificate, err error) {
	for {
		var block *pem.Block
		if block, b = pem.Decode(b); block == nil {
			break
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	if len(all) == 0 {
		return nil, errors.New("there is no certificate in it")
	}
	return all, nil
}
