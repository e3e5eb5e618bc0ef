CREATE TABLE Location (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT, address TEXT, item_owner_id INTEGER);
CREATE TABLE Identity (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, display_name TEXT, address TEXT, first_name TEXT, last_name TEXT);
CREATE TABLE Participant (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, entity_type INTEGER, type INTEGER, status INTEGER, role INTEGER, identity_id INTEGER, owner_id INTEGER, UUID TEXT, email TEXT, phone_number TEXT, is_self INTEGER);
CREATE TABLE CalendarItem (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, summary TEXT, location_id INTEGER, description TEXT, start_date REAL, start_tz TEXT, end_date REAL, end_tz TEXT, calendar_id INTEGER, organizer_id INTEGER, url TEXT, last_modified REAL, creation_date REAL, conference_url TEXT);
INSERT INTO Location VALUES (1, 'Room 1', '1 Example Street', 1);
INSERT INTO Identity VALUES (1, 'Org', 'mailto:organizer@mail.example', NULL, NULL), (2, 'Guest', 'mailto:guest@mail.example', NULL, NULL);
INSERT INTO Participant VALUES (1, 8, 1, 0, 1, 1, 1, 'P-1', NULL, NULL, 0), (2, 7, 1, 0, 1, 2, 1, 'P-2', 'guest@mail.example', NULL, 0), (3, 7, 1, 0, 1, NULL, 2, 'P-3', NULL, '+15555550101', 0);
INSERT INTO CalendarItem VALUES
(1, 'Meeting', 1, 'Notes', 785412000, 'UTC', 785415600, 'UTC', 1, 1, NULL, 786276000, 786276000, NULL),
(2, 'Dentist, see https://dentist.example', NULL, 'Bring the card: card.example/me', 787140000, 'UTC', 787143600, 'UTC', 1, NULL, 'https://event.example/2', 786276060, 786276060, 'https://video.example/j/1');
INSERT INTO Participant VALUES (4, 8, 1, 0, 1, NULL, 2, 'P-4', 'withdrawn@mail.example', NULL, 0);
DELETE FROM Participant WHERE ROWID = 4;
