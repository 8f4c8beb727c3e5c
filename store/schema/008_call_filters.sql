-- What the list of calls is searched by. Each index leaves out granules that
-- cannot hold a value; what nearly every granule holds is read as a whole, which
-- these columns are small enough for.
ALTER TABLE sessions
    ADD INDEX IF NOT EXISTS name lowerUTF8(user_name) TYPE bloom_filter(0.01) GRANULARITY 1,
    ADD INDEX IF NOT EXISTS browser browser TYPE set(32) GRANULARITY 1,
    ADD INDEX IF NOT EXISTS os os TYPE set(32) GRANULARITY 1,
    ADD INDEX IF NOT EXISTS region region TYPE set(256) GRANULARITY 1,
    ADD INDEX IF NOT EXISTS `key` mapKeys(keys) TYPE bloom_filter(0.01) GRANULARITY 1,
    ADD INDEX IF NOT EXISTS `value` mapValues(keys) TYPE bloom_filter(0.01) GRANULARITY 1;

ALTER TABLE issues
    ADD INDEX IF NOT EXISTS type type TYPE set(64) GRANULARITY 1;

-- Rows that are there already get theirs in the background.
ALTER TABLE sessions MATERIALIZE INDEX name, MATERIALIZE INDEX browser, MATERIALIZE INDEX os, MATERIALIZE INDEX region,
    MATERIALIZE INDEX `key`, MATERIALIZE INDEX `value`;

ALTER TABLE issues MATERIALIZE INDEX type;
