// Package enrich tells from a client's address what the client itself does not
// say: where it is and whose network it uses.
//
// It reads databases in the MaxMind format that the operator brings
// (GeoLite2, GeoIP2, DB-IP, IPinfo): none comes with the program, and without
// one nothing is known. It must never keep an address, nor ask anybody over
// the network. Tests write small databases of their own and read them.
package enrich
