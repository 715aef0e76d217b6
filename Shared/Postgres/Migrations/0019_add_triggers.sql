-- Event-triggered campaigns: events of before are not theirs. Business time; null: another kind of campaign.
ALTER TABLE campaigns ADD COLUMN events_from timestamptz;
-- Their runs take recipients as events come, until `open_until` (business time); null: all recipients come from one fan-out.
ALTER TABLE runs ADD COLUMN open_until timestamptz;
-- Ids of the events that the recipients of a chunk are sent to for, in their order; null: the chunk is a range of a fan-out. An
-- event is in one chunk of its campaign at most.
ALTER TABLE run_chunks ADD COLUMN causes uuid[];
-- Ingest asks for the active ones of an app once a second.
CREATE INDEX campaigns_triggered ON campaigns (app) WHERE frequency = 'EVENT' AND deleted_at IS NULL;
