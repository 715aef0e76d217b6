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
-- Tags of segments, campaigns and templates (apps carry theirs), by the last part of the ARN (`apps/ID/segments/ID`): its region is
-- whatever the caller signed for.
CREATE TABLE tags (
    account text NOT NULL,
    arn text NOT NULL,
    tags jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (account, arn)
);

-- Readers of stored JSON for segments: total (whatever they are given they answer, null where there is nothing to compare) and
-- inlined into the statement by the planner. Twins in Swift: SegmentInstant, SegmentSubject.

-- `YYYY-MM-DDTHH:MM:SS[.fraction]Z`; null for every other text and for days and hours that do not exist.
CREATE FUNCTION needletail_instant(value text) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT CASE WHEN translate(value, '123456789', '000000000') IN (
    '0000-00-00T00:00:00Z', '0000-00-00T00:00:00.000Z', '0000-00-00T00:00:00.000000Z', '0000-00-00T00:00:00.000000000Z',
    '0000-00-00T00:00:00.0Z', '0000-00-00T00:00:00.00Z', '0000-00-00T00:00:00.0000Z', '0000-00-00T00:00:00.00000Z',
    '0000-00-00T00:00:00.0000000Z', '0000-00-00T00:00:00.00000000Z')
THEN CASE WHEN substr(value, 1, 4) <> '0000'
    AND substr(value, 9, 2)::int BETWEEN 1 AND CASE substr(value, 6, 2)
        WHEN '01' THEN 31 WHEN '03' THEN 31 WHEN '05' THEN 31 WHEN '07' THEN 31 WHEN '08' THEN 31 WHEN '10' THEN 31
        WHEN '12' THEN 31 WHEN '04' THEN 30 WHEN '06' THEN 30 WHEN '09' THEN 30 WHEN '11' THEN 30
        WHEN '02' THEN CASE WHEN substr(value, 1, 4)::int % 4 = 0
            AND (substr(value, 1, 4)::int % 100 <> 0 OR substr(value, 1, 4)::int % 400 = 0) THEN 29 ELSE 28 END
        END
    AND substr(value, 12, 2)::int < 24 AND substr(value, 15, 2)::int < 60 AND substr(value, 18, 2)::int < 60
THEN make_timestamp(substr(value, 1, 4)::int, substr(value, 6, 2)::int, substr(value, 9, 2)::int,
        substr(value, 12, 2)::int, substr(value, 15, 2)::int, rtrim(substr(value, 18, 9), 'Z')::float8) AT TIME ZONE 'UTC'
END END
$$;

-- Null for what is no number, and for numbers beyond a normal float8. A number of fewer than 300 characters converts without
-- error, and asking for its length costs a third of comparing it.
CREATE FUNCTION needletail_number(value jsonb) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT CASE
    WHEN jsonb_typeof(value) <> 'number' THEN NULL
    WHEN octet_length(value::text) < 300 THEN value::float8
    WHEN abs(value::numeric) BETWEEN 2.2250738585072014e-308 AND 1.7976931348623157e308 OR value::numeric = 0 THEN value::float8
    END
$$;

-- The list of texts of one attribute; an empty list for what is no list.
CREATE FUNCTION needletail_texts(value jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT CASE WHEN jsonb_typeof(value) = 'array' THEN value ELSE '[]' END
$$;
