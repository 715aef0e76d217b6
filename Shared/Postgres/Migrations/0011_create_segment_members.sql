-- Members of import segments: fixed when they were imported, less the endpoints that were deleted since.
CREATE TABLE segment_members (
    app uuid NOT NULL,
    segment uuid NOT NULL,
    endpoint_key bigint NOT NULL,
    PRIMARY KEY (app, segment, endpoint_key)
);
-- Deleting an endpoint looks for its memberships.
CREATE INDEX segment_members_by_endpoint ON segment_members (endpoint_key);

-- Where the members of an import segment came from (Pinpoint: ImportDefinition); null for every other segment.
ALTER TABLE segment_versions ADD COLUMN import_definition jsonb;

-- The UTC day of an instant as `needletail_instant` reads it, or a day by itself (`1998-07-01`). Twin: SegmentInstant.parseDay.
CREATE FUNCTION needletail_day(value text) RETURNS date LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT CASE WHEN octet_length(value) = 10 THEN (needletail_instant(value || 'T00:00:00Z') AT TIME ZONE 'UTC')::date
ELSE (needletail_instant(value) AT TIME ZONE 'UTC')::date END
$$;

-- Month × 100 + day of the same. Twin: Day.anniversary.
CREATE FUNCTION needletail_anniversary(value text) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT CASE WHEN needletail_day(value) IS NOT NULL THEN translate(substr(value, 6, 5), '-', '')::integer END
$$;
