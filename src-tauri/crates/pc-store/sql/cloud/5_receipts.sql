-- What was stated about files, and with which key; both sealed.
CREATE TABLE receipts (
  receipt_id TEXT PRIMARY KEY, workspace_id TEXT NOT NULL REFERENCES workspaces, file_id TEXT NOT NULL, action TEXT NOT NULL,
  issued INTEGER NOT NULL, sealed BLOB NOT NULL, created_at TEXT NOT NULL) STRICT;
CREATE INDEX receipts_by_file ON receipts (workspace_id, file_id);
CREATE INDEX receipts_due ON receipts (issued) WHERE NOT issued;
CREATE TABLE signing_keys (
  workspace_id TEXT PRIMARY KEY REFERENCES workspaces, sealed BLOB NOT NULL, created_at TEXT NOT NULL) STRICT;
