-- That somebody held a campaign back, or released it.
CREATE TABLE campaign_decisions (
	n        INTEGER PRIMARY KEY,
	campaign TEXT NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
	at       INTEGER NOT NULL,       -- ns
	by       TEXT NOT NULL,          -- an analyst's name
	reason   TEXT NOT NULL,
	hold     INTEGER NOT NULL        -- 1: held back, 0: released
) STRICT;
CREATE INDEX campaign_decisions_of ON campaign_decisions (campaign, n);
