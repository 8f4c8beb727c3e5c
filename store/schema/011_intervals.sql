-- Intervals: one stream over 10 s on the clock, condensed from its samples
-- once that part of a long call is over, so that hours are read as fast as
-- minutes. The columns of the metrics are added at start from
-- quality.Catalogue(), see intervals.go: what each metric's aggregate over any
-- number of intervals is made of, and its smallest and largest value. first
-- and time are those of the first and the last sample, interval is the sum of
-- theirs, labels are those of the last. Newest version wins. Parts are compact,
-- for a file of each of the 250 columns would need a buffer in memory for each.
CREATE TABLE IF NOT EXISTS intervals
(
    app        UInt32 CODEC(ZSTD(1)),
    call       UInt64 CODEC(ZSTD(1)),
    session    UInt64 CODEC(ZSTD(1)),
    stream     UInt32 CODEC(ZSTD(1)),
    slot       DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)), -- its beginning
    first      DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    time       DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    interval   UInt32 CODEC(T64, ZSTD(1)), -- ms
    kind       Enum8('unknown' = 0, 'audio' = 1, 'video' = 2, 'screen' = 3, 'transport' = 4, 'client' = 5) CODEC(ZSTD(1)),
    direction  Enum8('both' = 0, 'send' = 1, 'receive' = 2) CODEC(ZSTD(1)),
    codec      LowCardinality(String) CODEC(ZSTD(1)),
    limitation LowCardinality(String) CODEC(ZSTD(1)),
    pair       LowCardinality(String) CODEC(ZSTD(1)),
    version    UInt64 CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMMDD(toDateTime(1577836800 + intDiv(bitShiftRight(call, 21), 1000), 'UTC'))
ORDER BY (app, call, session, stream, kind, direction, slot)
SETTINGS min_bytes_for_wide_part = 17179869184, min_rows_for_wide_part = 4294967296;

-- Until when all samples of a call are in its intervals; 1970 takes that back.
-- Newest version wins. It stays when both are gone.
CREATE TABLE IF NOT EXISTS condensed
(
    app     UInt32,
    call    UInt64,
    until   DateTime64(3, 'UTC'),
    version UInt64
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(toDateTime(1577836800 + intDiv(bitShiftRight(call, 21), 1000), 'UTC'))
ORDER BY (app, call);

-- A few minutes of a long call are found without reading all of it.
ALTER TABLE samples ADD INDEX IF NOT EXISTS time time TYPE minmax GRANULARITY 1;
