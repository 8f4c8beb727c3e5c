-- Whose network a user's address is of.
ALTER TABLE sessions ADD COLUMN IF NOT EXISTS carrier LowCardinality(String) AFTER region;
