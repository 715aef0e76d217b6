CREATE TABLE campaigns (
    app uuid NOT NULL,
    id uuid NOT NULL,
    version integer NOT NULL,
    status text NOT NULL,
    -- The next occurrence to start, in business time; null when there is none.
    next_due_at timestamptz,
    created_at timestamptz NOT NULL,
    deleted_at timestamptz,
    PRIMARY KEY (app, id)
);
CREATE INDEX campaigns_listed ON campaigns (app, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX campaigns_due ON campaigns (next_due_at) WHERE next_due_at IS NOT NULL;

-- `definition` is the WriteCampaignRequest as validated, with the app's settings filled in and SegmentVersion resolved.
CREATE TABLE campaign_versions (
    app uuid NOT NULL,
    id uuid NOT NULL,
    version integer NOT NULL,
    definition jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (app, id, version)
);

-- One row per occurrence, unique, so two schedulers never start one run.
CREATE TABLE runs (
    app uuid NOT NULL,
    id uuid NOT NULL,
    campaign uuid NOT NULL,
    campaign_version integer NOT NULL,
    occurrence text NOT NULL,
    run_day date NOT NULL,
    state text NOT NULL CHECK (state IN ('INITIALIZING', 'RUNNING', 'COMPLETED', 'CANCELLED')),
    result text,
    -- What the run was started with: segment definition, messages, treatments, holdout, limits, delivery policy.
    frozen jsonb NOT NULL,
    scheduled_at timestamptz NOT NULL,
    started_at timestamptz NOT NULL,
    ended_at timestamptz,
    -- Fan-out progress: keys at or below are in a chunk; null before the first.
    cursor_key bigint,
    fanned_out boolean NOT NULL DEFAULT false,
    planned bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (app, id),
    UNIQUE (app, campaign, occurrence)
);
CREATE INDEX runs_unfinished ON runs (state) WHERE state IN ('INITIALIZING', 'RUNNING');

-- Outlives the job: what `prove` and *why* read. Recipients of a chunk are the ordered keys between first and last of its arm;
-- `digest` is SHA-256 over them (8 bytes big-endian each). treatment −1 is the holdout.
CREATE TABLE run_chunks (
    app uuid NOT NULL,
    run uuid NOT NULL,
    chunk integer NOT NULL,
    treatment smallint NOT NULL,
    first_key bigint NOT NULL,
    last_key bigint NOT NULL,
    size integer NOT NULL,
    digest bytea NOT NULL,
    PRIMARY KEY (app, run, chunk)
);
