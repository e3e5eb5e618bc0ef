package web

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// maxFile bounds what is read of one file of a server, in bytes.
const maxFile = 64 << 20

// Compare asks a server for every file of the messenger and returns, in words,
// which differ from the build inside this program. It cannot know what the
// server gives to others: it shows what it gives to who asks now.
func Compare(ctx context.Context, server string) (different []string, err error) {
	m, err := Hashes()
	if err != nil {
		return nil, err
	}
	client := &http.Client{Timeout: time.Minute}
	paths := make([]string, 0, len(m.Files))
	for p := range m.Files {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	for _, p := range paths {
		got, err := fetchHash(ctx, client, strings.TrimSuffix(server, "/")+p)
		switch {
		case err != nil:
			different = append(different, fmt.Sprintf("%s could not be compared: %v", p, err))
		case got != m.Files[p]:
			different = append(different, fmt.Sprintf("%s differs: the server gives SHA-256 %s, this build has %s", p, got, m.Files[p]))
		}
	}
	return different, nil
}

func fetchHash(ctx context.Context, client *http.Client, url string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("the server answered %s", resp.Status)
	}
	h := sha256.New()
	n, err := io.Copy(h, io.LimitReader(resp.Body, maxFile+1))
	if err == nil && n > maxFile {
		err = fmt.Errorf("longer than %d bytes", maxFile)
	}
	return hex.EncodeToString(h.Sum(nil)), err
}
