--! breaking
-- When a campaign's treatments run: one row per group of treatments with the same schedule, so one row for most campaigns, none
-- for those that run on events. `campaigns.next_due_at` is the earliest of its groups.
CREATE TABLE campaign_schedules (
    app uuid NOT NULL,
    campaign uuid NOT NULL,
    -- The lowest treatment of the group; 0 is that of the default treatment, which has the holdout too.
    treatment smallint NOT NULL,
    treatments smallint[] NOT NULL,
    frequency text NOT NULL,
    -- Occurrences keep the time of day of a clock this much east of UTC.
    clock_minutes smallint NOT NULL DEFAULT 0,
    -- A run starts when the first zone's clocks reach it, and sends to every zone at its own.
    is_local boolean NOT NULL DEFAULT false,
    -- Of one that repeats; business time, as all of these.
    first_at timestamptz,
    ends_at timestamptz,
    next_due_at timestamptz,
    PRIMARY KEY (app, campaign, treatment)
);
INSERT INTO campaign_schedules (app, campaign, treatment, treatments, frequency, first_at, ends_at, next_due_at)
SELECT app, id, 0, ARRAY[-1, 0, 1, 2, 3, 4]::smallint[], frequency, first_at, ends_at, next_due_at
  FROM campaigns
 WHERE frequency NOT IN ('EVENT', 'IN_APP_EVENT') AND deleted_at IS NULL;
ALTER TABLE campaigns DROP COLUMN first_at;

-- The treatments of a run's group, where the campaign has several; null: everybody. Members of the others are only counted.
ALTER TABLE runs ADD COLUMN treatments smallint[];
ALTER TABLE runs ADD COLUMN foreign_members bigint NOT NULL DEFAULT 0;

-- Chunks of a run in local time: 1 + minutes from the run's time until their people's clocks reach theirs. 0: no such run, or
-- people whose time does not come. Key ranges of one treatment and slot do not overlap.
ALTER TABLE run_chunks ADD COLUMN slot smallint NOT NULL DEFAULT 0;
DROP INDEX run_chunks_by_key;
CREATE INDEX run_chunks_by_key ON run_chunks (app, run, treatment, slot, last_key);

-- Zones that members of a run in local time have, by treatment; slot 0: its time had passed when the run started.
CREATE TABLE run_zones (
    app uuid NOT NULL,
    run uuid NOT NULL,
    treatment smallint NOT NULL,
    zone text NOT NULL,
    slot smallint NOT NULL,
    PRIMARY KEY (app, run, treatment, zone)
);
