-- Who turned which pseudonym back into an account, and why: lines are only ever
-- added, and each has the hash of the one before in its own.
CREATE TABLE reveals (
  n INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  case_id TEXT NOT NULL,
  first TEXT NOT NULL,   -- the two persons, as age recipients
  second TEXT NOT NULL,
  pseudonyms TEXT NOT NULL, -- JSON
  found INTEGER NOT NULL,
  hash BLOB NOT NULL
);
CREATE TRIGGER reveals_stay BEFORE DELETE ON reveals BEGIN SELECT RAISE(ABORT, 'reveals are never deleted'); END;
CREATE TRIGGER reveals_are BEFORE UPDATE ON reveals BEGIN SELECT RAISE(ABORT, 'reveals are never changed'); END;
