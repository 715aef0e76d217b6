-- Who takes an app's messages of a channel type, beside what Pinpoint's channel API configures. `secrets`: a JSON object sealed under
-- the master key. The id is the unguessable part of the provider's inbound address, so that it is never listed without a signature.
CREATE TABLE channel_providers (
    app uuid NOT NULL,
    channel text NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    rank integer NOT NULL,
    weight integer NOT NULL,
    enabled boolean NOT NULL DEFAULT true,
    settings jsonb NOT NULL DEFAULT '{}',
    secrets bytea,
    created_at timestamptz NOT NULL,
    modified_at timestamptz NOT NULL,
    PRIMARY KEY (app, channel, name)
);
CREATE UNIQUE INDEX channel_providers_by_id ON channel_providers (id);

-- A send's reference names its run only: receipts ask whose it is.
CREATE INDEX runs_by_id ON runs (id);
