CREATE TABLE files (
  number INTEGER PRIMARY KEY AUTOINCREMENT, file_id TEXT NOT NULL UNIQUE, workspace_id TEXT NOT NULL REFERENCES workspaces,
  api_key_id TEXT NOT NULL, name TEXT NOT NULL, description TEXT NOT NULL, purpose TEXT NOT NULL, bytes INTEGER NOT NULL,
  md5 TEXT NOT NULL, blob TEXT NOT NULL, created_at TEXT NOT NULL) STRICT;
CREATE INDEX files_by_workspace ON files (workspace_id, number);
