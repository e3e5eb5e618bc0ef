CREATE TABLE history_items (id INTEGER PRIMARY KEY, url TEXT NOT NULL, visit_count INTEGER NOT NULL);
CREATE TABLE history_visits (id INTEGER PRIMARY KEY, history_item INTEGER NOT NULL, visit_time REAL NOT NULL, title TEXT);
INSERT INTO history_items VALUES (1, 'https://profile.example/', 1);
INSERT INTO history_visits VALUES (1, 1, 786276900, 'Of a profile, and of an older schema');
