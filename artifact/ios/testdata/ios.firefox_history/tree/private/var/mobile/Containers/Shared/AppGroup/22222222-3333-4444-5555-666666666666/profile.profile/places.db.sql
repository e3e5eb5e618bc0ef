CREATE TABLE moz_places (id INTEGER PRIMARY KEY, url LONGVARCHAR NOT NULL, title LONGVARCHAR, visit_count_local INTEGER NOT NULL DEFAULT 0, visit_count_remote INTEGER NOT NULL DEFAULT 0, guid TEXT NOT NULL UNIQUE);
CREATE TABLE moz_historyvisits (id INTEGER PRIMARY KEY, is_local INTEGER NOT NULL, from_visit INTEGER, place_id INTEGER NOT NULL, visit_date INTEGER NOT NULL, visit_type INTEGER NOT NULL);
INSERT INTO moz_places VALUES (1, 'https://start.example/', 'Start', 1, 0, 'P-1'), (2, 'https://next.example/', NULL, 1, 2, 'P-2');
INSERT INTO moz_historyvisits VALUES (1, 1, NULL, 1, 1764583200000, 1), (2, 1, 1, 2, 1764583201500, 1), (3, 0, NULL, 2, 1764583209000, 1);
