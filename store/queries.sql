-- Who asked the call records for what, with a sign: lines are only ever added,
-- and each has the hash of the one before in its own. SQLite remembers the largest
-- number, so that the last line is missed, too.
CREATE TABLE queries (
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  what TEXT NOT NULL,   -- enroll, withdraw, ask, approve, run
  query TEXT NOT NULL,  -- Q-2026-0001, or empty
  case_id TEXT NOT NULL,
  person TEXT NOT NULL,
  note TEXT NOT NULL,   -- what the person signed, or whose key was enrolled
  results INTEGER NOT NULL,
  hash BLOB NOT NULL
) STRICT;
CREATE TRIGGER queries_stay BEFORE DELETE ON queries BEGIN SELECT RAISE(ABORT, 'queries are never deleted'); END;
CREATE TRIGGER queries_are BEFORE UPDATE ON queries BEGIN SELECT RAISE(ABORT, 'queries are never changed'); END;
