-- Which tuned models another workspace of the account may use, too.
CREATE TABLE permissions (
  permission_id TEXT PRIMARY KEY, model TEXT NOT NULL, workspace_id TEXT NOT NULL, created_at TEXT NOT NULL,
  UNIQUE (model, workspace_id)) STRICT;
-- Tokens up to the last step, whether it has a line in the log or not.
ALTER TABLE jobs ADD COLUMN trained INTEGER NOT NULL DEFAULT 0;
