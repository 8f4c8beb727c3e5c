-- Traits: what calls are found by besides their own row, by value rather than
-- by call: one row for each thing that is told of a stay, and for each type of
-- issue that was found in it. level is 0 where that is told no longer, for an
-- issue it is the worst severity, else 1. The row that was inserted last wins.
CREATE TABLE IF NOT EXISTS traits
(
    app     UInt32,
    kind    Enum8('user' = 1, 'name' = 2, 'browser' = 3, 'system' = 4, 'region' = 5, 'country' = 6, 'key' = 7, 'value' = 8, 'issue' = 9),
    value   String CODEC(ZSTD(1)),
    call    UInt64 CODEC(Delta, LZ4),
    session UInt64 CODEC(Delta, ZSTD(1)),
    level   UInt8 CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(toDateTime(1577836800 + intDiv(bitShiftRight(call, 21), 1000), 'UTC'))
ORDER BY (app, kind, value, call, session);

-- What the traits of stays are by their newest rows. A value stands behind its
-- key, whose length keeps the two apart; the country stands before the comma.
CREATE VIEW IF NOT EXISTS traits_of_stays AS
SELECT app, trait.1 AS kind, trait.2 AS value, call, session
FROM sessions FINAL
ARRAY JOIN arrayConcat(
    if(user = '', [], [('user', user)]),
    if(user_name = '', [], [('name', lowerUTF8(user_name))]),
    [('browser', toString(browser)), ('system', toString(os)), ('region', toString(region)), ('country', splitByString(', ', toString(region))[1])],
    arrayMap(k -> ('key', k), mapKeys(keys)),
    arrayMap((k, v) -> ('value', concat(toString(length(k)), ':', k, v)), mapKeys(keys), mapValues(keys))) AS trait;

CREATE VIEW IF NOT EXISTS traits_of_issues AS
SELECT app, 'issue' AS kind, toString(type) AS value, call, session, max(toUInt8(severity)) AS level
FROM issues FINAL
GROUP BY app, call, session, type;

-- Those of the rows that are there already: some 40 s of one processor for a
-- million calls.
INSERT INTO traits (app, kind, value, call, session, level)
SELECT app, kind, value, call, session, 1 FROM traits_of_stays
SETTINGS max_threads = 1, max_insert_threads = 1, min_insert_block_size_rows = 500000, max_partitions_per_insert_block = 0, do_not_merge_across_partitions_select_final = 1;

INSERT INTO traits (app, kind, value, call, session, level)
SELECT app, kind, value, call, session, level FROM traits_of_issues
SETTINGS max_threads = 1, max_insert_threads = 1, optimize_aggregation_in_order = 1, max_partitions_per_insert_block = 0, do_not_merge_across_partitions_select_final = 1;
