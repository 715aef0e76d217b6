-- Messages that target an endpoint, for frequency caps: one row per send, written in the transaction that opens its window,
-- under the lock of the endpoint's row. (run, chunk, ordinal) is the send, so a window that opens again finds its own rows.
-- Only of apps and campaigns that have caps.
CREATE TABLE cap_reservations (
    app uuid NOT NULL,
    endpoint_key bigint NOT NULL,
    run uuid NOT NULL,
    chunk integer NOT NULL,
    ordinal integer NOT NULL,
    campaign uuid NOT NULL,
    -- Of the last time the message was let through.
    at timestamptz NOT NULL,
    -- The campaign has a Total: needed for as long as the campaign is; others for 24 hours.
    is_kept boolean NOT NULL,
    PRIMARY KEY (app, endpoint_key, run, chunk, ordinal)
) WITH (
    fillfactor = 90,
    autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0
);
CREATE INDEX cap_reservations_by_age ON cap_reservations (at) WHERE NOT is_kept;
CREATE INDEX cap_reservations_kept ON cap_reservations (app, campaign) WHERE is_kept;
