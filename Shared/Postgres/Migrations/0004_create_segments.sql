CREATE TABLE segments (
    app uuid NOT NULL,
    id uuid NOT NULL,
    version integer NOT NULL,
    created_at timestamptz NOT NULL,
    deleted_at timestamptz,
    PRIMARY KEY (app, id)
);
CREATE INDEX segments_listed ON segments (app, created_at, id) WHERE deleted_at IS NULL;

-- Every version stays readable. `definition` is the WriteSegmentRequest as validated (Dimensions or SegmentGroups).
CREATE TABLE segment_versions (
    app uuid NOT NULL,
    id uuid NOT NULL,
    version integer NOT NULL,
    name text,
    type text NOT NULL DEFAULT 'DIMENSIONAL',
    definition jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (app, id, version)
);
-- Tags of segments, campaigns and templates (apps carry theirs), by ARN.
CREATE TABLE tags (
    account text NOT NULL,
    arn text NOT NULL,
    tags jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (account, arn)
);
