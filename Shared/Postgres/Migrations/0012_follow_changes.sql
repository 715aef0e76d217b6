-- What a follower of the change log needs to know besides keys.
-- `weeks`: Mondays of the weeks in which events of `endpoint_keys` were added or removed; null: not said, so it may be any (rows
-- of older programs). `address_hashes`: addresses whose suppression was made or removed. Hashes and not the keys of the
-- endpoints that hold them: an endpoint that takes the address in a transaction beside this one could not be named here.
ALTER TABLE change_log
    ADD COLUMN weeks date[],
    ADD COLUMN address_hashes bytea[] NOT NULL DEFAULT '{}';

-- The highest transaction of which rows were pruned: a follower that has not read beyond it has missed changes.
CREATE TABLE change_log_floor (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    xid xid8 NOT NULL
);
INSERT INTO change_log_floor (xid) VALUES ('0');
