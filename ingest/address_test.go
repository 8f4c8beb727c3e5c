package ingest

import (
	"net/http"
	"net/netip"
	"testing"
)

func TestWhereARequestComesFrom(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	for _, c := range []struct{ remote, forwarded, whole, kept string }{
		{"203.0.113.9:5000", "", "203.0.113.9", "203.0.113.0"},
		{"[2001:db8:1:2::3]:5000", "", "2001:db8:1:2::3", "2001:db8:1::"},
		{"[::ffff:203.0.113.9]:5000", "", "203.0.113.9", "203.0.113.0"},
		// Who is no proxy of ours speaks for nobody.
		{"203.0.113.9:5000", "198.51.100.1", "203.0.113.9", "203.0.113.0"},
		{"10.0.0.1:5000", "198.51.100.1", "198.51.100.1", "198.51.100.0"},
		{"[::1]:5000", "[2001:db8::1]:77", "2001:db8::1", "2001:db8::"},
		// A chain of proxies: the client's own claim stands first and counts nothing.
		{"10.0.0.1:5000", "1.1.1.1, 198.51.100.1, 10.2.3.4", "198.51.100.1", "198.51.100.0"},
		{"10.0.0.1:5000", "", "10.0.0.1", "10.0.0.0"},
		{"10.0.0.1:5000", "unknown", "10.0.0.1", "10.0.0.0"},
		{"10.0.0.1:5000", "nonsense, 10.9.9.9", "10.9.9.9", "10.9.9.0"},
		{"@", "", "invalid IP", ""},
	} {
		r := &http.Request{RemoteAddr: c.remote, Header: http.Header{}}
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		got := clientAddress(r, proxies)
		if got.String() != c.whole || truncated(got) != c.kept {
			t.Errorf("%s for %q is %s (kept as %s), want %s (%s)", c.remote, c.forwarded, got, truncated(got), c.whole, c.kept)
		}
	}
}
