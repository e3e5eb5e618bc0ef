package acquisition

import (
	"bytes"
	"compress/zlib"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha1"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// writeAB makes a backup as Android does.
func writeAB(t testing.TB, version int, password string, compressed bool, content []byte) []byte {
	t.Helper()
	if compressed {
		var z bytes.Buffer
		w := zlib.NewWriter(&z)
		w.Write(content)
		w.Close()
		content = z.Bytes()
	}
	head := fmt.Sprintf("ANDROID BACKUP\n%d\n%d\n", version, map[bool]int{true: 1}[compressed])
	if password == "" {
		return append([]byte(head+"none\n"), content...)
	}
	random := func(n int) []byte {
		b := make([]byte, n)
		rand.Read(b)
		return b
	}
	const rounds = 1000
	userSalt, checkSalt, userIV, iv, key := random(64), random(64), random(16), random(16), random(32)
	sum, err := pbkdf2.Key(sha1.New, string(signedChars(key)), checkSalt, rounds, 32)
	if err != nil {
		t.Fatal(err)
	}
	p := []byte(password)
	if version == 1 {
		p = eightBit(p)
	}
	userKey, err := pbkdf2.Key(sha1.New, string(p), userSalt, rounds, 32)
	if err != nil {
		t.Fatal(err)
	}
	var blob []byte
	for _, part := range [][]byte{iv, key, sum} {
		blob = append(append(blob, byte(len(part))), part...)
	}
	head += fmt.Sprintf("AES-256\n%X\n%X\n%d\n%X\n%X\n", userSalt, checkSalt, rounds, userIV, sealCBC(t, userKey, userIV, blob))
	return append([]byte(head), sealCBC(t, key, iv, content)...)
}

func sealCBC(t testing.TB, key, iv, b []byte) []byte {
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	pad := aes.BlockSize - len(b)%aes.BlockSize
	b = append(bytes.Clone(b), bytes.Repeat([]byte{byte(pad)}, pad)...)
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(b, b)
	return b
}

func given(password string) func() ([]byte, error) {
	return func() ([]byte, error) { return []byte(password), nil }
}

func TestOpenAB(t *testing.T) {
	for _, size := range []int{0, 1, 15, 16, 17, 64 << 10, 64<<10 + 1, 200_000} {
		content := bytes.Repeat([]byte("tar "), size/4+1)[:size]
		for _, password := range []string{"", "pässword ☎"} {
			for version := 1; version <= 5; version++ {
				for _, compressed := range []bool{false, true} {
					r := iotest.HalfReader(bytes.NewReader(writeAB(t, version, password, compressed, content)))
					tar, h, err := openAB(r, given(password))
					if err != nil {
						t.Fatalf("version %d, password %q, compressed %v: %v", version, password, compressed, err)
					}
					got, err := io.ReadAll(tar)
					if err != nil || !bytes.Equal(got, content) {
						t.Fatalf("version %d, password %q, compressed %v, %d bytes: got %d, %v", version, password, compressed, size, len(got), err)
					}
					if h.version != version || h.encrypted != (password != "") {
						t.Errorf("the header says %+v", h)
					}
				}
			}
		}
	}
}

func TestOpenABRefuses(t *testing.T) {
	sealed := writeAB(t, 5, "right", true, []byte("content"))
	test := func(name string, b []byte, password func() ([]byte, error), want error) {
		t.Run(name, func(t *testing.T) {
			tar, _, err := openAB(bytes.NewReader(b), password)
			if err == nil {
				_, err = io.ReadAll(tar)
			}
			if !errors.Is(err, want) {
				t.Errorf("got %v, want %v", err, want)
			}
		})
	}
	test("a wrong password", sealed, given("wrong"), ErrPassword)
	test("no password", sealed, nil, ErrLocked)
	test("nothing", nil, nil, errAB)
	test("a text", []byte("hello\nworld\n"), nil, errAB)
	test("a later version", []byte("ANDROID BACKUP\n6\n1\nnone\n"), nil, errAB)
	test("another cipher", []byte("ANDROID BACKUP\n5\n1\nROT-13\n"), nil, errAB)
	test("an endless line", []byte("ANDROID BACKUP\n"+strings.Repeat("9", 1<<20)), nil, errAB)
	test("a cut header", sealed[:200], given("right"), errAB)
	test("cut content", sealed[:len(sealed)-3], given("right"), errAB)
	test("endless rounds", bytes.Replace(sealed, []byte("\n1000\n"), []byte("\n999999999\n"), 1), given("right"), errAB)
}

func FuzzOpenAB(f *testing.F) {
	f.Add(writeAB(f, 1, "right", true, []byte("content")))
	f.Add(writeAB(f, 5, "", true, []byte("content")))
	f.Fuzz(func(t *testing.T, b []byte) {
		if bytes.Contains(b, []byte("0000\n")) { // many rounds are only slow
			t.Skip()
		}
		tar, _, err := openAB(bytes.NewReader(b), given("right"))
		if err == nil {
			io.Copy(io.Discard, io.LimitReader(tar, 1<<20))
		}
	})
}
