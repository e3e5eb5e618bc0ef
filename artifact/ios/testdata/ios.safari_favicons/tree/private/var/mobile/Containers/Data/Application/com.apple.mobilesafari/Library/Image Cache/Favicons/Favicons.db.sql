CREATE TABLE page_url (uuid TEXT NOT NULL, url TEXT PRIMARY KEY NOT NULL);
CREATE TABLE icon_info (uuid TEXT PRIMARY KEY NOT NULL, url TEXT NOT NULL, timestamp REAL NOT NULL, width REAL NOT NULL, height REAL NOT NULL, has_generated_representations INTEGER NOT NULL);
CREATE TABLE rejected_resources (page_url TEXT NOT NULL, icon_url TEXT NOT NULL, timestamp REAL NOT NULL);
INSERT INTO page_url VALUES ('ICON-1', 'https://news.example/'), ('ICON-9', 'https://noicon.example/');
INSERT INTO icon_info VALUES ('ICON-1', 'https://news.example/favicon.ico', 786276000, 32, 32, 0);
INSERT INTO rejected_resources VALUES ('https://page.example/', 'https://page.example/large.png', 786276060);
