-- Limits of a key's own, 0 = the service's; after limits_until they are all the service's.
ALTER TABLE api_key ADD COLUMN concurrent   BIGINT NOT NULL DEFAULT 0;
ALTER TABLE api_key ADD COLUMN queued       BIGINT NOT NULL DEFAULT 0;
ALTER TABLE api_key ADD COLUMN bytes        BIGINT NOT NULL DEFAULT 0;
ALTER TABLE api_key ADD COLUMN limits_until BIGINT NOT NULL DEFAULT 0;
ALTER TABLE api_key ADD COLUMN expires      BIGINT NOT NULL DEFAULT 0;

-- What the jobs of a key that have not ended hold is summed at each admission, so the index
-- must cover it: one entry per open job, and no look at its row.
ALTER TABLE job ADD COLUMN input_size BIGINT NOT NULL DEFAULT 0;
DROP INDEX job_open;
CREATE INDEX job_open ON job (key_id, state, created, items, input_size) WHERE state IN ('held', 'enqueued', 'processing');

-- One row per key and day in UTC on which it was used.
CREATE TABLE usage_day (
    key_id    TEXT   NOT NULL,
    day       BIGINT NOT NULL,             -- its midnight
    requests  BIGINT NOT NULL DEFAULT 0,
    bytes_in  BIGINT NOT NULL DEFAULT 0,
    bytes_out BIGINT NOT NULL DEFAULT 0,
    completed BIGINT NOT NULL DEFAULT 0,   -- jobs
    failed    BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (key_id, day)
);
CREATE INDEX usage_day_old ON usage_day (day);
