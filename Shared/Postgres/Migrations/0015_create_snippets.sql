-- Partials that every template of the account can call as {{> name}}. A run keeps a copy of those it uses.
CREATE TABLE snippets (
    account text NOT NULL,
    name text NOT NULL,
    body text NOT NULL,
    description text,
    created_at timestamptz NOT NULL,
    modified_at timestamptz NOT NULL,
    PRIMARY KEY (account, name)
);
