package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/ringfence/ringfence/guard"
)

// maxWrong is how many faults are listed of one kind.
const maxWrong = 100

// Verify reads all of the store and says, in words, what in it is not whole;
// nothing where all is well.
func (s *Store) Verify(ctx context.Context) ([]string, error) {
	var wrong []string
	for _, check := range []func(context.Context) ([]string, error){s.checkFile, s.checkReferences, s.checkVerdicts, s.checkCalls, s.checkReveals, s.checkQueries} {
		found, err := check(ctx)
		if err != nil {
			return wrong, fmt.Errorf("store: reading all of it: %w", err)
		}
		wrong = append(wrong, found...)
	}
	return wrong, nil
}

func (s *Store) checkFile(ctx context.Context) ([]string, error) {
	rows, err := s.read.QueryContext(ctx, fmt.Sprintf("PRAGMA integrity_check(%d)", maxWrong))
	all, err := rowsOf(rows, err, func(r scanner) (line string, err error) {
		err = r.Scan(&line)
		return "the database file: " + line, err
	})
	if len(all) == 1 && all[0] == "the database file: ok" {
		all = nil
	}
	return all, err
}

func (s *Store) checkReferences(ctx context.Context) ([]string, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT \"table\", parent, count(*) FROM pragma_foreign_key_check GROUP BY 1, 2")
	return rowsOf(rows, err, func(r scanner) (string, error) {
		var table, parent string
		var n int
		err := r.Scan(&table, &parent, &n)
		return fmt.Sprintf("%d entries of %s refer to entries of %s that are not there", n, table, parent), err
	})
}

// checkVerdicts holds the kept bytes of each verdict against their hash, where
// they were not cut.
func (s *Store) checkVerdicts(ctx context.Context) (wrong []string, err error) {
	for last := int64(0); len(wrong) < maxWrong; {
		rows, err := s.read.QueryContext(ctx, "SELECT "+verdictColumns+", bytes FROM verdicts WHERE n > ? ORDER BY n LIMIT 100", last)
		all, err := rowsOf(rows, err, readVerdict(true))
		if err != nil || len(all) == 0 {
			return wrong, err
		}
		for _, v := range all {
			sum := sha256.Sum256(v.Bytes)
			switch {
			case v.Size != len(v.Bytes) && len(v.Bytes) != min(v.Size, guard.MaxBytes):
				wrong = append(wrong, fmt.Sprintf("verdict %d: %d bytes are kept of %d that arrived", v.Number, len(v.Bytes), v.Size))
			case v.Size == len(v.Bytes) && v.SHA256 != hex.EncodeToString(sum[:]):
				wrong = append(wrong, fmt.Sprintf("verdict %d: its bytes are not those that its hash was made over", v.Number))
			case !slices.Contains(gravities, v.Severity):
				wrong = append(wrong, fmt.Sprintf("verdict %d: its severity %q is none of ours", v.Number, v.Severity))
			}
		}
		last = all[len(all)-1].Number
	}
	return wrong, nil
}

func (s *Store) checkCalls(ctx context.Context) ([]string, error) {
	states, err := json.Marshal(guard.States())
	if err != nil {
		return nil, err
	}
	rows, err := s.read.QueryContext(ctx, "SELECT state, count(*) FROM calls WHERE state NOT IN (SELECT value FROM json_each(?)) GROUP BY state", string(states))
	return rowsOf(rows, err, func(r scanner) (string, error) {
		var state string
		var n int
		err := r.Scan(&state, &n)
		return fmt.Sprintf("%d calls are in the state %q, which is none of ours", n, state), err
	})
}
