-- Intervals anew: of 30 s, and each in a third of the bytes. What a metric's
-- columns hold says intervals.go. They are derived, and are made again from
-- the samples, which answer until then. Slot is an interval's beginning; first
-- and last are how many ms after it its first and last sample ended, interval
-- is the sum of theirs, labels are those of the last. Newest version wins.
-- Parts are compact, for a file of each of the 300 columns would need a buffer
-- in memory for each.
DROP TABLE IF EXISTS intervals;

CREATE TABLE IF NOT EXISTS intervals
(
    app        UInt32 CODEC(ZSTD(1)),
    call       UInt64 CODEC(ZSTD(1)),
    session    UInt64 CODEC(ZSTD(1)),
    stream     UInt32 CODEC(ZSTD(1)),
    slot       DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
    first      UInt16 CODEC(T64, ZSTD(1)),
    last       UInt16 CODEC(T64, ZSTD(1)),
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

-- Nothing is condensed any more.
TRUNCATE TABLE condensed;
