CREATE TABLE history_items (id INTEGER PRIMARY KEY AUTOINCREMENT, url TEXT NOT NULL UNIQUE, domain_expansion TEXT NULL, visit_count INTEGER NOT NULL, daily_visit_counts BLOB NOT NULL DEFAULT x'', should_recompute_derived_visit_counts INTEGER NOT NULL DEFAULT 0);
CREATE TABLE history_visits (id INTEGER PRIMARY KEY AUTOINCREMENT, history_item INTEGER NOT NULL REFERENCES history_items(id) ON DELETE CASCADE, visit_time REAL NOT NULL, title TEXT NULL, load_successful BOOLEAN NOT NULL DEFAULT 1, http_non_get BOOLEAN NOT NULL DEFAULT 0, synthesized BOOLEAN NOT NULL DEFAULT 0, redirect_source INTEGER NULL UNIQUE, redirect_destination INTEGER NULL UNIQUE, origin INTEGER NOT NULL DEFAULT 0);
INSERT INTO history_items (id, url, domain_expansion, visit_count) VALUES
(1, 'http://news.example/', 'news', 3), (2, 'https://strange.example/x?1', 'strange', 1), (3, 'https://end.example/', 'end', 1);
INSERT INTO history_visits (id, history_item, visit_time, title, redirect_source, redirect_destination) VALUES
(1, 1, 786276000.125, 'News', NULL, NULL),
(2, 1, 786276600.25, NULL, NULL, 3),
(3, 2, 786276600.5, NULL, 2, 4),
(4, 3, 786276601.75, 'The end', 3, NULL);
