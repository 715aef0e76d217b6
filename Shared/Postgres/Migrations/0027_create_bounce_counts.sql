-- Soft bounces of an address since its last sign of life; a row goes with one, and with the suppression that they end in.
CREATE TABLE bounce_counts (
    app uuid NOT NULL,
    channel text NOT NULL,
    -- As in suppressions: keyed, so that the table names nobody.
    address_hash bytea NOT NULL,
    bounces integer NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    PRIMARY KEY (app, channel, address_hash)
) WITH (fillfactor = 80);

-- Whose mailbox a domain is (kind mail).
CREATE INDEX channel_providers_mailboxes ON channel_providers (app) WHERE kind = 'mail';
