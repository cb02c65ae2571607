-- Times are Unix milliseconds, 0 = none. JSON is text. Both databases read this text.

CREATE TABLE api_key (
    id         TEXT   NOT NULL PRIMARY KEY,
    name       TEXT   NOT NULL,
    prefix     TEXT   NOT NULL,            -- what may be shown of the key
    hash       TEXT   NOT NULL UNIQUE,     -- HMAC-SHA256(pepper, key), hex
    scopes     TEXT   NOT NULL,            -- words with blanks between
    rate_limit BIGINT NOT NULL DEFAULT 0,  -- requests a window, 0 = the service's
    created    BIGINT NOT NULL,
    revoked    BIGINT NOT NULL DEFAULT 0
);

-- One row per key and bucket: the rate window that is running.
CREATE TABLE rate (
    key_id  TEXT   NOT NULL,
    bucket  TEXT   NOT NULL,
    started BIGINT NOT NULL,
    used    BIGINT NOT NULL,
    PRIMARY KEY (key_id, bucket)
);

CREATE TABLE usage (
    key_id    TEXT   NOT NULL PRIMARY KEY,
    requests  BIGINT NOT NULL,
    bytes_in  BIGINT NOT NULL,
    bytes_out BIGINT NOT NULL,
    last_used BIGINT NOT NULL
);

CREATE TABLE job (
    id               TEXT    NOT NULL PRIMARY KEY,
    key_id           TEXT    NOT NULL,
    state            TEXT    NOT NULL CHECK (state IN ('held', 'enqueued', 'processing', 'completed', 'failed')),
    epoch            BIGINT  NOT NULL,
    owner            TEXT    NOT NULL,
    lease_until      BIGINT  NOT NULL,
    attempts         BIGINT  NOT NULL,
    progress         TEXT    NOT NULL,
    request          TEXT    NOT NULL,
    input_ref        TEXT    NOT NULL,
    result           TEXT    NOT NULL,
    problem          TEXT    NOT NULL,
    link_id          TEXT,                 -- NULL = no link, so that it may be unique
    link_slot        BIGINT  NOT NULL,
    result_name      TEXT    NOT NULL,
    result_mime      TEXT    NOT NULL,
    result_size      BIGINT  NOT NULL,
    result_path      TEXT    NOT NULL,     -- '' = nothing is kept
    cancel_requested BOOLEAN NOT NULL,
    created          BIGINT  NOT NULL,
    started          BIGINT  NOT NULL,
    finished         BIGINT  NOT NULL,
    expires          BIGINT  NOT NULL
);

-- Partial, so that the many ended jobs cost an open one nothing.
CREATE INDEX job_open ON job (key_id, state, created) WHERE state IN ('held', 'enqueued', 'processing');
CREATE UNIQUE INDEX job_link ON job (link_id) WHERE link_id IS NOT NULL;
CREATE INDEX job_expires ON job (expires) WHERE result_path <> '';
CREATE INDEX job_finished ON job (finished) WHERE finished > 0;
