// Package storetest gives the tests of store, and of packages that read it,
// their engines and their rows: stores on every engine there is, and calls
// whose figures move as measured ones do. It must never be imported by the
// program.
package storetest
