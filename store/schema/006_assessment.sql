-- What is found in a call: newest version wins, all under their call. evidence
-- and reasons are JSON; figures that were not measured are NaN.
CREATE TABLE IF NOT EXISTS issues
(
    app         UInt32,
    call        UInt64,
    session     UInt64 CODEC(Delta, ZSTD(1)),
    issue       UInt32,
    type        LowCardinality(String),
    phase       Enum8('call' = 0, 'joining' = 1),
    cause       LowCardinality(String),
    source      Enum8('unknown' = 0, 'local_user' = 1, 'remote_user' = 2, 'network' = 3, 'server' = 4),
    severity    Enum8('clear' = 0, 'low' = 1, 'medium' = 2, 'high' = 3),
    start       DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    end         DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    connection  UInt16,
    stream      UInt32,
    remote_user String CODEC(ZSTD(1)),
    evidence    String CODEC(ZSTD(1)),
    version     UInt64 CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(toDateTime(1577836800 + intDiv(bitShiftRight(call, 21), 1000), 'UTC'))
ORDER BY (app, call, session, issue)
SETTINGS non_replicated_deduplication_window = 1000;

-- What each stay came to. Times are ms.
CREATE TABLE IF NOT EXISTS outcomes
(
    app                  UInt32,
    call                 UInt64,
    session              UInt64 CODEC(Delta, ZSTD(1)),
    tried                Bool,
    joined               Bool,
    join                 Float32 CODEC(ZSTD(1)),
    signalling           Float32 CODEC(ZSTD(1)),
    ice                  Float32 CODEC(ZSTD(1)),
    dtls                 Float32 CODEC(ZSTD(1)),
    first_audio_sent     Float32 CODEC(ZSTD(1)),
    first_video_sent     Float32 CODEC(ZSTD(1)),
    first_audio_received Float32 CODEC(ZSTD(1)),
    first_video_received Float32 CODEC(ZSTD(1)),
    push_tried           UInt32,
    push_ok              UInt32,
    pull_tried           UInt32,
    pull_ok              UInt32,
    video_time           Float32 CODEC(ZSTD(1)),
    video_stutter        Float32 CODEC(ZSTD(1)),
    audio_time           Float32 CODEC(ZSTD(1)),
    audio_stutter        Float32 CODEC(ZSTD(1)),
    lag_time             Float32 CODEC(ZSTD(1)),
    bad_time             Float32 CODEC(ZSTD(1)),
    score                Float32 CODEC(ZSTD(1)),
    audio_score          Float32 CODEC(ZSTD(1)),
    video_score          Float32 CODEC(ZSTD(1)),
    score_version        UInt16,
    reasons              String CODEC(ZSTD(1)),
    version              UInt64 CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(toDateTime(1577836800 + intDiv(bitShiftRight(call, 21), 1000), 'UTC'))
ORDER BY (app, call, session)
SETTINGS non_replicated_deduplication_window = 1000;

-- What was wrong with each call, in words. The numbers of issues are by level.
CREATE TABLE IF NOT EXISTS verdicts
(
    app           UInt32,
    call          UInt64,
    sentences     Array(String) CODEC(ZSTD(1)),
    side          Enum8('none' = 0, 'user' = 1, 'user_network' = 2, 'network' = 3, 'server' = 4) CODEC(LZ4),
    user          String CODEC(ZSTD(1)),
    cause         LowCardinality(String),
    confidence    Float32 CODEC(ZSTD(1)),
    evidence      String CODEC(ZSTD(1)),
    score         Float32 CODEC(LZ4),
    score_version UInt16,
    issues_low    UInt32 CODEC(LZ4),
    issues_medium UInt32 CODEC(LZ4),
    issues_high   UInt32 CODEC(LZ4),
    version       UInt64 CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(toDateTime(1577836800 + intDiv(bitShiftRight(call, 21), 1000), 'UTC'))
ORDER BY (app, call)
SETTINGS non_replicated_deduplication_window = 1000;

-- The features of each stay, one figure a row: those of one definition, scope
-- and subject stand together. number is NaN where text is told.
CREATE TABLE IF NOT EXISTS features
(
    app     UInt32,
    call    UInt64 CODEC(ZSTD(1)),
    session UInt64 CODEC(ZSTD(1)),
    `set`   LowCardinality(String),
    scope   LowCardinality(String),
    subject String CODEC(ZSTD(1)),
    name    LowCardinality(String),
    number  Float64 CODEC(ZSTD(1)),
    text    String CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(toDateTime(1577836800 + intDiv(bitShiftRight(call, 21), 1000), 'UTC'))
ORDER BY (app, call, session, `set`, scope, subject, name)
SETTINGS non_replicated_deduplication_window = 1000;
