package android

import (
	"compress/zlib"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "android.sms_backup",
		Title: "SMS and MMS in a backup",
		Kinds: backup,
		Paths: []string{"/apps/com.android.providers.telephony/d_f/*_sms_backup", "/apps/com.android.providers.telephony/d_f/*_mms_backup"},
		Refs:  []string{"https://android.googlesource.com/platform/packages/providers/TelephonyProvider/+/refs/heads/main/src/com/android/providers/telephony/TelephonyBackupAgent.java"},
		Fields: [][2]string{
			{"kind", "sms or mms"},
			{"address", "the other end; of an mms all that take part"},
			{"text", "the message"},
			{"subject", "of an mms"},
			{"type", "1 received, 2 sent, 3 draft, 4 to be sent, 5 not sent, 6 queued"},
			{"sent", "when it was sent, by the network"},
			{"content", "address of an mms's content"},
		},
		Parse: parseSMSBackup,
	})
}

// maxInflated bounds what one file of at most a thousand messages unpacks to.
const maxInflated = 1 << 30

// bounded reads up to a limit and then says so.
type bounded struct {
	r    io.Reader
	left int64
}

// Read reads what is left.
func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, fmt.Errorf("%w: it unpacks to more than %d bytes", artifact.ErrLong, int64(maxInflated))
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

func parseSMSBackup(src *artifact.Source, to *artifact.Sink) error {
	z, err := zlib.NewReader(src.Reader())
	if err != nil {
		return err
	}
	defer z.Close()
	kind := "sms"
	if strings.HasSuffix(path.Base(src.Path), "_mms_backup") {
		kind = "mms"
	}
	f := faults{to: to}
	defer f.end()
	for e, err := range entries(&bounded{z, maxInflated}) {
		if err != nil {
			return err
		}
		w := walk{b: e.raw}
		m := readMessage(&w, kind)
		if w.bad || e.raw[0] != '{' {
			f.add(fmt.Sprintf("message %d", e.n), errNoObject)
			continue
		}
		m.emit(src, to, e)
	}
	return nil
}

// mail is one message of a backup.
type mail struct {
	kind, text, subject, content string
	addresses                    list
	date, sent, box              int64
}

func readMessage(w *walk, kind string) mail {
	m := mail{kind: kind}
	w.object(func(key []byte) {
		switch string(key) {
		case "address":
			m.addresses.add(string(w.text()))
		case "body", "mms_body":
			m.text = string(w.text())
		case "sub":
			m.subject = string(w.text())
		case "ct_l":
			m.content = string(w.text())
		case "type", "msg_box":
			m.box = w.number()
		case "date":
			m.date = w.number()
		case "date_sent":
			m.sent = w.number()
		case "mms_addresses":
			w.list(func() {
				w.object(func(key []byte) {
					if string(key) == "address" {
						m.addresses.add(string(w.text()))
					}
				})
			})
		}
	})
	return m
}

func (m *mail) emit(src *artifact.Source, to *artifact.Sink, e entry) {
	act := artifact.Received
	if m.box >= 2 {
		act = artifact.Sent
	}
	millis := unixMilli
	if m.kind == "mms" {
		millis = unix // MMS count in seconds
	}
	r := beginEntry(src, to, act, e)
	r.Time = millis(m.date)
	r.Where.Offset = 0 // it stands in a compressed stream
	r.Set("kind", m.kind)
	r.Set("address", m.addresses.String())
	r.Set("text", m.text)
	r.Set("subject", m.subject)
	r.Set("type", m.box)
	r.Set("sent", millis(m.sent))
	r.Set("content", m.content)
	r.Links(m.text)
	r.Links(m.subject)
	r.Link(m.content)
	for _, a := range m.addresses.items {
		if strings.Contains(a, "@") {
			r.Observe(indicator.Email, a)
		}
	}
	to.Emit()
}
