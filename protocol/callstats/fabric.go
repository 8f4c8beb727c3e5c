package callstats

import (
	"encoding/json"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/rtc"
)

// fabricBody are the members of events of fabrics and of ICE that are read.
type fabricBody struct {
	Delay        number          `json:"delay"` // ms, from addNewFabric
	Gathering    number          `json:"iceGatheringDelay"`
	Connectivity number          `json:"iceConnectivityDelay"`
	Remote       text            `json:"remoteEndpointType"`
	Direction    text            `json:"fabricTransmissionDirection"`
	State        text            `json:"currIceConnectionState"`
	FabricState  text            `json:"fabricState"`
	Reason       text            `json:"reason"`
	Function     text            `json:"function"`
	Name         text            `json:"name"`
	Message      json.RawMessage `json:"message"`
}

// setUp is the payload of fabricSetup and fabricSetupFailed.
type setUp struct {
	Delay        number `json:"delay,omitzero"` // ms
	Gathering    number `json:"iceGatheringDelay,omitzero"`
	Connectivity number `json:"iceConnectivityDelay,omitzero"`
	Remote       text   `json:"remoteEndpointType,omitempty"`
	Direction    text   `json:"fabricTransmissionDirection,omitempty"`
	Reason       text   `json:"reason,omitempty"`
}

// callOf gives the call of the browser that an error is of.
var callOf = map[text]string{
	"createOffer": "createOffer", "createAnswer": "createAnswer", "setLocalDescription": "setLocalDescription",
	"setRemoteDescription": "setRemoteDescription", "addIceCandidate": "addIceCandidate",
}

// fabricEvent passes on how a fabric came up, failed, changed or ended.
func (d *scratch) fabricEvent(h *header, body []byte) error {
	b, conn := read[fabricBody](body), []byte(h.Connection)
	if h.EventType == "fabricSetupFailed" && (h.Connection == "" || b.FabricState == "established") {
		return d.failure(&b, d.known(conn)) // an error within a call, or without a fabric
	}
	if len(conn) == 0 {
		return protocol.Errorf(protocol.CodeMalformed, "an event does not say of which fabric it is: name it in connectionID")
	}
	var delay float64
	if h.EventType == "fabricSetup" || h.EventType == "fabricSetupFailed" {
		delay = b.Delay.value
	}
	f, err := d.fabricOf(conn, delay)
	if err != nil {
		return err
	}
	f.server = f.server || b.Remote == "server"
	if delay > 0 && f.state == "" && callOf[b.Function] == "" {
		// A client that tells no states says here how long the checks took.
		if c := b.Connectivity; c.told && c.value >= 0 && c.value < delay {
			delay = c.value
		}
		at := d.rec.Time
		if delay < float64(at) {
			d.rec.Time -= int64(delay)
		}
		err := d.changes(f, conn, "checking")
		d.rec.Time = at
		if err != nil {
			return err
		}
	}
	told := appendJSON(nil, &setUp{b.Delay, b.Gathering, b.Connectivity, b.Remote, b.Direction, b.Reason})
	switch h.EventType {
	case "fabricSetup":
		if err := d.maps(f, conn, string(h.RemoteID)); err != nil {
			return err
		}
		if f.state != "completed" { // clients that tell no states
			if err := d.changes(f, conn, "connected"); err != nil {
				return err
			}
		}
		return d.record(rtc.KindEvent, "fabricSetup", conn, told)
	case "fabricSetupFailed":
		if call := callOf[b.Function]; call != "" {
			err = d.record(rtc.KindCall, call+rtc.OnFailure, conn, nil)
		} else {
			err = d.changes(f, conn, "failed")
		}
		if err != nil {
			return err
		}
		if err := d.record(rtc.KindEvent, "fabricSetupFailed", conn, told); err != nil {
			return err
		}
		if b.Function == "" && b.Name == "" && len(b.Message) == 0 {
			return nil
		}
		return d.failure(&b, conn)
	case "fabricTerminated":
		if err := d.record(rtc.KindEvent, "fabricTerminated", conn, rest(body)); err != nil {
			return err
		}
		f.over = d.rec.Time
		return d.record(rtc.KindCall, rtc.NameClose, conn, nil)
	}
	if err := d.changes(f, conn, string(b.State)); err != nil {
		return err
	}
	name := string(h.EventType)
	if name == "" {
		name = "fabric"
	}
	return d.record(rtc.KindEvent, name, conn, rest(body))
}

// known returns conn where it is a fabric's.
func (d *scratch) known(conn []byte) []byte {
	if d.fabrics[string(conn)] == nil {
		return nil
	}
	return conn
}

// failure passes on an error that the application reported of a function. The
// client sends {"name","message"} as a text.
func (d *scratch) failure(b *fabricBody, conn []byte) error {
	e := struct {
		Function text   `json:"function"`
		Name     text   `json:"name,omitempty"`
		Message  string `json:"message,omitempty"`
		Reason   text   `json:"reason,omitempty"`
	}{Function: b.Function, Name: b.Name, Reason: b.Reason}
	if len(b.Message) > 0 && json.Unmarshal(b.Message, &e.Message) == nil {
		var inner struct{ Name, Message text }
		if json.Unmarshal([]byte(e.Message), &inner) == nil && inner.Message != "" {
			e.Message = string(inner.Message)
		}
	}
	return d.record(rtc.KindEvent, rtc.NameError, conn, appendJSON(nil, &e))
}

// stateChange passes on a state of a peer connection.
func (d *scratch) stateChange(h *header, body []byte) error {
	b := read[struct{ ChangedState, NewState text }](body)
	conn := []byte(h.Connection)
	if len(conn) == 0 {
		return protocol.Errorf(protocol.CodeMalformed, "a state does not say of which fabric it is: name it in connectionID")
	}
	f, err := d.fabricOf(conn, 0)
	if err != nil {
		return err
	}
	var name string
	switch b.ChangedState {
	case "iceConnectionState":
		return d.changes(f, conn, string(b.NewState))
	case "signalingState":
		name = rtc.NameSignalingState
	case "iceGatheringState":
		name = rtc.NameGatheringState
	case "connectionState":
		name = rtc.NameConnState
	default:
		return d.record(rtc.KindEvent, string(h.EventType), conn, rest(body))
	}
	if f.overtaken(name, d.rec.Time) {
		return d.late(name, conn, string(b.NewState))
	}
	return d.record(rtc.KindState, name, conn, appendJSON(nil, b.NewState))
}
