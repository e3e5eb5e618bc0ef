-- Campaigns that a hunt has found, under ids that stay.
CREATE TABLE campaigns (
	id       TEXT PRIMARY KEY,       -- C-2026-0007
	found    INTEGER NOT NULL,       -- ns: the first time
	seen     INTEGER NOT NULL,       -- ns: the last time that a hunt found it
	strength TEXT NOT NULL,
	body     BLOB NOT NULL           -- the campaign as docs/hunt.md describes it, JSON
) STRICT;
CREATE TABLE campaign_accounts (
	account  TEXT NOT NULL,
	campaign TEXT NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
	PRIMARY KEY (account, campaign)
) STRICT, WITHOUT ROWID;
