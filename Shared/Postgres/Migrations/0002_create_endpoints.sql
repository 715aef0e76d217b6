-- The audience. `endpoint_key` is 64 bits of SHA-256 over (app, external id); it is the distribution column of the big tables.
CREATE TABLE endpoints (
    app uuid NOT NULL,
    endpoint_key bigint NOT NULL,
    external_id text NOT NULL,
    channel_type text,
    address text,
    -- The hash under which `suppressions` would hold the address on this channel; written with the address, null with it. Lets
    -- one statement join the two, for estimates and the gate.
    address_hash bytea,
    opt_out text NOT NULL DEFAULT 'NONE',
    endpoint_status text NOT NULL DEFAULT 'ACTIVE',
    cohort smallint NOT NULL CHECK (cohort BETWEEN 0 AND 99),
    user_id text,
    attributes jsonb NOT NULL DEFAULT '{}',
    metrics jsonb NOT NULL DEFAULT '{}',
    user_attributes jsonb NOT NULL DEFAULT '{}',
    demographic jsonb NOT NULL DEFAULT '{}',
    location jsonb NOT NULL DEFAULT '{}',
    request_id text,
    effective_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (app, endpoint_key)
) WITH (fillfactor = 80);
CREATE INDEX endpoints_by_user ON endpoints (app, user_id) WHERE user_id IS NOT NULL;
-- An address belongs to the endpoint that was written with it last: the write looks for the others. The hash is over the app too.
-- Neither led by the app nor partial: a plan made while the table is empty would read all of an app, or all of the index, for good.
CREATE INDEX endpoints_by_address ON endpoints (address_hash);

-- The truth of user attributes; copied onto the user's endpoints in the same transaction.
CREATE TABLE users (
    app uuid NOT NULL,
    user_id text NOT NULL,
    attributes jsonb NOT NULL DEFAULT '{}',
    modified_at timestamptz NOT NULL,
    PRIMARY KEY (app, user_id)
);

-- What no endpoint write clears. `address_hash` is HMAC-SHA-256 of the folded address under a key derived from the master key.
CREATE TABLE suppressions (
    app uuid NOT NULL,
    channel text NOT NULL,
    address_hash bytea NOT NULL,
    reason text NOT NULL,
    source jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL,
    PRIMARY KEY (app, channel, address_hash)
);
