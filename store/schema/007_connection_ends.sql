-- Whom a connection connects: what tells peer to peer from through a server.
ALTER TABLE connections
    ADD COLUMN IF NOT EXISTS peer String CODEC(ZSTD(1)) AFTER relay,
    ADD COLUMN IF NOT EXISTS local_ufrag String CODEC(ZSTD(1)) AFTER peer,
    ADD COLUMN IF NOT EXISTS remote_ufrag String CODEC(ZSTD(1)) AFTER local_ufrag;
