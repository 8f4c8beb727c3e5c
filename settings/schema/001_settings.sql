-- Instants are Unix milliseconds; truth values are 0 and 1; lists are JSON.

CREATE TABLE counters (
	name  TEXT PRIMARY KEY,
	value BIGINT NOT NULL
);
-- Ids come from here and are never used again: an app that is made later must
-- not find what a deleted one left in the store.
INSERT INTO counters (name, value) VALUES ('app', 0), ('ingest_key', 0), ('api_key', 0), ('account', 0);

CREATE TABLE facts (
	name  TEXT PRIMARY KEY,
	value TEXT NOT NULL
);

CREATE TABLE apps (
	id          BIGINT PRIMARY KEY,
	name        TEXT NOT NULL,
	description TEXT NOT NULL,
	enabled     INTEGER NOT NULL,
	created     BIGINT NOT NULL,
	secret      TEXT NOT NULL -- encrypted with the master key
);

CREATE TABLE ingest_keys (
	id      BIGINT PRIMARY KEY,
	app     BIGINT NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
	key     TEXT NOT NULL UNIQUE,
	name    TEXT NOT NULL,
	origins TEXT NOT NULL,
	created BIGINT NOT NULL,
	revoked BIGINT -- null while the key is good
);
CREATE INDEX ingest_keys_app ON ingest_keys (app);

CREATE TABLE api_keys (
	id        BIGINT PRIMARY KEY,
	app       BIGINT REFERENCES apps (id) ON DELETE CASCADE, -- null: every app
	hash      TEXT NOT NULL UNIQUE,
	hint      TEXT NOT NULL,
	name      TEXT NOT NULL,
	created   BIGINT NOT NULL,
	last_used BIGINT
);

CREATE TABLE accounts (
	id            BIGINT PRIMARY KEY,
	name          TEXT NOT NULL UNIQUE, -- lower case
	password      TEXT NOT NULL,        -- argon2id, in PHC form
	must_change   INTEGER NOT NULL,
	admin         INTEGER NOT NULL,
	created       BIGINT NOT NULL
);

CREATE TABLE account_apps (
	account BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
	app     BIGINT NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
	PRIMARY KEY (account, app)
);

CREATE TABLE console_sessions (
	hash    TEXT PRIMARY KEY,
	account BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
	created BIGINT NOT NULL,
	expires BIGINT NOT NULL
);
CREATE INDEX console_sessions_account ON console_sessions (account);
