-- What the OpenAI surface adds: files that expire, uploads in parts, jobs that pause, times of log lines.
ALTER TABLE files ADD COLUMN expires_at TEXT;
CREATE INDEX files_by_expiry ON files (expires_at) WHERE expires_at IS NOT NULL;
ALTER TABLE jobs ADD COLUMN paused INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job_logs ADD COLUMN created_at TEXT NOT NULL DEFAULT '';
CREATE TABLE uploads (
  upload_id TEXT PRIMARY KEY, workspace_id TEXT NOT NULL REFERENCES workspaces, api_key_id TEXT NOT NULL, name TEXT NOT NULL,
  purpose TEXT NOT NULL, mime_type TEXT NOT NULL, bytes INTEGER NOT NULL, status TEXT NOT NULL, file_lives INTEGER,
  created_at TEXT NOT NULL, expires_at TEXT NOT NULL) STRICT;
CREATE INDEX uploads_by_expiry ON uploads (expires_at);
CREATE TABLE upload_parts (
  number INTEGER PRIMARY KEY AUTOINCREMENT, part_id TEXT NOT NULL UNIQUE, upload_id TEXT NOT NULL REFERENCES uploads ON DELETE CASCADE,
  bytes INTEGER NOT NULL, blob TEXT NOT NULL) STRICT;
CREATE INDEX upload_parts_by_upload ON upload_parts (upload_id, number);
