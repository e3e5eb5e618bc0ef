CREATE TABLE admin (key TEXT PRIMARY KEY NOT NULL, value INTEGER NOT NULL);
CREATE TABLE access (service TEXT NOT NULL, client TEXT NOT NULL, client_type INTEGER NOT NULL, auth_value INTEGER NOT NULL, auth_reason INTEGER NOT NULL, auth_version INTEGER NOT NULL, csreq BLOB, policy_id INTEGER, indirect_object_identifier TEXT NOT NULL DEFAULT 'UNUSED', flags INTEGER, last_modified INTEGER NOT NULL DEFAULT (CAST(strftime('%s','now') AS INTEGER)), PRIMARY KEY (service, client, client_type, indirect_object_identifier));
INSERT INTO access (service, client, client_type, auth_value, auth_reason, auth_version, last_modified) VALUES
('kTCCServiceMicrophone', 'org.example.chat', 0, 2, 2, 1, 1764583200),
('kTCCServiceCamera', 'org.example.chat', 0, 0, 2, 1, 1764583201),
('kTCCServicePhotos', 'org.example.photos', 0, 3, 2, 2, 1764583202),
('kTCCServiceCalls', '/usr/libexec/exampled', 1, 5, 4, 1, 1764583203);
