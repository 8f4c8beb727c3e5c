package ingest

import (
	"net/http"
	"net/netip"
	"strings"

	"github.com/peerglass/peerglass/protocol"
)

// locate notes where the client is: what is known of its whole address, of
// which only the network is kept.
func (c *conn) locate(r *http.Request) {
	o := &c.server.opts
	address := clientAddress(r, o.Proxies)
	c.meta.Address = truncated(address)
	if o.Place != nil && address.IsValid() {
		place := o.Place(address)
		c.meta.Region, c.meta.Carrier = clip(place.Region, protocol.MaxName), clip(place.Carrier, protocol.MaxName)
	}
}

// clientAddress is whose request it is: the address that it comes from or, if
// that is a proxy's, the last that no proxy of ours added to X-Forwarded-For.
// What stands before that a client may have made up.
func clientAddress(r *http.Request, proxies []netip.Prefix) netip.Addr {
	address := parseAddress(r.RemoteAddr)
	if !among(address, proxies) {
		return address
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop := parseAddress(strings.TrimSpace(hops[i]))
		if !hop.IsValid() {
			break
		}
		address = hop
		if !among(hop, proxies) {
			break
		}
	}
	return address
}

// parseAddress reads an address with or without a port.
func parseAddress(s string) netip.Addr {
	if p, err := netip.ParseAddrPort(s); err == nil {
		return p.Addr().Unmap().WithZone("")
	}
	a, err := netip.ParseAddr(strings.Trim(s, "[]"))
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap().WithZone("")
}

func among(a netip.Addr, networks []netip.Prefix) bool {
	for _, n := range networks {
		if n.Contains(a) {
			return true
		}
	}
	return false
}

// truncated keeps the network of an address: 24 bits of IPv4, 48 of IPv6.
func truncated(a netip.Addr) string {
	bits := 48
	if a.Is4() {
		bits = 24
	}
	p, err := a.Prefix(bits)
	if err != nil || !p.IsValid() {
		return ""
	}
	return p.Masked().Addr().String()
}
