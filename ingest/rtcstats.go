package ingest

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/protocol/rtcstats"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/spool"
)

// rtcstatsWire is the protocol of rtcstats-js: no sequence numbers, no word
// from the server, one WebSocket is one session.
type rtcstatsWire struct{}

var _ wire = rtcstatsWire{}

func (rtcstatsWire) name() string { return "rtcstats" }

func (rtcstatsWire) traits() *traits { return &rtcstatsTraits }

var rtcstatsTraits = traits{
	patterns: []string{"/ingest/rtcstats/{key}", "/ingest/rtcstats/{key}/{room...}"},
	// The protocol has no keep-alive, and a client says nothing before its
	// first peer connection is up; browsers answer pings by themselves.
	graceMs: 60_000,
	pingMs:  25_000,
}

func (rtcstatsWire) decoder(*spool.Meta) protocol.Decoder {
	return rtcstats.NewDecoder()
}

func (rtcstatsWire) admit(c *conn, r *http.Request) error {
	if names := offered(r); len(names) > 0 {
		if !slices.Contains(names, rtcstats.Subprotocol) {
			return protocol.Errorf(protocol.CodeUnsupported, "the subprotocol %s is not spoken here: use %s", clip(strings.Join(names, ", "), 100), rtcstats.Subprotocol)
		}
		c.subprotocol = rtcstats.Subprotocol
	}
	c.meta.Subprotocol = rtcstats.Subprotocol
	if err := c.admitKey(r.PathValue("key")); err != nil {
		return err
	}
	id := rtc.Identity{Room: clip(strings.Trim(r.PathValue("room"), "/"), protocol.MaxName), Page: c.meta.Origin}
	if token := r.URL.Query().Get(rtcstats.TokenParameter); token != "" {
		claims, err := c.readToken(token)
		if err != nil {
			c.release()
			return err
		}
		id.Room, id.RoomName = cmp.Or(claims.Room, id.Room), claims.RoomName
		id.User, id.UserName = claims.User, claims.UserName
		c.meta.ClientSession = claims.Session
	}
	c.identify(id)
	return nil
}

func (rtcstatsWire) opened(c *conn) error {
	_, _, err := c.join()
	return err
}

func (rtcstatsWire) message(c *conn, _ bool, data []byte) error { return c.frame(0, data) }

func (rtcstatsWire) appendAck([]byte, uint64) []byte { return nil }

func (rtcstatsWire) left(code uint16) (bool, string) {
	if code == 1000 || code == 1001 || code == 1005 {
		return true, "leave"
	}
	return true, reasonTimeout
}

func (rtcstatsWire) refusal(r *Refusal) ([]byte, uint16) { return nil, closeCode(r.Reason) }
