// Package export writes tables for people and their spreadsheets: rows go in,
// CSV or XLSX come out, each row on its way before the next is asked for, so
// that a table of any length takes the memory of one row.
//
// The package knows nothing of calls, and never asks anything: who has rows
// hands them over. No text that it writes is taken for a formula. It is tested
// by readers of others, and by a fuzz target that lets no text out of its cell.
package export
