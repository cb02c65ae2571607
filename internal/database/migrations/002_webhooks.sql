-- A notice waits in its job's row, opaque, until the job ends, and is a delivery from then on.
ALTER TABLE job ADD COLUMN notice TEXT NOT NULL DEFAULT '';
-- Its delivery still has tries: the result and the row stay, whatever their time.
ALTER TABLE job ADD COLUMN noticing BOOLEAN NOT NULL DEFAULT FALSE;

CREATE TABLE delivery (
    id       TEXT   NOT NULL PRIMARY KEY,  -- also the webhook-id, the same at each try
    job_id   TEXT   NOT NULL,
    key_id   TEXT   NOT NULL,
    state    TEXT   NOT NULL CHECK (state IN ('created', 'scheduled', 'dispatched', 'delivered', 'failed')),
    receiver TEXT   NOT NULL,              -- scheme, host and port
    shown    TEXT   NOT NULL,              -- the URL without its secrets
    target   TEXT   NOT NULL,              -- the URL and the headers, sealed
    tries    TEXT   NOT NULL,              -- what became of each try
    round    BIGINT NOT NULL,              -- tries since it was made or replayed
    next_at  BIGINT NOT NULL,              -- the next try; while dispatched, when this one counts as lost; 0 = ended
    created  BIGINT NOT NULL,
    ended    BIGINT NOT NULL
);

-- It covers the search for what is due, so that a receiver with many waiting costs others nothing.
CREATE INDEX delivery_due ON delivery (next_at, receiver, key_id, id) WHERE next_at > 0;
CREATE INDEX delivery_key ON delivery (key_id, created);
CREATE INDEX delivery_ended ON delivery (ended) WHERE ended > 0;

CREATE TABLE webhook_secret (
    id      TEXT    NOT NULL PRIMARY KEY,
    key_id  TEXT    NOT NULL,
    sealed  TEXT    NOT NULL,
    last4   TEXT    NOT NULL,
    shown   BOOLEAN NOT NULL,              -- FALSE: made by the service, and nobody has seen it
    created BIGINT  NOT NULL
);

CREATE INDEX webhook_secret_key ON webhook_secret (key_id, created);
