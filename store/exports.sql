-- Call records on their way into the archive. A record that an export has claimed
-- belongs to that export alone, until both are deleted together; a number is
-- never used twice, so that a file of the archive has one meaning.
CREATE TABLE exports (
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  hour INTEGER NOT NULL
);
ALTER TABLE records ADD COLUMN export INTEGER;
CREATE INDEX records_export ON records (export) WHERE export IS NOT NULL;

-- Where the archive is, for commands beside the service.
CREATE TABLE archive (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  node TEXT NOT NULL,  -- tells the files of this store from those of others
  place TEXT NOT NULL, -- '' for the folder calls beside the store
  keep INTEGER NOT NULL -- nanoseconds
);
