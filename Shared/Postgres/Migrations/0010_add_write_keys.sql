-- Publishable write keys: credentials that stand in web pages and apps, good for one app's events and endpoints only.
ALTER TABLE access_keys DROP CONSTRAINT access_keys_kind_check;
ALTER TABLE access_keys ADD CONSTRAINT access_keys_kind_check CHECK (kind IN ('SIGV4', 'API', 'WRITE'));
ALTER TABLE access_keys ADD COLUMN app uuid;
ALTER TABLE access_keys ADD COLUMN name text;
-- Origins of the pages that may use it, as browsers write them; empty: any.
ALTER TABLE access_keys ADD COLUMN origins text[] NOT NULL DEFAULT '{}';
ALTER TABLE access_keys ADD CONSTRAINT access_keys_write_keys_have_an_app CHECK ((kind = 'WRITE') = (app IS NOT NULL));
CREATE INDEX access_keys_of_app ON access_keys (app, created_at, id) WHERE app IS NOT NULL;
