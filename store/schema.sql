-- Version 1. Identifiers and keys are BLOBs, times nanoseconds since 1970 (0 for
-- none). Migrations are the statements between lines of "-- Version"; one that
-- was shipped is never changed.

CREATE TABLE accounts (
  id BLOB PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  device BLOB NOT NULL UNIQUE,
  ed25519 BLOB NOT NULL,
  curve25519 BLOB NOT NULL,
  signature BLOB NOT NULL,
  created INTEGER NOT NULL,
  invited_by BLOB NOT NULL, -- stays when that account is deleted
  run TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX accounts_run ON accounts (run) WHERE run <> '';

CREATE TABLE invites (
  hash BLOB PRIMARY KEY,
  for_account BLOB REFERENCES accounts (id) ON DELETE CASCADE,
  by_account BLOB REFERENCES accounts (id) ON DELETE CASCADE,
  expires INTEGER NOT NULL,
  run TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX invites_for ON invites (for_account);
CREATE INDEX invites_by ON invites (by_account);

CREATE TABLE sessions (
  hash BLOB PRIMARY KEY,
  account BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  device BLOB NOT NULL,
  expires INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX sessions_account ON sessions (account);

-- The hash of a key stays when the key was handed out.
CREATE TABLE one_time_keys (
  n INTEGER PRIMARY KEY,
  device BLOB NOT NULL REFERENCES accounts (device) ON DELETE CASCADE,
  hash BLOB NOT NULL,
  key BLOB, -- NULL: handed out
  UNIQUE (device, hash)
);
CREATE INDEX one_time_keys_left ON one_time_keys (device, n) WHERE key IS NOT NULL;

CREATE TABLE envelope_keys (
  device BLOB PRIMARY KEY REFERENCES accounts (device) ON DELETE CASCADE,
  id INTEGER NOT NULL,
  key BLOB NOT NULL,
  signature BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE fallback_keys (
  device BLOB PRIMARY KEY REFERENCES accounts (device) ON DELETE CASCADE,
  key BLOB NOT NULL,
  signature BLOB NOT NULL
) WITHOUT ROWID;

-- What owner sees: others who are accepted, or who knocked.
CREATE TABLE contacts (
  owner BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  other BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  accepted INTEGER NOT NULL,
  since INTEGER NOT NULL,
  PRIMARY KEY (owner, other)
) WITHOUT ROWID;
CREATE INDEX contacts_other ON contacts (other);

CREATE TABLE tokens (
  hash BLOB PRIMARY KEY,
  account BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX tokens_account ON tokens (account);

CREATE TABLE calls (
  id BLOB PRIMARY KEY,
  caller BLOB NOT NULL,
  callee BLOB NOT NULL,
  caller_device BLOB NOT NULL,
  callee_device BLOB NOT NULL,
  media INTEGER NOT NULL,
  state TEXT NOT NULL,
  offered INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  answered INTEGER NOT NULL,
  caller_build INTEGER NOT NULL,
  in_range INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX calls_caller ON calls (caller) WHERE state <> 'ended';
CREATE INDEX calls_callee ON calls (callee) WHERE state <> 'ended';
CREATE INDEX calls_offered ON calls (offered);

CREATE TABLE records (
  n INTEGER PRIMARY KEY,
  time INTEGER NOT NULL,
  call BLOB NOT NULL,
  caller BLOB NOT NULL,
  callee BLOB NOT NULL,
  caller_print TEXT,
  caller_version TEXT,
  caller_network TEXT,
  caller_country TEXT,
  callee_country TEXT,
  outcome TEXT NOT NULL,
  ring_ms INTEGER NOT NULL,
  talk_ms INTEGER NOT NULL,
  contact INTEGER,
  caller_age_days INTEGER,
  rules TEXT NOT NULL -- JSON
);
CREATE INDEX records_time ON records (time);

CREATE TABLE notices (
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  owner BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  kind TEXT NOT NULL,
  account BLOB NOT NULL,
  name TEXT NOT NULL,
  media TEXT NOT NULL,
  since INTEGER NOT NULL, -- the first of those it stands for
  at INTEGER NOT NULL,    -- the last of them
  count INTEGER NOT NULL
);
CREATE INDEX notices_owner ON notices (owner, at);
CREATE INDEX notices_account ON notices (account);

CREATE TABLE verdicts (
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  alike BLOB NOT NULL, -- hash of what alike verdicts have in common
  at INTEGER NOT NULL,
  action TEXT NOT NULL,
  severity TEXT NOT NULL,
  gravity INTEGER NOT NULL, -- the severity as a number, info 0
  rules TEXT NOT NULL,      -- JSON; verdict_rules has them singly
  decided TEXT NOT NULL,    -- the first of them
  kind TEXT NOT NULL,
  account BLOB NOT NULL,
  target BLOB NOT NULL,
  call BLOB NOT NULL,
  address TEXT NOT NULL,
  build INTEGER NOT NULL,
  clause TEXT NOT NULL,
  reason TEXT NOT NULL,
  offset INTEGER NOT NULL,
  length INTEGER NOT NULL,
  size INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  count INTEGER NOT NULL,
  in_range INTEGER NOT NULL,
  bytes BLOB
);
CREATE INDEX verdicts_alike ON verdicts (alike, at);
CREATE INDEX verdicts_at ON verdicts (at);
CREATE INDEX verdicts_gravity ON verdicts (in_range, gravity, n);
CREATE INDEX verdicts_account ON verdicts (account);
CREATE INDEX verdicts_target ON verdicts (target);
CREATE INDEX verdicts_call ON verdicts (call);

CREATE TABLE verdict_rules (
  rule TEXT NOT NULL,
  n INTEGER NOT NULL REFERENCES verdicts (n) ON DELETE CASCADE,
  PRIMARY KEY (rule, n)
) WITHOUT ROWID;
CREATE INDEX verdict_rules_n ON verdict_rules (n);

-- What had to go from a full ledger, so that it is known that it was there.
CREATE TABLE verdicts_dropped (
  decided TEXT NOT NULL,
  severity TEXT NOT NULL,
  in_range INTEGER NOT NULL,
  lines INTEGER NOT NULL,
  events INTEGER NOT NULL,
  oldest INTEGER NOT NULL,
  newest INTEGER NOT NULL,
  PRIMARY KEY (decided, severity, in_range)
) WITHOUT ROWID;

-- Never deleted; the name is the one at the time of the block.
CREATE TABLE blocks (
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  account BLOB NOT NULL,
  name TEXT NOT NULL,
  since INTEGER NOT NULL,
  by TEXT NOT NULL,
  reason TEXT NOT NULL,
  lifted INTEGER NOT NULL,
  lifted_by TEXT NOT NULL,
  lift_reason TEXT NOT NULL
);
CREATE UNIQUE INDEX blocks_in_force ON blocks (account) WHERE lifted = 0;

CREATE TABLE sign_ins (
  hash BLOB PRIMARY KEY,
  name TEXT NOT NULL,
  expires INTEGER NOT NULL,
  used INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE analysts (
  hash BLOB PRIMARY KEY,
  name TEXT NOT NULL,
  since INTEGER NOT NULL,
  expires INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE settings (
  serial INTEGER PRIMARY KEY,
  digest BLOB NOT NULL
);
