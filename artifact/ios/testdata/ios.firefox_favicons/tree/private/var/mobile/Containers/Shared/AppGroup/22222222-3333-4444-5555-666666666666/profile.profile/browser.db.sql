CREATE TABLE history (id INTEGER PRIMARY KEY AUTOINCREMENT, guid TEXT, url TEXT UNIQUE, title TEXT);
CREATE TABLE favicons (id INTEGER PRIMARY KEY AUTOINCREMENT, url TEXT NOT NULL UNIQUE, width INTEGER, height INTEGER, type INTEGER NOT NULL, date REAL NOT NULL);
CREATE TABLE favicon_sites (id INTEGER PRIMARY KEY AUTOINCREMENT, siteID INTEGER NOT NULL, faviconID INTEGER NOT NULL);
CREATE TABLE favicon_site_urls (id INTEGER PRIMARY KEY AUTOINCREMENT, site_url TEXT NOT NULL, faviconID INTEGER NOT NULL);
INSERT INTO history VALUES (1, 'H-1', 'https://fox.example/', 'Fox');
INSERT INTO favicons VALUES (1, 'https://fox.example/icon.png', 32, 32, 1, 1764583200.5), (2, 'https://alone.example/icon.png', 32, 32, 1, 1764583200000);
INSERT INTO favicon_sites VALUES (1, 1, 1);
INSERT INTO favicon_site_urls VALUES (1, 'https://other.example/', 1);
