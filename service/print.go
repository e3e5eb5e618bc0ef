package service

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"net/http"
	"slices"
	"strings"
)

// printOf is the client print of a device socket: what a client shows of itself
// when it opens one, whoever uses it, as JA4H does for HTTP
// (https://github.com/FoxIO-LLC/ja4, JA4H). Which headers it sends, the values of those that
// name software, and the build that it says it is. It says nothing of a person:
// all who use the same browser and build have the same one. A client that only
// imitates another tends to miss some of it.
func printOf(r *http.Request, build uint32) string {
	names := make([]string, 0, len(r.Header))
	for name := range r.Header {
		names = append(names, strings.ToLower(name))
	}
	slices.Sort(names)
	h := sha256.New()
	for _, part := range []string{r.Proto, strings.Join(names, ","), r.UserAgent(), r.Header.Get("Sec-Websocket-Extensions"), r.Header.Get("Accept-Encoding")} {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(part))))
		h.Write([]byte(part))
	}
	h.Write(binary.BigEndian.AppendUint32(nil, build))
	return "c1-" + strings.ToLower(base32.StdEncoding.EncodeToString(h.Sum(nil)[:10]))
}
