-- What its client calls a job, so that it can be found by it; '' = nothing. Jobs older than
-- this column are listed, but not found by their tag.
ALTER TABLE job ADD COLUMN tag TEXT NOT NULL DEFAULT '';

-- The list of a key's jobs, newest first: all of them, those with a tag, those that ended in
-- one way. Those that have not ended are few, and have job_open.
CREATE INDEX job_list ON job (key_id, created, id);
CREATE INDEX job_tag ON job (key_id, tag, created, id) WHERE tag <> '';
CREATE INDEX job_ended ON job (key_id, state, created, id) WHERE state IN ('completed', 'failed');

-- One row per idempotency key in use, made with its job and gone with it. Neither the key
-- nor the request can be read from it.
CREATE TABLE idempotency (
    name    TEXT   NOT NULL PRIMARY KEY,  -- hash of the API key's id and the idempotency key
    digest  TEXT   NOT NULL,              -- keyed hash of the request
    job_id  TEXT   NOT NULL REFERENCES job (id) ON DELETE CASCADE,
    expires BIGINT NOT NULL
);
CREATE INDEX idempotency_job ON idempotency (job_id);
CREATE INDEX idempotency_expires ON idempotency (expires);
