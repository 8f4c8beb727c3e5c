package ingest

import (
	"net/http"
	"strings"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/protocol/jitsi"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/spool"
)

// jitsiWire is the protocol of @jitsi/rtcstats, all versions.
type jitsiWire struct{}

var _ wire = jitsiWire{}

func (jitsiWire) name() string { return "jitsi" }

func (jitsiWire) traits() *traits { return &jitsiTraits }

var jitsiTraits = traits{
	patterns:  []string{"/ingest/jitsi/{key}", "/ingest/jitsi/{key}/{room...}"},
	resumable: true,
	// As Jitsi's own server: clients send a keep-alive each 30 s.
	graceMs: 60_000,
	// A client keeps the newest 1,000 entries while it is away, for at most 10
	// minutes; at 100 entries a second that is a gap of 60,000.
	maxJump: 100_000,
	// A client that comes back to a server which has forgotten it goes on
	// counting: a day of 100 entries a second.
	maxFirst: 10_000_000,
}

func (jitsiWire) decoder(m *spool.Meta) protocol.Decoder {
	version, _ := jitsi.LookupVersion(m.Subprotocol)
	return jitsi.NewDecoder(jitsi.Options{Version: version})
}

func (jitsiWire) admit(c *conn, r *http.Request) error {
	request, err := jitsi.ParseRequest(offered(r), r.URL.Query())
	if err != nil {
		return err
	}
	if err := c.admitKey(r.PathValue("key")); err != nil {
		return err
	}
	c.subprotocol, c.meta.Subprotocol = request.Version.Name, request.Version.Name
	c.meta.ClientSession = request.StatsSession
	c.resume, c.sequenced = request.Reconnect, request.Sequenced
	c.identify(rtc.Identity{Room: clip(strings.Trim(r.PathValue("room"), "/"), protocol.MaxName), Page: c.meta.Origin})
	return nil
}

// offered are the subprotocols that a client asks for.
func offered(r *http.Request) []string {
	var names []string
	for _, line := range r.Header.Values("Sec-WebSocket-Protocol") {
		for name := range strings.SplitSeq(line, ",") {
			if name = strings.TrimSpace(name); name != "" {
				names = append(names, name)
			}
		}
	}
	return names
}

func (jitsiWire) opened(c *conn) error {
	last, _, err := c.join()
	if err != nil || !c.sequenced {
		return err
	}
	// A client with sequence numbers sends nothing before it gets this.
	return c.write(false, jitsi.AppendInitial(nil, last))
}

func (jitsiWire) message(c *conn, _ bool, data []byte) error {
	head, err := jitsi.ParseHead(data)
	if err != nil {
		c.metrics.faults.Inc()
		return err
	}
	if head.Type == jitsi.FrameKeepalive {
		return nil
	}
	seq := head.Seq
	if !c.sequenced {
		seq = 0 // nobody could come back to it, and nobody waits for a word
	}
	return c.frame(seq, data)
}

func (jitsiWire) appendAck(dst []byte, seq uint64) []byte { return jitsi.AppendAck(dst, seq) }

func (jitsiWire) left(code uint16) (bool, string) {
	switch code {
	case jitsi.CloseLeave:
		return true, "leave"
	case 1000, 1001, 1005: // 1005: closed without a code, as clients before 9.6 do
		return false, "leave"
	}
	return false, reasonTimeout
}

func (jitsiWire) refusal(r *Refusal) ([]byte, uint16) {
	switch r.Reason {
	case protocol.CodeMalformed, protocol.CodeLimit, protocol.CodeUnsupported, reasonSequence:
		// A client that gets this gives up; after any other code it would come
		// back and send the same again.
		return nil, jitsi.CloseDump
	case reasonReplaced, reasonEnded:
		// The older of two connections must not come back to replace the newer.
		return nil, jitsi.CloseLeave
	}
	return nil, closeCode(r.Reason)
}
