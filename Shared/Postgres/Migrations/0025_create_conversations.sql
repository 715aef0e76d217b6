-- What people and we say to each other: one conversation per app, channel and person's address.
CREATE TABLE conversations (
    app uuid NOT NULL,
    id uuid NOT NULL,
    channel text NOT NULL,
    -- As in suppressions.
    address_hash bytea NOT NULL,
    address text NOT NULL,
    -- Where they wrote to: answers come from there.
    our_address text NOT NULL,
    state text NOT NULL CHECK (state IN ('OPEN', 'HANDED_OVER', 'CLOSED')),
    assignee text,
    endpoint_id text,
    -- When a STOP or START was last confirmed: one confirmation only.
    confirmed_at timestamptz,
    created_at timestamptz NOT NULL,
    -- Of the last message or change.
    modified_at timestamptz NOT NULL,
    PRIMARY KEY (app, id)
);
CREATE UNIQUE INDEX conversations_by_person ON conversations (app, channel, address_hash);
CREATE INDEX conversations_listed ON conversations (app, modified_at, id);

CREATE TABLE conversation_messages (
    app uuid NOT NULL,
    conversation uuid NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    is_inbound boolean NOT NULL,
    -- Who wrote it: PERSON, KEYWORD, RULE, SURVEY, CHAT, OPERATOR.
    author text NOT NULL,
    body text NOT NULL,
    subject text,
    -- E-mail: for threading.
    message_id text,
    media text[] NOT NULL DEFAULT '{}',
    -- An answer's books: the run of the campaign that is all zeros.
    run uuid,
    at timestamptz NOT NULL,
    PRIMARY KEY (app, conversation, id)
);

-- What is done with messages that are no keyword, in order of `position`. `secrets`: a JSON object sealed under the master key.
CREATE TABLE reply_rules (
    app uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    position integer NOT NULL,
    enabled boolean NOT NULL,
    definition jsonb NOT NULL,
    secrets bytea,
    created_at timestamptz NOT NULL,
    modified_at timestamptz NOT NULL,
    PRIMARY KEY (app, id)
);

-- Tokens of a chat endpoint that a rule has used in a month.
CREATE TABLE reply_rule_tokens (
    app uuid NOT NULL,
    rule uuid NOT NULL,
    month date NOT NULL,
    tokens bigint NOT NULL,
    PRIMARY KEY (app, rule, month)
);

CREATE TABLE surveys (
    app uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    definition jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    modified_at timestamptz NOT NULL,
    PRIMARY KEY (app, id)
);

-- One person in one survey. `state`: where they are, and their answers.
CREATE TABLE survey_sessions (
    app uuid NOT NULL,
    survey uuid NOT NULL,
    conversation uuid NOT NULL,
    started_at timestamptz NOT NULL,
    state jsonb NOT NULL,
    ended_at timestamptz,
    outcome text CHECK (outcome IN ('FINISHED', 'GIVEN_UP', 'STOPPED', 'EXPIRED')),
    PRIMARY KEY (app, survey, conversation, started_at)
);
CREATE UNIQUE INDEX survey_sessions_running ON survey_sessions (app, conversation) WHERE ended_at IS NULL;
