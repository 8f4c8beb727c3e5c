// Package settings keeps what people set: apps with their secrets, public
// keys, default configuration and log, ingest keys, API keys, accounts and
// console sessions; and it issues and checks tokens. SQLite is the embedded
// default; the statements are those that PostgreSQL understands too, so that
// it can follow.
//
// Passwords (argon2id), API keys and console sessions (SHA-256: they are long
// and random) are stored as hashes. App secrets must be readable, to sign and
// to verify tokens; they and the default configuration, which has passwords of
// TURN servers in it, are encrypted with a master key that is not in the
// database. What ingest asks for each connection is answered from memory,
// except whether a one-time token was used, which must survive a restart.
//
// The package must never keep measurements, and never tell one app of
// another's. It is tested against a real database in a temporary folder with
// the clock injected.
package settings
