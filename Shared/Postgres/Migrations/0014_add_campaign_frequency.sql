-- Pinpoint's Schedule.Frequency, and the Schedule.EndTime of a campaign that runs until then. A campaign of IN_APP_EVENT makes no
-- run: between its start and its end, clients fetch it.
ALTER TABLE campaigns ADD COLUMN frequency text NOT NULL DEFAULT 'ONCE';
ALTER TABLE campaigns ADD COLUMN ends_at timestamptz;
CREATE INDEX campaigns_in_app ON campaigns (app) WHERE frequency = 'IN_APP_EVENT' AND deleted_at IS NULL;
