-- Tenants and their keys.
CREATE TABLE workspaces (id TEXT PRIMARY KEY, name TEXT NOT NULL, wrapped_key BLOB NOT NULL, created_at TEXT NOT NULL) STRICT;
CREATE TABLE api_keys (
  id TEXT PRIMARY KEY, workspace_id TEXT NOT NULL REFERENCES workspaces, hash TEXT NOT NULL UNIQUE,
  created_at TEXT NOT NULL, expires_at TEXT) STRICT;
CREATE TABLE access_keys (
  id TEXT PRIMARY KEY, workspace_id TEXT NOT NULL REFERENCES workspaces, sealed_secret BLOB NOT NULL, created_at TEXT NOT NULL) STRICT;
CREATE TABLE nonces (access_key_id TEXT NOT NULL, nonce TEXT NOT NULL, used_at TEXT NOT NULL, PRIMARY KEY (access_key_id, nonce)) STRICT;
CREATE INDEX nonces_by_time ON nonces (used_at);
