-- One queue for every process; a row is a batch (ARCHITECTURE §3). No index mentions lease_*, fired, done or attempt, so that
-- progress is a HOT update; `recipients` is stored out of line so that an update does not copy it.
CREATE TABLE jobs (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    queue text NOT NULL,
    priority smallint NOT NULL DEFAULT 10,
    kind text NOT NULL,
    due_at timestamptz NOT NULL,
    app uuid,
    run uuid,
    run_day date,
    chunk integer,
    treatment smallint,
    payload jsonb NOT NULL DEFAULT '{}',
    -- Endpoint keys. A send's ordinal is its place in its chunk: the index here, unless `ordinals` says otherwise (a retry
    -- or one half of a bisected job).
    recipients bigint[],
    ordinals integer[],
    -- Outcomes of this job may be second copies: an earlier attempt was in doubt and the policy is AT_LEAST_ONCE.
    possible_duplicate boolean NOT NULL DEFAULT false,
    -- Sends of these recipients that ended in a transient refusal so far; unlike `attempt`, which counts claims.
    retries smallint NOT NULL DEFAULT 0,
    attempt smallint NOT NULL DEFAULT 0,
    lease_owner uuid,
    lease_token bigint NOT NULL DEFAULT 0,
    lease_expires_at timestamptz,
    fired integer NOT NULL DEFAULT 0,
    done integer NOT NULL DEFAULT 0
) WITH (
    fillfactor = 60,
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0
);
ALTER TABLE jobs ALTER COLUMN recipients SET STORAGE EXTERNAL, ALTER COLUMN ordinals SET STORAGE EXTERNAL;
CREATE INDEX jobs_ready ON jobs (queue, priority, due_at, id);
CREATE INDEX jobs_by_run ON jobs (app, run) WHERE run IS NOT NULL;

-- Terminal outcomes, appended by COPY. No unique key: the writer holds the job row's lock under its lease token, and a
-- recipient's state is the outcome of highest rank. The run's day comes from the run, never from the clock.
CREATE TABLE send_outcomes (
    run_day date NOT NULL,
    endpoint_key bigint NOT NULL,
    app uuid NOT NULL,
    run uuid NOT NULL,
    chunk integer NOT NULL,
    ordinal integer NOT NULL,
    treatment smallint NOT NULL,
    -- 1 accepted, 2 rejected, 3 suppressed, 4 expired, 5 unknown
    outcome smallint NOT NULL,
    reason text,
    -- 1 possible_duplicate, 2 late (recorded after the lease was lost)
    flags smallint NOT NULL DEFAULT 0,
    attempt smallint NOT NULL DEFAULT 0,
    provider_ref text,
    at timestamptz NOT NULL
) PARTITION BY LIST (run_day);
