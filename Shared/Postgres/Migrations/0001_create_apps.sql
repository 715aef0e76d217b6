-- Projects (Pinpoint: applications), their settings and channels, and who may call.
CREATE TABLE apps (
    id uuid PRIMARY KEY,
    account text NOT NULL,
    name text NOT NULL,
    tags jsonb NOT NULL DEFAULT '{}',
    settings jsonb NOT NULL DEFAULT '{}',
    settings_modified_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    deleted_at timestamptz
);
CREATE INDEX apps_listed ON apps (account, created_at, id) WHERE deleted_at IS NULL;

CREATE TABLE channels (
    app uuid NOT NULL,
    type text NOT NULL,
    configuration jsonb NOT NULL,
    secrets bytea,
    enabled boolean NOT NULL,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    modified_at timestamptz NOT NULL,
    deleted_at timestamptz,
    PRIMARY KEY (app, type)
);

-- SigV4 secrets must be recoverable, so they are sealed (AES-256-GCM under the master key); API keys are only hashed.
CREATE TABLE access_keys (
    id text PRIMARY KEY,
    account text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('SIGV4', 'API')),
    secret_sealed bytea,
    secret_hash bytea,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz
);
