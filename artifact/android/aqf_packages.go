package android

import (
	"fmt"
	"time"

	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "android.aqf_packages",
		Title: "Installed apps with hashes and certificates of their files",
		Kinds: aqf,
		Paths: []string{"/aqf/packages.json"},
		Refs:  []string{"https://github.com/mvt-project/androidqf", "https://docs.mvt.re/en/latest/android/download_apks/"},
		Fields: [][2]string{
			{"package", "its name"},
			{"installer", "the app that installed it; null: none is named"},
			{"uid", "its user id"},
			{"system", "it belongs to the system image"},
			{"third_party", "it does not"},
			{"disabled", "it is disabled"},
			{"path", "its first file"},
			{"sha256", "of the first file"},
			{"certificate", "SHA-256 of the certificate that signed the first file"},
			{"subject", "whom that certificate names"},
			{"trusted_certificate", "androidqf knows the certificate as one of a known maker"},
			{"certificate_error", "why the signature does not hold"},
			{"files", "how many files it has; all are compared with indicators"},
			{"error", "what androidqf could not read"},
		},
		Parse: parseAQFPackages,
	})
}

// apk is one file of a package.
type apk struct {
	path, sha256, certificate, subject string
	certificateError, failure          string
	trusted                            bool
}

func parseAQFPackages(src *artifact.Source, to *artifact.Sink) error {
	return eachEntry(src, to, func(w *walk, e entry) {
		r := beginEntry(src, to, artifact.Installed, e)
		var first *apk
		n := 0
		w.object(func(key []byte) {
			switch string(key) {
			case "name":
				r.Set("package", string(w.text()))
				r.Observe(indicator.App, r.Text("package"))
			case "installer":
				r.Set("installer", string(w.text()))
				if r.Get("installer") == nil {
					r.Set("installer", "null")
				}
			case "uid":
				r.Set("uid", w.number())
			case "system", "third_party", "disabled":
				r.Set(string(key), w.yes())
			case "files":
				w.list(func() {
					f := readAPK(w, r)
					if n++; first == nil {
						first = &f
					}
				})
			}
		})
		if first != nil {
			r.Set("path", first.path)
			r.Set("sha256", first.sha256)
			r.Set("certificate", first.certificate)
			r.Set("subject", first.subject)
			r.Set("trusted_certificate", first.trusted)
			r.Set("certificate_error", first.certificateError)
			r.Set("error", first.failure)
		}
		r.Set("files", n)
		if r.Get("package") == nil {
			w.bad = true
			return
		}
		to.Emit()
	})
}

// readAPK reads one file, and observes its hashes and its certificate's.
func readAPK(w *walk, r *artifact.Record) (f apk) {
	see := func(t indicator.Type) string {
		v := string(w.text())
		r.Observe(t, v)
		return v
	}
	w.object(func(key []byte) {
		switch string(key) {
		case "path":
			f.path = see(indicator.FilePath)
		case "md5":
			see(indicator.MD5)
		case "sha1":
			see(indicator.SHA1)
		case "sha256":
			f.sha256 = see(indicator.SHA256)
		case "error":
			f.failure = string(w.text())
		case "trusted_certificate":
			f.trusted = w.yes()
		case "certificate_error":
			f.certificateError = string(w.text())
		case "certificate":
			w.object(func(key []byte) {
				switch string(key) {
				case "Md5", "md5":
					see(indicator.CertMD5)
				case "Sha1", "sha1":
					see(indicator.CertSHA1)
				case "Sha256", "sha256":
					f.certificate = see(indicator.CertSHA256)
				case "Subject", "subject":
					f.subject = string(w.text())
				}
			})
		}
	})
	return f
}

// eachEntry calls read for every entry of a JSON list; what cannot be read is
// told.
func eachEntry(src *artifact.Source, to *artifact.Sink, read func(w *walk, e entry)) error {
	f := faults{to: to}
	defer f.end()
	for e, err := range entries(src.Reader()) {
		if err != nil {
			if len(e.raw) == 0 {
				return err
			}
			f.add(fmt.Sprintf("entry %d", e.n), err)
			return nil
		}
		w := walk{b: e.raw}
		if e.raw[0] != '{' {
			f.add(fmt.Sprintf("entry %d", e.n), errNoObject)
			continue
		}
		if read(&w, e); w.bad {
			f.add(fmt.Sprintf("entry %d", e.n), errNoObject)
		}
	}
	return nil
}

// beginEntry begins a record of an entry of a JSON list.
func beginEntry(src *artifact.Source, to *artifact.Sink, act artifact.Act, e entry) *artifact.Record {
	r := to.Record(act, time.Time{})
	r.Where.Row, r.Where.Offset = e.n, src.File.Offset+e.offset
	return r
}
