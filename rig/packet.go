package rig

import (
	"encoding/binary"

	"github.com/pion/stun/v3"
)

// rtp is what can be read of an SRTP packet without its key (RFC 3550 §5.1,
// RFC 3711 §3.1).
type rtp struct {
	ssrc    uint32
	seq     uint16
	pt      uint8
	payload int // bytes behind the header, the authentication tag included
	padded  bool
}

// application returns what a TURN message carries between the peers: the data
// of a ChannelData message (RFC 8656 §12.4) or of a Send or Data indication;
// nil for all else, which is between client and relay.
func application(p []byte) []byte {
	if len(p) < 4 {
		return nil
	}
	if p[0] >= 0x40 && p[0] < 0x80 {
		if n := int(binary.BigEndian.Uint16(p[2:])); n <= len(p)-4 {
			return p[4 : 4+n]
		}
		return nil
	}
	m := message(p)
	if m == nil || m.Type.Class != stun.ClassIndication {
		return nil
	}
	data, err := m.Get(stun.AttrData)
	if err != nil {
		return nil
	}
	return data
}

// userOf returns the user name that a STUN message gives, "" for none.
func userOf(p []byte) string {
	m := message(p)
	if m == nil {
		return ""
	}
	name, err := m.Get(stun.AttrUsername)
	if err != nil {
		return ""
	}
	return string(name)
}

func message(p []byte) *stun.Message {
	if !stun.IsMessage(p) {
		return nil
	}
	m := &stun.Message{Raw: p}
	if m.Decode() != nil {
		return nil
	}
	return m
}

// parseRTP reads the header of an RTP packet; RTCP, DTLS and STUN are none
// (told apart as RFC 7983 and RFC 5761 §4 say). How much of a padded one is
// padding is encrypted; browsers pad only what they probe the bandwidth with,
// which carries nothing else.
func parseRTP(p []byte) (rtp, bool) {
	if len(p) < 12 || !media(p) || p[1] >= 192 && p[1] <= 223 {
		return rtp{}, false
	}
	header := 12 + 4*int(p[0]&15)
	if p[0]&16 != 0 {
		if len(p) < header+4 {
			return rtp{}, false
		}
		header += 4 + 4*int(binary.BigEndian.Uint16(p[header+2:]))
	}
	if header > len(p) {
		return rtp{}, false
	}
	return rtp{
		ssrc: binary.BigEndian.Uint32(p[8:]), seq: binary.BigEndian.Uint16(p[2:]), pt: p[1] & 127,
		payload: len(p) - header, padded: p[0]&32 != 0,
	}, true
}

// media reports whether a packet between the peers is RTP or RTCP.
func media(p []byte) bool { return len(p) > 0 && p[0] >= 128 && p[0] <= 191 }

// parseCheck reads a STUN binding request or its successful answer (RFC 8489
// §5): the end of its transaction id and which it is.
func parseCheck(p []byte) (id uint32, answer, ok bool) {
	if len(p) < 20 || !stun.IsMessage(p) {
		return 0, false, false
	}
	t := binary.BigEndian.Uint16(p)
	return binary.BigEndian.Uint32(p[16:]), t == 0x0101, t == 0x0001 || t == 0x0101
}

// frames finds the TURN messages in a TCP stream (RFC 8656 §3.7: a STUN
// message tells its length, ChannelData is padded to four bytes) and passes
// each to see. What does not look like TURN ends the search.
type frames struct {
	rest []byte
	lost bool
	see  func([]byte)
}

func (f *frames) write(p []byte) {
	if f.lost {
		return
	}
	f.rest = append(f.rest, p...)
	for len(f.rest) >= 4 {
		n := int(binary.BigEndian.Uint16(f.rest[2:]))
		switch {
		case f.rest[0] < 0x40:
			n += 20
		case f.rest[0] < 0x80:
			n += 4
		default:
			f.lost, f.rest = true, nil
			return
		}
		padded := (n + 3) &^ 3
		if len(f.rest) < padded {
			return
		}
		f.see(f.rest[:n])
		f.rest = f.rest[padded:]
	}
}
