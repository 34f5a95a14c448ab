-- Accounts own workspaces; keys have a scope, data keys have versions, a deployment's name is its workspace's own.
ALTER TABLE workspaces ADD COLUMN account INTEGER NOT NULL DEFAULT 0;
ALTER TABLE workspaces ADD COLUMN deleted_at TEXT;
UPDATE workspaces SET account = 1000000000000000 + rowid;
CREATE TABLE data_keys (
  workspace_id TEXT NOT NULL REFERENCES workspaces, version INTEGER NOT NULL, wrapped_key BLOB NOT NULL, created_at TEXT NOT NULL,
  PRIMARY KEY (workspace_id, version)) STRICT;
INSERT INTO data_keys SELECT id, 1, wrapped_key, created_at FROM workspaces;
ALTER TABLE workspaces DROP COLUMN wrapped_key;

CREATE TABLE keys (
  number INTEGER PRIMARY KEY AUTOINCREMENT, workspace_id TEXT NOT NULL REFERENCES workspaces, hash TEXT NOT NULL UNIQUE,
  parent INTEGER REFERENCES keys ON DELETE CASCADE, own INTEGER NOT NULL DEFAULT 0, description TEXT NOT NULL DEFAULT '',
  created_by TEXT NOT NULL DEFAULT '', access TEXT NOT NULL DEFAULT 'write', models TEXT, addresses TEXT NOT NULL DEFAULT '[]',
  disabled INTEGER NOT NULL DEFAULT 0, created_at TEXT NOT NULL, expires_at TEXT) STRICT;
INSERT INTO keys (workspace_id, hash, created_at, expires_at)
  SELECT workspace_id, hash, created_at, expires_at FROM api_keys ORDER BY created_at, id;
UPDATE usage_records SET api_key_id = coalesce(
  (SELECT CAST(keys.number AS TEXT) FROM keys JOIN api_keys USING (hash) WHERE api_keys.id = usage_records.api_key_id), api_key_id);
UPDATE files SET api_key_id = coalesce(
  (SELECT CAST(keys.number AS TEXT) FROM keys JOIN api_keys USING (hash) WHERE api_keys.id = files.api_key_id), api_key_id);
DROP TABLE api_keys;
ALTER TABLE keys RENAME TO api_keys;
CREATE INDEX api_keys_by_workspace ON api_keys (workspace_id, number);

ALTER TABLE usage_records ADD COLUMN base_model TEXT NOT NULL DEFAULT '';
UPDATE usage_records SET base_model = coalesce(
  (SELECT base_model FROM deployments WHERE deployed_model = model), (SELECT base_model FROM models WHERE name = model),
  (SELECT base_model FROM jobs WHERE output_model = usage_records.model), model);

CREATE TABLE own_deployments (
  number INTEGER PRIMARY KEY AUTOINCREMENT, deployed_model TEXT NOT NULL, workspace_id TEXT NOT NULL REFERENCES workspaces,
  name TEXT NOT NULL, model_name TEXT NOT NULL, base_model TEXT NOT NULL, plan TEXT NOT NULL, status TEXT NOT NULL,
  capacity INTEGER NOT NULL, rpm_limit INTEGER, tpm_limit INTEGER, billed_until TEXT, message TEXT,
  created_at TEXT NOT NULL, modified_at TEXT NOT NULL, UNIQUE (workspace_id, deployed_model)) STRICT;
INSERT INTO own_deployments SELECT * FROM deployments;
DROP TABLE deployments;
ALTER TABLE own_deployments RENAME TO deployments;
CREATE INDEX deployments_by_workspace ON deployments (workspace_id, number);
