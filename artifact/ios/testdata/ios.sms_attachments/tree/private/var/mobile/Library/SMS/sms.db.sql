CREATE TABLE handle (ROWID INTEGER PRIMARY KEY AUTOINCREMENT UNIQUE, id TEXT NOT NULL, country TEXT, service TEXT NOT NULL, uncanonicalized_id TEXT, person_centric_id TEXT, UNIQUE (id, service));
CREATE TABLE message (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, guid TEXT UNIQUE NOT NULL, text TEXT, handle_id INTEGER DEFAULT 0, subject TEXT, attributedBody BLOB, service TEXT, account TEXT, date INTEGER, date_read INTEGER, date_delivered INTEGER, is_from_me INTEGER DEFAULT 0, cache_has_attachments INTEGER DEFAULT 0, balloon_bundle_id TEXT, payload_data BLOB, message_summary_info BLOB, date_edited INTEGER DEFAULT 0, date_retracted INTEGER DEFAULT 0);
CREATE TABLE chat_recoverable_message_join (chat_id INTEGER, message_id INTEGER, delete_date INTEGER, ck_sync_state INTEGER DEFAULT 0, PRIMARY KEY (chat_id, message_id));
CREATE TABLE deleted_messages (ROWID INTEGER PRIMARY KEY AUTOINCREMENT UNIQUE, guid TEXT NOT NULL);
CREATE TABLE attachment (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, guid TEXT UNIQUE NOT NULL, created_date INTEGER DEFAULT 0, start_date INTEGER DEFAULT 0, filename TEXT, uti TEXT, mime_type TEXT, transfer_state INTEGER DEFAULT 0, is_outgoing INTEGER DEFAULT 0, user_info BLOB, transfer_name TEXT, total_bytes INTEGER DEFAULT 0);
CREATE TABLE message_attachment_join (message_id INTEGER, attachment_id INTEGER, UNIQUE(message_id, attachment_id));
INSERT INTO handle (ROWID, id, country, service) VALUES (1, '+15555550101', 'us', 'SMS'), (2, 'sender@mail.example', NULL, 'iMessage');
INSERT INTO message (ROWID, guid, text, handle_id, service, date, is_from_me, cache_has_attachments) VALUES
(1, 'G-01', 'A photo', 2, 'iMessage', 786276000000000000, 0, 1),
(2, 'G-02', 'Mine', 1, 'SMS', 786276050000000000, 1, 1);
INSERT INTO attachment (ROWID, guid, created_date, filename, uti, mime_type, is_outgoing, transfer_name, total_bytes) VALUES
(1, 'A-01', 786276000000000000, '~/Library/SMS/Attachments/0a/10/A-01/IMG_0001.HEIC', 'public.heic', 'image/heic', 0, 'IMG_0001.HEIC', 204800),
(2, 'A-02', 786276050000000000, '/private/var/mobile/Library/SMS/Attachments/1b/11/A-02/note.pdf', 'com.adobe.pdf', 'application/pdf', 1, 'note.pdf', 1024),
(3, 'A-03', 586276000, '/var/tmp/incoming/12345-1', NULL, 'image/gif', 0, 'animated.gif', 61440);
INSERT INTO message_attachment_join (message_id, attachment_id) VALUES (1, 1), (2, 2);
