-- Providers' calls as they came in, after their signatures were checked: what a 2xx has promised. The id begins with the milliseconds of
-- `received_at`, so that rows and their index come in order of time, and the writer knows it before it has written.
CREATE TABLE inbound_calls (
    id uuid PRIMARY KEY,
    app uuid NOT NULL,
    -- All zero: an event of the development inbox.
    provider uuid NOT NULL,
    -- The provider's kind and channel when it called; it may have been taken away since.
    kind text NOT NULL,
    channel text NOT NULL,
    method text NOT NULL,
    what text NOT NULL,
    url text NOT NULL,
    query text NOT NULL,
    -- [["content-type", "text/plain"], …] without credentials.
    headers jsonb NOT NULL,
    body bytea NOT NULL,
    -- Real time.
    received_at timestamptz NOT NULL,
    -- WAITING; DONE; ORPHAN: done, but the message that it is about was never found; FAILED: not read, or not worked on.
    state text NOT NULL DEFAULT 'WAITING',
    error text
) WITH (fillfactor = 90);
CREATE INDEX inbound_calls_kept ON inbound_calls (app, id) WHERE state IN ('FAILED', 'ORPHAN');

-- Events that were worked on, by what the provider calls them or else by what they say: each counts once, however often it comes.
CREATE TABLE inbound_events (
    provider uuid NOT NULL,
    key bytea NOT NULL,
    applied_at timestamptz NOT NULL,
    PRIMARY KEY (provider, key)
);
CREATE INDEX inbound_events_by_age ON inbound_events (applied_at);

-- Where a message is, as its provider said last (the highest rank counts, not the latest to come). One row per send that was
-- heard of; `previous` is the state that the last change replaced.
CREATE TABLE send_receipts (
    app uuid NOT NULL,
    run uuid NOT NULL,
    endpoint_key bigint NOT NULL,
    chunk integer NOT NULL,
    ordinal integer NOT NULL,
    rank smallint NOT NULL,
    state text NOT NULL,
    previous text,
    detail text,
    -- Business time, by the provider's clock.
    at timestamptz NOT NULL,
    PRIMARY KEY (app, run, endpoint_key, chunk, ordinal)
) WITH (fillfactor = 80);

-- Pieces of long messages that came one call at a time, until the last of them is there. `key`: of sender, recipient and the mark that
-- the carrier put on them.
CREATE TABLE inbound_parts (
    app uuid NOT NULL,
    provider uuid NOT NULL,
    key bytea NOT NULL,
    number smallint NOT NULL,
    reply jsonb NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (app, provider, key, number)
);
