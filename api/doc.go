// Package api is the REST interface under /api/v1: what the console shows,
// scripts can ask. The code is the source of its OpenAPI document; openapi.json
// is the golden copy that the console's TypeScript types are generated from.
//
// Every answer about calls goes through one app, and the caller must have
// access to that app: what belongs to another is not found, never forbidden,
// so that nobody learns what exists. Errors have one shape and are mapped to
// HTTP in one place (errors.go); causes go to the log, never to the caller.
//
// The package must never build a query, derive a figure or keep state about
// calls: it asks query and settings and translates. It is tested with tables
// of scenarios that state what an answer must and must not contain.
package api
