-- When the first occurrence of a repeating campaign was or will be, in business time; the others are counted from it.
ALTER TABLE campaigns ADD COLUMN first_at timestamptz;
