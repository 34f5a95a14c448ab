-- What was last seen of the clouds, so that a page has something to show before the network answers.
CREATE TABLE seen (
  cloud_id TEXT NOT NULL, what TEXT NOT NULL, json TEXT NOT NULL, seen_at TEXT NOT NULL,
  PRIMARY KEY (cloud_id, what)) STRICT;
-- Where an uploaded file lay, so that its tokens can be counted as long as it is still there.
ALTER TABLE datasets ADD COLUMN path TEXT NOT NULL DEFAULT '';
-- A model's folder is its only record.
DROP TABLE models;
