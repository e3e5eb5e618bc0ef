-- Calls and knocks that people found strange; one line for each attempt of
-- theirs. Lines are added, and deleted when their time is over.
CREATE TABLE reports (
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  reporter BLOB NOT NULL,
  account BLOB NOT NULL, -- who is reported
  attempt BLOB NOT NULL, -- the call or the knock, as in its record
  knock INTEGER NOT NULL,
  in_range INTEGER NOT NULL,
  UNIQUE (reporter, attempt)
);
CREATE INDEX reports_at ON reports (at);

-- The latest call that a notice stands for; NULL in notices from before.
ALTER TABLE notices ADD COLUMN call BLOB;
-- The knock, as in its record.
ALTER TABLE contacts ADD COLUMN knock BLOB;
UPDATE contacts SET knock = randomblob(16) WHERE NOT accepted;
