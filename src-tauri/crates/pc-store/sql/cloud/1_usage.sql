-- What was used, once a source event, with the price that held then. Quantities are whole tokens or seconds.
CREATE TABLE usage_records (
  source TEXT PRIMARY KEY, workspace_id TEXT NOT NULL REFERENCES workspaces, day TEXT NOT NULL, kind TEXT NOT NULL,
  model TEXT NOT NULL, item TEXT NOT NULL, api_key_id TEXT NOT NULL, quantity INTEGER NOT NULL, unit_price TEXT NOT NULL,
  recorded_at TEXT NOT NULL) STRICT;
CREATE INDEX usage_by_day ON usage_records (workspace_id, day);
