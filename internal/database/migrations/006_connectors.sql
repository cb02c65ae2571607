-- Places to read from and write to, and the way in. They belong to the installation.
CREATE TABLE connector (
    id       TEXT   NOT NULL PRIMARY KEY,
    name     TEXT   NOT NULL UNIQUE,
    provider TEXT   NOT NULL,
    bucket   TEXT   NOT NULL,
    region   TEXT   NOT NULL,
    path     TEXT   NOT NULL,
    acl      TEXT   NOT NULL,
    endpoint TEXT   NOT NULL,
    shown    TEXT   NOT NULL,             -- what may be seen of the credentials, JSON
    sealed   TEXT   NOT NULL,             -- the credentials, base64
    key_id   BIGINT NOT NULL,             -- the master key that they are sealed under
    created  BIGINT NOT NULL,
    updated  BIGINT NOT NULL,
    used     BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX connector_key ON connector (key_id, id);

-- One known text, to tell at the start whether the master keys are the right ones.
CREATE TABLE connector_canary (
    id     BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    sealed TEXT   NOT NULL,
    key_id BIGINT NOT NULL
);
