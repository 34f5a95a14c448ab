-- Local data sets, their versions, kept recipes, and wizards that were left.
CREATE TABLE local_datasets (
  id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, created_at TEXT NOT NULL) STRICT;
CREATE TABLE versions (
  dataset_id TEXT NOT NULL REFERENCES local_datasets (id), number INTEGER NOT NULL, sha256 TEXT NOT NULL,
  bytes INTEGER NOT NULL, rows INTEGER NOT NULL, parent_dataset TEXT, parent_number INTEGER, made TEXT NOT NULL,
  source TEXT NOT NULL, counts TEXT NOT NULL, created_at TEXT NOT NULL, checked TEXT,
  PRIMARY KEY (dataset_id, number)) STRICT;
CREATE INDEX versions_by_content ON versions (sha256);
CREATE INDEX versions_by_parent ON versions (parent_dataset);
CREATE TABLE recipes (name TEXT PRIMARY KEY, json TEXT NOT NULL) STRICT;
CREATE TABLE drafts (id TEXT PRIMARY KEY, content TEXT NOT NULL, saved_at TEXT NOT NULL) STRICT;
