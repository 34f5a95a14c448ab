-- What a creating request with a key answered: the same request again is the same thing.
CREATE TABLE answered (
  workspace_id TEXT NOT NULL REFERENCES workspaces, key TEXT NOT NULL, fingerprint TEXT NOT NULL, answer BLOB NOT NULL,
  created_at TEXT NOT NULL, PRIMARY KEY (workspace_id, key)) STRICT, WITHOUT ROWID;
CREATE INDEX answered_by_time ON answered (created_at);
-- Files on their way in that go on after a break, and the pieces of which they, and the files made of them, consist.
CREATE TABLE resumables (
  upload_id TEXT PRIMARY KEY, workspace_id TEXT NOT NULL REFERENCES workspaces, api_key_id TEXT NOT NULL, name TEXT NOT NULL,
  description TEXT NOT NULL, purpose TEXT NOT NULL, bytes INTEGER NOT NULL, md5 TEXT, sha256 TEXT, file_id TEXT,
  created_at TEXT NOT NULL, expires_at TEXT NOT NULL) STRICT;
CREATE INDEX resumables_by_expiry ON resumables (expires_at);
CREATE TABLE pieces (
  whole TEXT NOT NULL, start INTEGER NOT NULL, bytes INTEGER NOT NULL, blob TEXT NOT NULL,
  PRIMARY KEY (whole, start)) STRICT, WITHOUT ROWID;
