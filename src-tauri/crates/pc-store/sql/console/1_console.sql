-- What the console knows beside the clouds.
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE secrets (name TEXT PRIMARY KEY, sealed BLOB NOT NULL) STRICT;
CREATE TABLE clouds (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL, base_url TEXT NOT NULL, billing_url TEXT, region TEXT,
  workspace TEXT, added_at TEXT NOT NULL) STRICT;
CREATE TABLE datasets (
  cloud_id TEXT NOT NULL, file_id TEXT NOT NULL, rows INTEGER NOT NULL, characters INTEGER NOT NULL, sha256 TEXT NOT NULL,
  PRIMARY KEY (cloud_id, file_id)) STRICT;
CREATE TABLE models (
  model TEXT PRIMARY KEY, base_model TEXT NOT NULL, job_id TEXT, origin TEXT NOT NULL, folder TEXT NOT NULL, sha256 TEXT,
  created_at TEXT NOT NULL) STRICT;
CREATE TABLE bill_lines (
  cloud_id TEXT NOT NULL, month TEXT NOT NULL, number INTEGER NOT NULL, day TEXT NOT NULL, kind TEXT NOT NULL,
  model TEXT NOT NULL, item TEXT NOT NULL, quantity TEXT NOT NULL, unit TEXT NOT NULL, unit_price TEXT NOT NULL,
  cost TEXT NOT NULL, currency TEXT NOT NULL, PRIMARY KEY (cloud_id, month, number)) STRICT;
CREATE TABLE bill_syncs (
  cloud_id TEXT NOT NULL, month TEXT NOT NULL, synced_at TEXT NOT NULL, balance TEXT, currency TEXT NOT NULL,
  PRIMARY KEY (cloud_id, month)) STRICT;
CREATE TABLE trainer_speeds (
  number INTEGER PRIMARY KEY AUTOINCREMENT, base_model TEXT NOT NULL, tokens_per_second REAL NOT NULL,
  measured_at TEXT NOT NULL) STRICT;
