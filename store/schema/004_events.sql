-- Events: what happened at an instant. index orders a session's events of one
-- millisecond and makes a rewrite after a replay the same row.
CREATE TABLE IF NOT EXISTS events
(
    app        UInt32 CODEC(ZSTD(1)),
    call       UInt64 CODEC(ZSTD(1)),
    time       DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    session    UInt64 CODEC(ZSTD(1)),
    `index`    UInt32 CODEC(ZSTD(1)),
    kind       Enum8('open' = 1, 'call' = 2, 'state' = 3, 'stats' = 4, 'event' = 5, 'feedback' = 6, 'log' = 7, 'close' = 8) CODEC(ZSTD(1)),
    connection UInt16 CODEC(ZSTD(1)),
    stream     UInt32 CODEC(ZSTD(1)),
    severity   Enum8('info' = 0, 'warning' = 1, 'error' = 2) CODEC(ZSTD(1)),
    name       LowCardinality(String) CODEC(ZSTD(1)),
    corr       String CODEC(ZSTD(1)),
    value      String CODEC(ZSTD(3))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMMDD(toDateTime(1577836800 + intDiv(bitShiftRight(call, 21), 1000), 'UTC'))
ORDER BY (app, call, time, session, `index`)
SETTINGS non_replicated_deduplication_window = 1000;
