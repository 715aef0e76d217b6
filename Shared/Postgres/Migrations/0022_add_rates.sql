-- What rates have been used up to: a row per run with MessagesPerSecond, and per recipient domain of an app with DomainRates.
-- Real time, by this database's clock, which all workers share; as leases. A row that lies in the past says nothing and goes.
CREATE TABLE rate_buckets (
    app uuid NOT NULL,
    -- run:<id> or domain:<name>
    name text NOT NULL,
    -- Everything up to here is taken (GCRA's theoretical arrival time).
    next_at timestamptz NOT NULL,
    -- Runs: when the turns of the jobs end that came too early.
    line_at timestamptz,
    -- Domains: where the newest reservation began.
    began_at timestamptz,
    PRIMARY KEY (app, name)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- What is still in jobs of a cancelled or expired run is booked in bulk; `closed_at` says that a cancelled run has nothing left.
ALTER TABLE runs
    ADD COLUMN expires_at bigint GENERATED ALWAYS AS ((frozen->>'expires_at')::bigint) STORED,
    ADD COLUMN closed_at timestamptz;
CREATE INDEX runs_to_close ON runs (ended_at) WHERE state = 'CANCELLED' AND closed_at IS NULL;
