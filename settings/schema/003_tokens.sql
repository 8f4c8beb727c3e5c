-- Public keys that tokens of an app may be signed with (ES256).
CREATE TABLE public_keys (
	id      BIGINT PRIMARY KEY,
	app     BIGINT NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
	kid     TEXT NOT NULL, -- how tokens name the key
	name    TEXT NOT NULL,
	pem     TEXT NOT NULL, -- SubjectPublicKeyInfo
	created BIGINT NOT NULL,
	revoked BIGINT,        -- null while the key is good
	UNIQUE (app, kid)
);
INSERT INTO counters (name, value) VALUES ('public_key', 0);

-- One-time tokens that were used, until they expire, and the session that each
-- belongs to since.
CREATE TABLE spent_tokens (
	app     BIGINT NOT NULL,
	id      TEXT NOT NULL,
	session TEXT NOT NULL,
	expires BIGINT NOT NULL,
	PRIMARY KEY (app, id)
);
CREATE INDEX spent_tokens_expires ON spent_tokens (expires);

-- What went wrong for an app's clients: one row for each fault, protocol and
-- origin, however often it came.
CREATE TABLE app_log (
	app      BIGINT NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
	code     TEXT NOT NULL,
	protocol TEXT NOT NULL,
	origin   TEXT NOT NULL,
	message  TEXT NOT NULL,
	network  TEXT NOT NULL,
	session  TEXT NOT NULL,
	count    BIGINT NOT NULL,
	first    BIGINT NOT NULL,
	last     BIGINT NOT NULL,
	PRIMARY KEY (app, code, protocol, origin)
);
CREATE INDEX app_log_last ON app_log (app, last);

-- Default configuration of pages: a JSON object, encrypted with the master key
-- because passwords of TURN servers are in it; '' for none.
ALTER TABLE apps ADD COLUMN defaults TEXT NOT NULL DEFAULT '';

-- An empty list of origins let every page use a key. What is allowed is said
-- from now on.
UPDATE ingest_keys SET origins = '["*"]' WHERE origins = '[]';
