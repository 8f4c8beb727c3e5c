-- Calls: newest version wins. The id begins with the start time, so the newest
-- calls of an app are a short reverse range, and the month of the id is the
-- month of the call. end is 1970 while the call is in progress. What lists are
-- filtered by is packed with LZ4, which is read twice as fast as ZSTD here; a
-- million calls take some 30 MB.
CREATE TABLE IF NOT EXISTS calls
(
    app        UInt32,
    call       UInt64,
    room       String CODEC(LZ4),
    room_name  String CODEC(ZSTD(1)),
    start      DateTime64(3, 'UTC') CODEC(Delta, LZ4),
    end        DateTime64(3, 'UTC') CODEC(Delta, LZ4),
    users      UInt32 CODEC(ZSTD(1)),
    sessions   UInt32 CODEC(ZSTD(1)),
    peak       UInt32 CODEC(ZSTD(1)),
    version    UInt64 CODEC(Delta, ZSTD(1)),
    INDEX room room TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(toDateTime(1577836800 + intDiv(bitShiftRight(call, 21), 1000), 'UTC'))
ORDER BY (app, call)
SETTINGS non_replicated_deduplication_window = 1000;
