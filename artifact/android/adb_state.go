package android

import (
	"crypto/md5"
	"encoding/base64"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/ringfence/ringfence/artifact"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "android.adb_state",
		Title: "Computers that may debug the phone (adb), and debugging over Wi-Fi",
		Kinds: dumps,
		Paths: dumpsys("adb"),
		Refs: []string{
			"https://developer.android.com/tools/adb",
			"https://android.googlesource.com/platform/frameworks/base/+/refs/heads/main/services/core/java/com/android/server/adb/AdbDebuggingManager.java",
		},
		Fields: [][2]string{
			{"event", "key: a computer that is trusted; wifi: debugging over Wi-Fi; state: of the connection"},
			{"source", "of a key: user_keys, keystore or system_keys"},
			{"host", "of a key: what the computer called itself"},
			{"fingerprint", "of a key: MD5 of the public key, as adb shows it"},
			{"last_connection", "of a key: when it was last used"},
			{"invalid", "of a key: it is no adb public key"},
			{"connected", "of the state: adb was connected when the dump was made"},
			{"last_key", "of the state: fingerprint of the key that was last presented"},
			{"enabled", "of wifi: it is switched on"},
			{"port", "of wifi: the TCP port"},
			{"bssid", "of wifi: the access point at which it was allowed"},
		},
		Parse: parseADBState,
	})
}

var (
	// A public key in base64 and the name of its computer, as in adb_keys.
	// The length of a real one is 524 bytes; tests and fakes are shorter.
	adbKey = regexp.MustCompile(`([A-Za-z0-9+/]{24}[A-Za-z0-9+/]*={0,2}) ([^\s"<>\x00-\x1f\x{fffd}]+)`)
	adbXML = regexp.MustCompile(`<adbKey key="([^"]+)" lastConnection="(\d+)"`)
	wifiAP = regexp.MustCompile(`<wifiAP bssid="([^"]+)"`)
)

// parseADBState reads the dump's blocks. The key store is XML or, since Android
// 12, binary XML that was turned into text and has lost its numbers by that:
// of these the keys are found by their form, without the time of their use.
func parseADBState(src *artifact.Source, to *artifact.Sink) error {
	d := newDump(src, to)
	block := ""
	var wifi map[string]string
	for line := range d.lines() {
		text := strings.TrimSpace(line)
		if key, _, found := strings.Cut(text, "="); found && len(key) < 40 && !strings.ContainsAny(key, " <\"") && !isKey(text) {
			block = key
		}
		after := strings.TrimPrefix(text, block+"=")
		switch {
		case wifi != nil && text == "}":
			emitWifi(d, wifi)
			wifi = nil
		case wifi != nil:
			if len(wifi) < 20 {
				wifi[block] = after
			}
		case block == "adb_wifi":
			wifi = map[string]string{}
		case block == "connected_to_adb" && text != after:
			r := d.record(artifact.Configured, moment{})
			r.Set("event", "state")
			r.Set("connected", after == "true")
			to.Emit()
		case block == "last_key_received" && text != after:
			r := d.record(artifact.Configured, moment{})
			r.Set("event", "state")
			r.Set("last_key", after)
			to.Emit()
		case block == "user_keys" || block == "keystore" || block == "system_keys":
			emitKeys(d, block, after)
		}
	}
	return d.end()
}

func isKey(text string) bool {
	at := adbKey.FindStringIndex(text)
	return at != nil && at[0] == 0
}

func emitKeys(d *dump, source, text string) {
	if aps := wifiAP.FindAllStringSubmatch(text, -1); aps != nil {
		for _, m := range aps {
			r := d.record(artifact.Configured, moment{})
			r.Set("event", "wifi")
			r.Set("bssid", m[1])
			d.to.Emit()
		}
		return
	}
	if stored := adbXML.FindAllStringSubmatch(text, -1); stored != nil {
		for _, m := range stored {
			ms, _ := strconv.ParseInt(m[2], 10, 64)
			key, host, _ := strings.Cut(m[1], " ")
			emitKey(d, source, key, host, unixMilli(ms))
		}
		return
	}
	for _, m := range adbKey.FindAllStringSubmatch(text, -1) {
		emitKey(d, source, m[1], m[2], time.Time{})
	}
}

func emitKey(d *dump, source, key, host string, last time.Time) {
	r := d.record(artifact.Configured, at(last))
	r.Set("event", "key")
	r.Set("source", source)
	r.Set("host", host)
	sum, valid := fingerprint(key)
	if !valid {
		r.Set("invalid", true)
	}
	r.Set("fingerprint", sum)
	r.Set("last_connection", last)
	d.to.Emit()
}

// fingerprint returns the MD5 of a public key in base64 as adb shows it. A real
// key is 524 bytes: RSA 2048 with its Montgomery constants.
// https://android.googlesource.com/platform/system/core/+/refs/heads/main/libcrypto_utils/android_pubkey.cpp
func fingerprint(key string) (sum string, valid bool) {
	b, err := base64.StdEncoding.DecodeString(key)
	if err != nil {
		return "", false
	}
	m := md5.Sum(b)
	return strings.ReplaceAll(fmt.Sprintf("% X", m[:]), " ", ":"), len(b) == 524
}

func emitWifi(d *dump, wifi map[string]string) {
	r := d.record(artifact.Configured, moment{})
	r.Set("event", "wifi")
	r.Set("enabled", wifi["enabled"] == "true")
	r.Set("bssid", wifi["network_bssid"])
	if port := wifi["tls_port"]; port != "" && port != "0" {
		r.Set("port", whole(port))
	}
	d.to.Emit()
}
