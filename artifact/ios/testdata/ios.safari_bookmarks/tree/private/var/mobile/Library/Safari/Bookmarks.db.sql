CREATE TABLE bookmarks (id INTEGER PRIMARY KEY, special_id INTEGER DEFAULT 0, parent INTEGER, type INTEGER, title TEXT, url TEXT COLLATE NOCASE, num_children INTEGER DEFAULT 0, hidden INTEGER DEFAULT 0, external_uuid TEXT UNIQUE, read INTEGER DEFAULT NULL, last_modified REAL DEFAULT NULL);
INSERT INTO bookmarks VALUES
(1, 1, 0, 1, 'BookmarksBar', NULL, 2, 0, 'B-1', NULL, NULL),
(2, 0, 1, 0, 'Example news', 'https://news.example/', 0, 0, 'B-2', NULL, 786276000.5),
(3, 0, 1, 0, 'Read me later', 'https://later.example/story', 0, 1, 'B-3', 1, NULL);
