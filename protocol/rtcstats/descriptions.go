package rtcstats

import (
	"strings"

	"github.com/peerglass/peerglass/protocol/statsjson"
)

// Session descriptions are sent without the sections that are as in the
// description before: of an unchanged one only "m=" is left, of the first
// "v=". Which one was before is what rtcstats-js takes: for what it creates
// and sets locally the local description, before there is one the last that
// was created; for the remote one the remote.
//
// The browser adds the candidates that it gathers to its local description,
// and they are not on the wire in that form: a section that comes back is as
// it was when it was set.

const (
	nameSetLocal  = "setLocalDescription"
	nameSetRemote = "setRemoteDescription"
	nameOfferDone = "createOfferOnSuccess"
	nameAnswer    = "createAnswer"
	nameAnswered  = "createAnswerOnSuccess"

	maxDescribed = 64        // connections whose descriptions are kept
	maxSDP       = 128 << 10 // bytes of a description that is kept
)

type description struct{ typ, sdp string }

// negotiation is what is known of one connection's descriptions.
type negotiation struct {
	local, remote   description
	offer, answer   description // created while there was no local one
	setting, taking description // local and remote ones whose outcome is open
}

// descriptions are those of a session's connections.
type descriptions map[string]*negotiation

// ofConn returns a connection's descriptions; nil where they are not kept.
func (d *descriptions) ofConn(conn []byte) *negotiation {
	n := (*d)[string(conn)]
	if n == nil {
		if len(*d) >= maxDescribed {
			return nil
		}
		if *d == nil {
			*d = make(descriptions, 1)
		}
		n = &negotiation{}
		(*d)[string(conn)] = n
	}
	return n
}

// base returns the description that one of type typ in a frame called name was
// compared with.
func (n *negotiation) base(name, typ string) description {
	b := n.local
	switch name {
	case nameSetRemote:
		b = n.remote
	case nameSetLocal:
		if b.sdp == "" && typ == "offer" {
			b = n.offer
		} else if b.sdp == "" {
			b = n.answer
		}
	}
	if b.typ != typ {
		return description{}
	}
	return b
}

// note takes a description, or the outcome of setting one, into what is
// known. d is empty where the frame has none.
func (n *negotiation) note(name string, d description) {
	if len(d.sdp) > maxSDP {
		d = description{}
	}
	switch name {
	case nameOfferDone:
		if n.local.sdp == "" {
			n.offer = d
		}
	case nameAnswered:
		if n.local.sdp == "" {
			n.answer = d
		}
	case nameSetLocal:
		n.setting = d
		if d.typ != "" { // without one the browser makes it and tells at the end
			n.offer, n.answer = description{}, description{}
		}
	case nameSetLocal + "OnSuccess":
		if d.typ == "" {
			d = n.setting
		}
		if d.typ != "" {
			n.local = d
		}
		n.setting = description{}
	case nameSetRemote:
		n.taking = d
	case nameSetRemote + "OnSuccess":
		if n.taking.typ != "" {
			n.remote = n.taking
		}
		n.taking = description{}
	case nameSetLocal + "OnFailure":
		n.setting = description{}
	case nameSetRemote + "OnFailure":
		n.taking = description{}
	}
}

// describes reports whether frames called name take part in negotiation.
func describes(name string) bool {
	return strings.HasPrefix(name, nameSetLocal) || strings.HasPrefix(name, nameSetRemote) ||
		name == nameOfferDone || name == nameAnswered
}

// parseDescription reads {"type":…,"sdp":…}; plain tells that there is nothing
// else in it.
func parseDescription(value []byte) (d description, plain, ok bool) {
	if len(value) == 0 || value[0] != '{' {
		return d, false, false
	}
	s := statsjson.NewScanner(value)
	var buf []byte
	s.Want('{')
	plain = true
	for first := true; s.More(&first, '}'); {
		name, ok := s.String(&buf)
		if !ok || !s.Want(':') {
			return d, false, false
		}
		switch key := string(name); {
		case (key == "type" || key == "sdp") && s.Peek() == '"':
			text, ok := s.String(&buf)
			if !ok {
				return d, false, false
			}
			if key == "type" {
				d.typ = string(text)
			} else {
				d.sdp = string(text)
			}
		default:
			plain = false
			if _, ok := s.Raw(); !ok {
				return d, false, false
			}
		}
	}
	return d, plain, s.Err() == nil
}

// bareSection returns what stands for an unchanged section.
func bareSection(i int) string {
	if i == 0 {
		return "v="
	}
	return "m="
}

// sections splits an SDP; white space around each section is gone.
func sections(sdp string) []string {
	parts := strings.Split(sdp, "\nm=")
	for i, p := range parts {
		if i > 0 {
			p = "m=" + p
		}
		parts[i] = strings.TrimSpace(p)
	}
	return parts
}

func join(parts []string) string { return strings.Join(parts, "\r\n") + "\r\n" }

// expand puts the sections of base where sdp has bare ones, and reports
// whether it had any that base knows.
func expand(base, sdp string) (string, bool) {
	parts := sections(sdp)
	var before []string
	changed := false
	for i, p := range parts {
		if p != bareSection(i) {
			continue
		}
		if before == nil {
			before = sections(base)
		}
		if i < len(before) && before[i] != "" {
			parts[i], changed = before[i], true
		}
	}
	if !changed {
		return sdp, false
	}
	return join(parts), true
}

// pack leaves only the bare section of what is as in base, and reports whether
// that saved anything and can be undone exactly.
func pack(base, sdp string) (string, bool) {
	parts := sections(sdp)
	if base == "" || join(parts) != sdp {
		return sdp, false
	}
	before := sections(base)
	packed := false
	for i, p := range parts {
		switch {
		case p == bareSection(i): // would be taken for an unchanged one
			return sdp, false
		case p != "" && i < len(before) && p == before[i]:
			parts[i], packed = bareSection(i), true
		}
	}
	return join(parts), packed
}
