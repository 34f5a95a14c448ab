-- Uploads that were begun and not ended, so that they go on after the program ended.
CREATE TABLE uploads (
  cloud_id TEXT NOT NULL, upload_id TEXT NOT NULL, name TEXT NOT NULL, sha256 TEXT NOT NULL, bytes INTEGER NOT NULL,
  path TEXT NOT NULL, kind TEXT NOT NULL, description TEXT NOT NULL, begun_at TEXT NOT NULL,
  PRIMARY KEY (cloud_id, upload_id)) STRICT;
