-- Templates belong to the account. `version` is the latest, `active_version` the one that sends use, `last_version` the highest
-- number ever given: a number is not used again after its version was deleted.
CREATE TABLE templates (
    account text NOT NULL,
    name text NOT NULL,
    type text NOT NULL,
    version integer NOT NULL,
    active_version integer NOT NULL,
    last_version integer NOT NULL,
    created_at timestamptz NOT NULL,
    modified_at timestamptz NOT NULL,
    deleted_at timestamptz,
    PRIMARY KEY (account, name, type)
);

CREATE TABLE template_versions (
    account text NOT NULL,
    name text NOT NULL,
    type text NOT NULL,
    version integer NOT NULL,
    content jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    modified_at timestamptz NOT NULL,
    PRIMARY KEY (account, name, type, version)
);
