-- A ledger: a log of entries and the hashes of its tree, both only ever added to.
CREATE TABLE entries (
  n INTEGER PRIMARY KEY,        -- index in the log, from 0
  leaf BLOB NOT NULL,
  open TEXT NOT NULL,           -- the fields with their salts, JSON
  note TEXT NOT NULL,           -- signed by who acted, or empty
  action  TEXT GENERATED ALWAYS AS (open ->> '$.action.value') VIRTUAL,
  kind    TEXT GENERATED ALWAYS AS (open ->> '$.kind.value') VIRTUAL,
  subject TEXT GENERATED ALWAYS AS (open ->> '$.subject.value') VIRTUAL,
  exhibit TEXT GENERATED ALWAYS AS (open ->> '$.exhibit.value') VIRTUAL
) STRICT;
CREATE INDEX entries_action ON entries (action, n);
CREATE INDEX entries_kind ON entries (kind, subject, n) WHERE kind IS NOT NULL;
CREATE INDEX entries_exhibit ON entries (exhibit, n) WHERE exhibit IS NOT NULL;
CREATE TRIGGER entries_stay BEFORE DELETE ON entries BEGIN SELECT RAISE(ABORT, 'entries of a ledger are never deleted'); END;
CREATE TRIGGER entries_are BEFORE UPDATE ON entries BEGIN SELECT RAISE(ABORT, 'entries of a ledger are never changed'); END;

CREATE TABLE hashes (
  at INTEGER PRIMARY KEY,       -- tlog.StoredHashIndex
  hash BLOB NOT NULL
) STRICT;
CREATE TRIGGER hashes_stay BEFORE DELETE ON hashes BEGIN SELECT RAISE(ABORT, 'hashes of a ledger are never deleted'); END;
CREATE TRIGGER hashes_are BEFORE UPDATE ON hashes BEGIN SELECT RAISE(ABORT, 'hashes of a ledger are never changed'); END;

-- States of the log that were signed, and what others said of them since.
CREATE TABLE heads (
  size INTEGER PRIMARY KEY,
  checkpoint BLOB NOT NULL      -- with the cosignatures of witnesses
) STRICT;
CREATE TABLE stamps (
  size INTEGER NOT NULL,
  authority TEXT NOT NULL,
  at INTEGER NOT NULL,          -- s: the time in the token
  token BLOB NOT NULL,          -- TimeStampResp (RFC 3161 §2.4.2)
  chain BLOB NOT NULL,          -- PEM
  PRIMARY KEY (size, authority)
) STRICT;

-- Events read from an exhibit, so that they can be searched; the exhibit is what counts.
CREATE TABLE events (
  exhibit TEXT NOT NULL,
  n INTEGER NOT NULL,           -- line of the exhibit, from 1
  at INTEGER NOT NULL,          -- ns
  account TEXT NOT NULL,
  target TEXT NOT NULL,
  body TEXT NOT NULL,           -- the line
  PRIMARY KEY (exhibit, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX events_at ON events (at);
CREATE INDEX events_account ON events (account, at);
CREATE INDEX events_target ON events (target, at);

-- How many events of an account were on which day, so that a long time can be drawn.
CREATE TABLE event_days (
  account TEXT NOT NULL,
  day INTEGER NOT NULL,         -- since 1970, UTC
  n INTEGER NOT NULL,
  PRIMARY KEY (account, day)
) STRICT, WITHOUT ROWID;

-- What a viewer saw.
CREATE TABLE views (
  n INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,          -- s
  who TEXT NOT NULL,
  what TEXT NOT NULL
) STRICT;
CREATE TRIGGER views_stay BEFORE DELETE ON views BEGIN SELECT RAISE(ABORT, 'views are never deleted'); END;
CREATE TRIGGER views_are BEFORE UPDATE ON views BEGIN SELECT RAISE(ABORT, 'views are never changed'); END;

CREATE TABLE settings (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- When each blob was last found to be as it was written.
CREATE TABLE proved (
  blob TEXT PRIMARY KEY,
  at INTEGER NOT NULL           -- s
) STRICT, WITHOUT ROWID;
