CREATE TABLE favicons (id INTEGER PRIMARY KEY, url LONGVARCHAR NOT NULL, icon_type INTEGER DEFAULT 1);
CREATE TABLE favicon_bitmaps (id INTEGER PRIMARY KEY, icon_id INTEGER NOT NULL, last_updated INTEGER DEFAULT 0, image_data BLOB, width INTEGER DEFAULT 0, height INTEGER DEFAULT 0, last_requested INTEGER DEFAULT 0);
CREATE TABLE icon_mapping (id INTEGER PRIMARY KEY, page_url LONGVARCHAR NOT NULL, icon_id INTEGER);
INSERT INTO favicons VALUES (1, 'https://shoes.example/favicon.ico', 1);
INSERT INTO favicon_bitmaps VALUES (1, 1, 13409056800000000, x'00', 16, 16, 0), (2, 1, 13409056801000000, x'00', 32, 32, 0);
INSERT INTO icon_mapping VALUES (1, 'https://shoes.example/', 1), (2, 'https://noicon.example/', 7);
