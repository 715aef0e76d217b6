-- What the development inbox caught, of every channel. Filled only when NEEDLETAIL_DEV_INBOX=1.
CREATE TABLE dev_inbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    channel text NOT NULL,
    sender text NOT NULL,
    recipient text NOT NULL,
    subject text,
    message_id text,
    raw bytea NOT NULL,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX dev_inbox_by_recipient ON dev_inbox (recipient, id);
