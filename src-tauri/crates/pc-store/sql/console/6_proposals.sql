-- Rows that a model drafted and that wait for a person. What they say comes from documents of customers, so it is sealed.
CREATE TABLE proposal_batches (
  number INTEGER PRIMARY KEY AUTOINCREMENT, dataset TEXT, version INTEGER, source TEXT NOT NULL, model TEXT NOT NULL,
  how TEXT NOT NULL, begun_at TEXT NOT NULL) STRICT;
CREATE TABLE proposals (
  number INTEGER PRIMARY KEY AUTOINCREMENT, batch INTEGER NOT NULL REFERENCES proposal_batches (number) ON DELETE CASCADE,
  state TEXT NOT NULL, edited INTEGER NOT NULL, drafted_at TEXT NOT NULL, sealed BLOB NOT NULL) STRICT;
CREATE INDEX proposals_of_batch ON proposals (batch, number);
