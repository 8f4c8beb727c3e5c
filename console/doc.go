// Package console embeds the web console and serves it: the files that Vite
// built into dist, or a page that says how to build them, so that Go builds and
// tests without Node. It must never hold logic of its own: everything the
// console shows comes from the documented API.
package console
