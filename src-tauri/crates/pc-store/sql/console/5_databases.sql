-- Databases that rows are taken from. Their passwords are in `secrets`.
CREATE TABLE databases (
  id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, engine TEXT NOT NULL, host TEXT NOT NULL, port INTEGER NOT NULL,
  database TEXT NOT NULL, user TEXT NOT NULL, tls TEXT NOT NULL, ca TEXT, added_at TEXT NOT NULL) STRICT;
