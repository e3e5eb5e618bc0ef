-- What was done about bans. Rows are added, and never changed or deleted.
CREATE TABLE ban_acts (
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  uid BLOB NOT NULL UNIQUE,  -- of the act, the same on every node
  ban BLOB NOT NULL,         -- uid of the act that added the ban
  id TEXT UNIQUE,            -- of the ban on this node, "B-2026-0001", where the act adds it
  at INTEGER NOT NULL,       -- ns
  local INTEGER NOT NULL,    -- it was done on this node
  body TEXT NOT NULL         -- JSON
) STRICT;
CREATE INDEX ban_acts_ban ON ban_acts (ban, n);
CREATE TRIGGER ban_acts_stay BEFORE DELETE ON ban_acts BEGIN SELECT RAISE(ABORT, 'what was done about a ban stays'); END;
CREATE TRIGGER ban_acts_same BEFORE UPDATE ON ban_acts BEGIN SELECT RAISE(ABORT, 'what was done about a ban stays as it is'); END;

-- New accounts that show what a ban names; decided once, and never deleted.
CREATE TABLE evasions (
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  ban TEXT NOT NULL,
  account BLOB NOT NULL,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  value TEXT NOT NULL,
  shared INTEGER NOT NULL,   -- -1: not known
  holding INTEGER NOT NULL,
  appeal TEXT NOT NULL DEFAULT '',
  appealed INTEGER NOT NULL DEFAULT 0,
  decided INTEGER NOT NULL DEFAULT 0,
  decision TEXT NOT NULL DEFAULT '',
  by TEXT NOT NULL DEFAULT '',
  reason TEXT NOT NULL DEFAULT '',
  UNIQUE (ban, account)
) STRICT;
CREATE INDEX evasions_account ON evasions (account);
CREATE INDEX evasions_open ON evasions (ban) WHERE decided = 0;
CREATE TRIGGER evasions_stay BEFORE DELETE ON evasions BEGIN SELECT RAISE(ABORT, 'a flag stays'); END;
CREATE TRIGGER evasions_once BEFORE UPDATE ON evasions WHEN old.decided <> 0 OR new.ban <> old.ban OR new.account <> old.account
BEGIN SELECT RAISE(ABORT, 'a flag is decided once'); END;

-- Which accounts showed a client print, or came from a network, of late: how
-- many share it. Addresses are not kept.
CREATE TABLE sightings (
  kind TEXT NOT NULL,
  value TEXT NOT NULL,
  account BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  last INTEGER NOT NULL,
  PRIMARY KEY (kind, value, account)
) WITHOUT ROWID;
CREATE INDEX sightings_account ON sightings (account, kind, last);
CREATE INDEX sightings_last ON sightings (last);
CREATE INDEX calls_pair ON calls (caller, callee);

-- The texts of the terms of service as they were shown, and who accepted which.
CREATE TABLE terms_texts (
  sha256 BLOB PRIMARY KEY,
  version TEXT NOT NULL,
  text TEXT NOT NULL,
  since INTEGER NOT NULL     -- shown the first time
) WITHOUT ROWID;
CREATE TABLE terms_accepted (
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  account BLOB NOT NULL,     -- stays when the account is deleted: it is evidence
  sha256 BLOB NOT NULL REFERENCES terms_texts (sha256),
  at INTEGER NOT NULL,
  UNIQUE (account, sha256)
) STRICT;
CREATE TRIGGER terms_texts_stay BEFORE DELETE ON terms_texts BEGIN SELECT RAISE(ABORT, 'terms that were shown stay'); END;
CREATE TRIGGER terms_texts_same BEFORE UPDATE ON terms_texts BEGIN SELECT RAISE(ABORT, 'terms that were shown stay as they are'); END;
CREATE TRIGGER terms_accepted_stay BEFORE DELETE ON terms_accepted BEGIN SELECT RAISE(ABORT, 'an acceptance stays'); END;
CREATE TRIGGER terms_accepted_same BEFORE UPDATE ON terms_accepted BEGIN SELECT RAISE(ABORT, 'an acceptance stays as it is'); END;
