CREATE TABLE ABPerson (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, First TEXT, Last TEXT, Middle TEXT, Organization TEXT, Note TEXT, Nickname TEXT, CreationDate INTEGER, ModificationDate INTEGER);
CREATE TABLE ABMultiValue (UID INTEGER PRIMARY KEY, record_id INTEGER, property INTEGER, identifier INTEGER, label INTEGER, value TEXT, guid TEXT);
INSERT INTO ABPerson VALUES
(1, 'Ann', 'Example', NULL, 'Example Ltd', 'Met at https://fair.example/2025', NULL, 785412000, 786276000),
(2, NULL, NULL, NULL, 'Only an Organization', NULL, NULL, 785476000, 785476000);
INSERT INTO ABMultiValue VALUES
(1, 1, 3, 0, 1, '+1 555-555-0101', 'V-1'), (2, 1, 3, 1, 2, '+1 555-555-0102', 'V-2'), (3, 1, 4, 0, 3, 'ann@mail.example', 'V-3'), (4, 1, 22, 0, 4, 'https://ann.example/', 'V-4'),
(5, 1, 46, 0, 5, 'chat.example/ann', 'V-5'), (6, 9, 3, 0, 1, '+1 555-555-0109', 'V-6'), (7, 2, 5, 0, 1, NULL, 'V-7');
