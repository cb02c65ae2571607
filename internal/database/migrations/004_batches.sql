-- A batch is a job of its own, with items > 0. Its items are jobs that name it, NULL for
-- all others. It is worked on by nobody: each end of an item takes one from pending, and
-- whoever takes the last one ends the batch, in the same transaction.
ALTER TABLE job ADD COLUMN parent_id TEXT;
ALTER TABLE job ADD COLUMN position BIGINT NOT NULL DEFAULT 0;       -- of an item in its batch, from 0
ALTER TABLE job ADD COLUMN items BIGINT NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN pending BIGINT NOT NULL DEFAULT 0;        -- items that have not ended
ALTER TABLE job ADD COLUMN items_completed BIGINT NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN items_canceled BIGINT NOT NULL DEFAULT 0;

CREATE UNIQUE INDEX job_item ON job (parent_id, position) WHERE parent_id IS NOT NULL;
CREATE INDEX job_batch ON job (finished) WHERE items > 0;

-- What is counted again and again is read from the index alone. A batch does not wait and
-- does not run, so it is not counted.
DROP INDEX job_open;
CREATE INDEX job_open ON job (key_id, state, created, items) WHERE state IN ('held', 'enqueued', 'processing');

-- Items are listed with their batch only, so that a thousand of them hide nothing. One
-- condition in two wordings, or the planner takes job_list for lists that another serves.
DROP INDEX job_list;
DROP INDEX job_tag;
DROP INDEX job_ended;
CREATE INDEX job_list ON job (key_id, created, id) WHERE parent_id IS NULL;
CREATE INDEX job_tag ON job (key_id, tag, created, id) WHERE tag <> '' AND COALESCE(parent_id, '') = '';
CREATE INDEX job_ended ON job (key_id, state, created, id) WHERE state IN ('completed', 'failed') AND COALESCE(parent_id, '') = '';
