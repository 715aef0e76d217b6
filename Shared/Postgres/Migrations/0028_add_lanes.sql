-- A run of several channels has chunks of its own for each of its queues: their key ranges interleave, and only those of one lane are
-- disjoint. 0: the run's first queue, which for a run of one channel is all.
ALTER TABLE run_chunks ADD COLUMN lane smallint NOT NULL DEFAULT 0;
DROP INDEX run_chunks_by_key;
CREATE INDEX run_chunks_by_key ON run_chunks (app, run, treatment, slot, lane, last_key);
