CREATE TABLE bookmarks (id INTEGER PRIMARY KEY, parent INTEGER, type INTEGER, title TEXT, url TEXT);
INSERT INTO bookmarks VALUES (1, 9, 0, 'Of an older version, its folder gone', 'https://old.example/');
