package bench

import (
	"crypto/sha1"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	_ "modernc.org/sqlite"
)

// BenchmarkCheckSmall examines a backup of 20,000 messages and 20,000 files
// that is made here, for a machine without the generators.
func BenchmarkCheckSmall(b *testing.B) {
	dir := b.TempDir()
	messages := filepath.Join(dir, "sms.db")
	build(b, messages, 20000, "create table message(ROWID integer primary key, text, attributedBody, handle_id integer, service, date integer, is_from_me integer)",
		"insert into message values(?,?,null,1,'SMS',?,0)", func(i int) []any {
			return []any{i, fmt.Sprintf("see https://news%d.example/%d", i%700, i), 700000000000000000 + int64(i)*1e12}
		})
	id := fmt.Sprintf("%x", sha1.Sum([]byte("HomeDomain-Library/SMS/sms.db")))
	if err := os.MkdirAll(filepath.Join(dir, id[:2]), 0o700); err != nil {
		b.Fatal(err)
	}
	if err := os.Rename(messages, filepath.Join(dir, id[:2], id)); err != nil {
		b.Fatal(err)
	}
	build(b, filepath.Join(dir, "Manifest.db"), 20000, "create table Files(fileID text primary key, domain text, relativePath text, flags integer, file blob)",
		"insert into Files values(?,?,?,1,null)", func(i int) []any {
			if i == 1 {
				return []any{id, "HomeDomain", "Library/SMS/sms.db"}
			}
			return []any{fmt.Sprintf("%040x", i), "CameraRollDomain", fmt.Sprintf("Media/DCIM/IMG_%d.HEIC", i)}
		})
	for name, keys := range map[string]string{
		"Info.plist":     "<key>Product Version</key><string>17.5.1</string>",
		"Manifest.plist": "<key>IsEncrypted</key><false/>",
	} {
		text := `<?xml version="1.0"?><plist version="1.0"><dict>` + keys + `</dict></plist>`
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	data := b.TempDir()
	for b.Loop() {
		wall, cpu, memory := examine(b, []string{"check", "--data", data, "--json", dir})
		b.ReportMetric(wall.Seconds(), "wall-s")
		b.ReportMetric(cpu.Seconds(), "cpu-s")
		b.ReportMetric(float64(memory>>20), "peak-MB")
	}
}

func build(b *testing.B, path string, n int, create, insert string, values func(int) []any) {
	db, err := sql.Open("sqlite", path)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	tx, err := db.Begin()
	if err != nil {
		b.Fatal(err)
	}
	if _, err := tx.Exec(create); err != nil {
		b.Fatal(err)
	}
	s, err := tx.Prepare(insert)
	if err != nil {
		b.Fatal(err)
	}
	for i := 1; i <= n; i++ {
		if _, err := s.Exec(values(i)...); err != nil {
			b.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		b.Fatal(err)
	}
}
