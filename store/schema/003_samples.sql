-- Samples: one stream over one polling interval. The sort order groups a
-- stream, so its slowly changing figures stand side by side and compress. The
-- partition is the day on which the call began: a call lies in one partition,
-- and retention drops whole days. The columns of the metrics are added at
-- start from quality.Catalogue(), see metrics.go. A row written twice is one
-- row.
CREATE TABLE IF NOT EXISTS samples
(
    app        UInt32 CODEC(ZSTD(1)),
    call       UInt64 CODEC(ZSTD(1)),
    session    UInt64 CODEC(ZSTD(1)),
    stream     UInt32 CODEC(ZSTD(1)),
    time       DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    interval   UInt32 CODEC(T64, ZSTD(1)), -- ms
    kind       Enum8('unknown' = 0, 'audio' = 1, 'video' = 2, 'screen' = 3, 'transport' = 4) CODEC(ZSTD(1)),
    direction  Enum8('both' = 0, 'send' = 1, 'receive' = 2) CODEC(ZSTD(1)),
    codec      LowCardinality(String) CODEC(ZSTD(1)),
    limitation LowCardinality(String) CODEC(ZSTD(1)),
    pair       LowCardinality(String) CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMMDD(toDateTime(1577836800 + intDiv(bitShiftRight(call, 21), 1000), 'UTC'))
ORDER BY (app, call, session, stream, time)
SETTINGS non_replicated_deduplication_window = 1000;
