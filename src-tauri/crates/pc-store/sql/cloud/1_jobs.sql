-- Fine-tunes and what they put out.
CREATE TABLE jobs (
  number INTEGER PRIMARY KEY AUTOINCREMENT, job_id TEXT NOT NULL UNIQUE, workspace_id TEXT NOT NULL REFERENCES workspaces,
  name TEXT NOT NULL, status TEXT NOT NULL, model TEXT NOT NULL, base_model TEXT NOT NULL, output_model TEXT NOT NULL UNIQUE,
  training_type TEXT NOT NULL, request TEXT NOT NULL, usage INTEGER, code TEXT, message TEXT,
  created_at TEXT NOT NULL, ended_at TEXT) STRICT;
CREATE INDEX jobs_by_workspace ON jobs (workspace_id, number);
CREATE INDEX jobs_by_status ON jobs (status, number);
CREATE TABLE job_logs (
  number INTEGER PRIMARY KEY AUTOINCREMENT, job_id TEXT NOT NULL REFERENCES jobs (job_id) ON DELETE CASCADE, line TEXT NOT NULL) STRICT;
CREATE INDEX job_logs_by_job ON job_logs (job_id, number);
CREATE TABLE checkpoints (
  job_id TEXT NOT NULL REFERENCES jobs (job_id) ON DELETE CASCADE, step INTEGER NOT NULL, checkpoint_id TEXT NOT NULL UNIQUE,
  status TEXT NOT NULL, model_name TEXT NOT NULL, display_name TEXT NOT NULL, created_at TEXT NOT NULL,
  PRIMARY KEY (job_id, step)) STRICT;
