-- Partition = the UTC week (its Monday) of the event's own time, made on demand. `id` = 48-bit milliseconds of that time and
-- 80 bits of SHA-256 over (app, endpoint, event key, type, timestamp): a client's retry has the same id, so the primary
-- key is the dedupe.
CREATE TABLE events (
    week date NOT NULL,
    endpoint_key bigint NOT NULL,
    id uuid NOT NULL,
    app uuid NOT NULL,
    type text NOT NULL,
    at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    attributes jsonb,
    metrics jsonb,
    -- Session, SDK, application and device fields of the envelope, as far as the client sent them.
    context jsonb,
    PRIMARY KEY (week, endpoint_key, id)
) PARTITION BY LIST (week);

-- One row per ingest commit or outcome window, in its transaction. Consumers read only rows of transactions that are
-- older than every running one (xid < pg_snapshot_xmin), so a late commit is never skipped.
CREATE TABLE change_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    app uuid NOT NULL,
    at timestamptz NOT NULL,
    -- Keys of endpoints whose row or events changed.
    endpoint_keys bigint[] NOT NULL DEFAULT '{}',
    -- [{"source": "campaign"|"app", "id": hex, "run": hex, "treatment": "0", "type": "_email.open", "minute": epoch minutes, "n": 1, "unique": 0}]
    deltas jsonb NOT NULL DEFAULT '[]'
);
CREATE INDEX change_log_by_xid ON change_log (xid, id);

CREATE TABLE change_cursors (
    consumer text PRIMARY KEY,
    xid xid8 NOT NULL,
    id bigint NOT NULL
);

CREATE TABLE rollups (
    app uuid NOT NULL,
    source text NOT NULL,
    source_id uuid NOT NULL,
    run uuid NOT NULL,
    treatment text NOT NULL,
    type text NOT NULL,
    minute timestamptz NOT NULL,
    n bigint NOT NULL,
    uniques bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (app, source, source_id, run, treatment, type, minute)
);

-- First open, click and unsubscribe of one person in one run: what makes counts of people exact.
CREATE TABLE engagements (
    app uuid NOT NULL,
    run uuid NOT NULL,
    endpoint_key bigint NOT NULL,
    type text NOT NULL,
    treatment text NOT NULL,
    first_at timestamptz NOT NULL,
    n bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (app, run, endpoint_key, type)
);
