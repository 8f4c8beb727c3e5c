-- What a client measures about its own machine is a stream of its own.
ALTER TABLE streams MODIFY COLUMN kind Enum8('unknown' = 0, 'audio' = 1, 'video' = 2, 'screen' = 3, 'transport' = 4, 'client' = 5);

ALTER TABLE samples MODIFY COLUMN kind Enum8('unknown' = 0, 'audio' = 1, 'video' = 2, 'screen' = 3, 'transport' = 4, 'client' = 5) CODEC(ZSTD(1));
