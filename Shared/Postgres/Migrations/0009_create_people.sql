-- Every attribute name that an app's endpoints and users were written with, by kind: `endpoint-custom-attributes`,
-- `endpoint-metric-attributes`, `endpoint-user-attributes`. What the limit of 250 counts. Rows are added under the app's lock.
CREATE TABLE attribute_names (
    app uuid NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (app, kind, name)
);
INSERT INTO attribute_names (app, kind, name, created_at)
SELECT e.app, n.kind, n.name, min(e.created_at)
  FROM endpoints e
 CROSS JOIN LATERAL (
       SELECT 'endpoint-custom-attributes', jsonb_object_keys(e.attributes)
        UNION ALL
       SELECT 'endpoint-metric-attributes', jsonb_object_keys(e.metrics)
        UNION ALL
       SELECT 'endpoint-user-attributes', jsonb_object_keys(e.user_attributes)) AS n (kind, name)
 GROUP BY e.app, n.kind, n.name;

-- Names and globs that RemoveAttributes stops from being captured; one row per app and kind, replaced as a whole.
CREATE TABLE attribute_blacklists (
    app uuid NOT NULL,
    kind text NOT NULL,
    patterns text[] NOT NULL,
    modified_at timestamptz NOT NULL,
    PRIMARY KEY (app, kind)
);

-- Every change of an existing endpoint's user, written with the change, so that it can be undone.
CREATE TABLE user_merges (
    app uuid NOT NULL,
    endpoint_key bigint NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    -- Null: the endpoint was nobody's before.
    from_user text,
    to_user text NOT NULL,
    -- Nobody knew `to_user` before: no row in `users`, no other endpoint.
    made_user boolean NOT NULL,
    at timestamptz NOT NULL,
    undone_at timestamptz,
    PRIMARY KEY (app, endpoint_key, id)
);
CREATE INDEX user_merges_by_user ON user_merges (app, to_user);
CREATE INDEX user_merges_by_former_user ON user_merges (app, from_user) WHERE from_user IS NOT NULL;

-- For finding one person in the ledger. A chunk is a range of keys, and the ranges of one treatment do not overlap: one look
-- per run and treatment. Outcomes come a window of neighbouring keys at a time, so that a block range index knows where to look
-- at next to no cost for the writer; a few windows share a range, hence minmax-multi. `chunk` finds the neighbours.
CREATE INDEX run_chunks_by_key ON run_chunks (app, run, treatment, last_key);
CREATE INDEX send_outcomes_by_key ON send_outcomes USING brin (endpoint_key int8_minmax_multi_ops, chunk int4_minmax_multi_ops)
    WITH (pages_per_range = 16);
