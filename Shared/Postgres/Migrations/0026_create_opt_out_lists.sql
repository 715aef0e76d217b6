-- Keywords of a number's own, with what they answer.
CREATE TABLE reply_keywords (
    app uuid NOT NULL,
    -- Digits, as addresses are folded for hashing; a short code or a sender's name as it is.
    number text NOT NULL,
    -- Folded for matching.
    folded text NOT NULL,
    keyword text NOT NULL,
    message text NOT NULL,
    action text NOT NULL CHECK (action IN ('AUTOMATIC_RESPONSE', 'OPT_OUT', 'OPT_IN')),
    created_at timestamptz NOT NULL,
    modified_at timestamptz NOT NULL,
    PRIMARY KEY (app, number, folded)
);

-- Lists beside the app's own, which is `suppressions`.
CREATE TABLE opt_out_lists (
    app uuid NOT NULL,
    name text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (app, name)
);

-- Numbers that we send from, where something is to be said of them.
CREATE TABLE sender_numbers (
    app uuid NOT NULL,
    number text NOT NULL,
    -- Null: the app's own list.
    opt_out_list text,
    -- Nothing is answered and nobody entered: the app does it.
    self_managed boolean NOT NULL,
    modified_at timestamptz NOT NULL,
    PRIMARY KEY (app, number)
);

CREATE TABLE opt_outs (
    app uuid NOT NULL,
    list text NOT NULL,
    -- As in suppressions, of channel SMS.
    address_hash bytea NOT NULL,
    -- By the person, and not by an API call.
    by_person boolean NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (app, list, address_hash)
);
-- The gate asks by address.
CREATE INDEX opt_outs_by_address ON opt_outs (app, address_hash);

-- Sentences with a word for stopping: nothing promotional goes to the address until somebody has looked.
CREATE TABLE reply_reviews (
    app uuid NOT NULL,
    conversation uuid NOT NULL,
    message bigint NOT NULL,
    address_hash bytea NOT NULL,
    opened_at timestamptz NOT NULL,
    decided_at timestamptz,
    decision text CHECK (decision IN ('OPT_OUT', 'KEEP')),
    decided_by text,
    PRIMARY KEY (app, conversation, message)
);
CREATE INDEX reply_reviews_open ON reply_reviews (app, address_hash) WHERE decided_at IS NULL;
