-- Version 2. Accounts whose one-time keys ran out, the last time that they did.

CREATE TABLE dry_spells (
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  account BLOB NOT NULL UNIQUE REFERENCES accounts (id) ON DELETE CASCADE,
  since INTEGER NOT NULL,
  last INTEGER NOT NULL,    -- when the fallback key was given last
  given INTEGER NOT NULL,   -- how often it was
  refilled INTEGER NOT NULL -- 0: they still are
);
CREATE INDEX dry_spells_now ON dry_spells (n) WHERE refilled = 0;
