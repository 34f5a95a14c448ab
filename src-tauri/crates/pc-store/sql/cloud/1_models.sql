-- Results of fine-tunes, their weights, and where they are served.
CREATE TABLE models (
  name TEXT PRIMARY KEY, workspace_id TEXT NOT NULL REFERENCES workspaces, base_model TEXT NOT NULL, display_name TEXT NOT NULL,
  job_id TEXT NOT NULL, weights TEXT NOT NULL, created_at TEXT NOT NULL) STRICT;
CREATE INDEX models_by_workspace ON models (workspace_id, created_at);
CREATE TABLE artifacts (
  owner TEXT NOT NULL, name TEXT NOT NULL, bytes INTEGER NOT NULL, sha256 TEXT NOT NULL, blob TEXT NOT NULL,
  PRIMARY KEY (owner, name)) STRICT;
CREATE TABLE deployments (
  number INTEGER PRIMARY KEY AUTOINCREMENT, deployed_model TEXT NOT NULL UNIQUE, workspace_id TEXT NOT NULL REFERENCES workspaces,
  name TEXT NOT NULL, model_name TEXT NOT NULL, base_model TEXT NOT NULL, plan TEXT NOT NULL, status TEXT NOT NULL,
  capacity INTEGER NOT NULL, rpm_limit INTEGER, tpm_limit INTEGER, billed_until TEXT, message TEXT,
  created_at TEXT NOT NULL, modified_at TEXT NOT NULL) STRICT;
CREATE INDEX deployments_by_workspace ON deployments (workspace_id, number);
