-- What told whose a received stream is: the application of the stream (mapping),
-- or who is at the other end of its connection. Rows of before do not say.
ALTER TABLE streams
    ADD COLUMN IF NOT EXISTS remote_basis LowCardinality(String) AFTER remote_user;
