-- Sessions, connections and streams: newest version wins, all under their call.
CREATE TABLE IF NOT EXISTS sessions
(
    app             UInt32,
    call            UInt64,
    session         UInt64 CODEC(Delta, ZSTD(1)),
    room            String CODEC(ZSTD(1)),
    user            String CODEC(LZ4),
    user_name       String CODEC(ZSTD(1)),
    role            LowCardinality(String),
    start           DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    end             DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    end_reason      LowCardinality(String),
    protocol        LowCardinality(String),
    client_session  String CODEC(ZSTD(1)),
    sdk             LowCardinality(String),
    sdk_version     LowCardinality(String),
    user_agent      String CODEC(ZSTD(1)),
    browser         LowCardinality(String),
    browser_version LowCardinality(String),
    os              LowCardinality(String),
    device          LowCardinality(String),
    network         LowCardinality(String),
    region          LowCardinality(String),
    address         String CODEC(ZSTD(1)),
    page            String CODEC(ZSTD(1)),
    keys            Map(String, String) CODEC(ZSTD(1)),
    sends           Bool,
    receives        Bool,
    clock_offset    Int64 CODEC(ZSTD(1)),
    records         UInt64 CODEC(ZSTD(1)),
    unknown_members UInt64 CODEC(ZSTD(1)),
    dump            String CODEC(ZSTD(1)),
    version         UInt64 CODEC(Delta, ZSTD(1)),
    INDEX user user TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX session session TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(toDateTime(1577836800 + intDiv(bitShiftRight(call, 21), 1000), 'UTC'))
ORDER BY (app, call, session)
SETTINGS non_replicated_deduplication_window = 1000;

CREATE TABLE IF NOT EXISTS connections
(
    app         UInt32,
    call        UInt64,
    session     UInt64 CODEC(Delta, ZSTD(1)),
    connection  UInt16,
    label       String CODEC(ZSTD(1)),
    start       DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    end         DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    state       LowCardinality(String),
    connected   DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    local_type  LowCardinality(String),
    remote_type LowCardinality(String),
    transport   LowCardinality(String),
    relay       Bool,
    version     UInt64 CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(toDateTime(1577836800 + intDiv(bitShiftRight(call, 21), 1000), 'UTC'))
ORDER BY (app, call, session, connection)
SETTINGS non_replicated_deduplication_window = 1000;

CREATE TABLE IF NOT EXISTS streams
(
    app          UInt32,
    call         UInt64,
    session      UInt64 CODEC(Delta, ZSTD(1)),
    stream       UInt32,
    connection   UInt16,
    direction    Enum8('both' = 0, 'send' = 1, 'receive' = 2),
    kind         Enum8('unknown' = 0, 'audio' = 1, 'video' = 2, 'screen' = 3, 'transport' = 4),
    report_id    String CODEC(ZSTD(1)),
    ssrc         UInt32,
    mid          String CODEC(ZSTD(1)),
    rid          String CODEC(ZSTD(1)),
    track        String CODEC(ZSTD(1)),
    label        String CODEC(ZSTD(1)),
    remote_user  String CODEC(ZSTD(1)),
    codec        LowCardinality(String),
    start        DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    end          DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    samples      UInt64 CODEC(ZSTD(1)),
    packets      Int64 CODEC(ZSTD(1)),
    packets_lost Int64 CODEC(ZSTD(1)),
    bytes        Int64 CODEC(ZSTD(1)),
    version      UInt64 CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(toDateTime(1577836800 + intDiv(bitShiftRight(call, 21), 1000), 'UTC'))
ORDER BY (app, call, session, stream)
SETTINGS non_replicated_deduplication_window = 1000;
