-- Security notices: what people who were targeted were told, and what they answered.
-- The words are the same for everybody, are public, and stay.
CREATE TABLE security_texts (
  sha256 BLOB PRIMARY KEY,   -- of what two persons signed
  body TEXT NOT NULL,        -- JSON: wire/notice.Notice without id and code
  since INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TRIGGER security_texts_stay BEFORE DELETE ON security_texts BEGIN SELECT RAISE(ABORT, 'what people were told stays'); END;
CREATE TRIGGER security_texts_same BEFORE UPDATE ON security_texts BEGIN SELECT RAISE(ABORT, 'what people were told stays as it is'); END;

CREATE TABLE security_notices (
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  account BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  code TEXT NOT NULL,
  id TEXT NOT NULL,
  sha256 BLOB NOT NULL REFERENCES security_texts (sha256),
  delivered INTEGER NOT NULL,
  read INTEGER NOT NULL DEFAULT 0,
  UNIQUE (account, code)
) STRICT;
CREATE INDEX security_notices_text ON security_notices (sha256);

-- A consent that was given or withdrawn; the last one counts.
CREATE TABLE security_answers (
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  notice INTEGER NOT NULL REFERENCES security_notices (n) ON DELETE CASCADE,
  what TEXT NOT NULL,
  yes INTEGER NOT NULL,
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX security_answers_notice ON security_answers (notice);
