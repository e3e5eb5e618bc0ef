package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/ringfence/ringfence/wire"
)

// Record is the record of an attempted call, version 1. Fields that are nil are
// not known.
type Record struct {
	Time          time.Time `json:"time"` // of the attempt
	Call          wire.ID   `json:"call_id"`
	Caller        wire.ID   `json:"caller"`
	Callee        wire.ID   `json:"callee"`
	CallerPrint   *string   `json:"caller_print"`
	CallerVersion *string   `json:"caller_version"`
	CallerNetwork *string   `json:"caller_network"` // "AS64500"
	CallerCountry *string   `json:"caller_country"` // ISO 3166
	CalleeCountry *string   `json:"callee_country"`
	Outcome       string    `json:"outcome"` // answered, declined, missed, cancelled, failed, blocked
	RingMS        int32     `json:"ring_ms"`
	TalkMS        int32     `json:"talk_ms"`
	Contact       *bool     `json:"contact"` // the callee had accepted the caller
	CallerAgeDays *int32    `json:"caller_age_days"`
	Rules         []string  `json:"rules"` // those that fired; "knock" for a knock
	Run           string    `json:"-"`     // of the test range; such a record is not kept
}

const recordColumns = `time, call, caller, callee, caller_print, caller_version, caller_network, caller_country, callee_country,
	outcome, ring_ms, talk_ms, contact, caller_age_days, rules`

// AddRecord adds the record of an attempt.
func (s *Store) AddRecord(ctx context.Context, r Record) error {
	rules, err := marshalRules(r.Rules)
	if err != nil {
		return err
	}
	return s.writer.do(ctx, func(t *tx) error {
		_, err := t.exec("INSERT INTO records ("+recordColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			ns(r.Time), r.Call[:], r.Caller[:], r.Callee[:], r.CallerPrint, r.CallerVersion, r.CallerNetwork, r.CallerCountry, r.CalleeCountry,
			r.Outcome, r.RingMS, r.TalkMS, r.Contact, r.CallerAgeDays, rules)
		return err
	})
}

// marshalRules writes a list of rules; none is an empty list.
func marshalRules(rules []string) (string, error) {
	b, err := json.Marshal(append([]string{}, rules...))
	return string(b), err
}

type numberedRecord struct {
	n int64
	Record
}

func readRecord(row scanner) (r numberedRecord, err error) {
	var rules []byte
	if err = row.Scan(&r.n, (*stamp)(&r.Time), fixed(r.Call[:]), fixed(r.Caller[:]), fixed(r.Callee[:]), &r.CallerPrint, &r.CallerVersion, &r.CallerNetwork,
		&r.CallerCountry, &r.CalleeCountry, &r.Outcome, &r.RingMS, &r.TalkMS, &r.Contact, &r.CallerAgeDays, &rules); err != nil {
		return r, err
	}
	return r, json.Unmarshal(rules, &r.Rules)
}

// Records visits the records in the order in which they were added, until the
// visit returns an error, which it then returns. They are read piece by piece,
// so that a slow visitor holds up nobody.
func (s *Store) Records(ctx context.Context, visit func(Record) error) error {
	const piece = 500
	for last := int64(0); ; {
		rows, err := s.read.QueryContext(ctx, "SELECT n, "+recordColumns+" FROM records WHERE n > ? ORDER BY n LIMIT ?", last, piece)
		all, err := rowsOf(rows, err, readRecord)
		if err != nil || len(all) == 0 {
			return err
		}
		for _, r := range all {
			if err := visit(r.Record); err != nil {
				return err
			}
		}
		last = all[len(all)-1].n
	}
}

// ExpireRecords deletes the records from before a time and returns how many.
func (s *Store) ExpireRecords(ctx context.Context, before time.Time) (n int, err error) {
	err = s.writer.do(ctx, func(t *tx) error {
		n, err = t.exec("DELETE FROM records WHERE time < ?", ns(before))
		return err
	})
	return n, err
}
