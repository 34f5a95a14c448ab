-- What a workspace may do with a model, and how often; the empty model stands for all that have no rule of their own.
CREATE TABLE model_rules (
  workspace_id TEXT NOT NULL REFERENCES workspaces, model TEXT NOT NULL, inference INTEGER, fine_tune INTEGER, deploy INTEGER,
  request_limit INTEGER, request_period INTEGER, usage_limit INTEGER, usage_period INTEGER,
  PRIMARY KEY (workspace_id, model)) STRICT, WITHOUT ROWID;
