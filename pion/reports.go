package pion

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/pion/interceptor/pkg/stats"
	"github.com/pion/webrtc/v4"
)

// report has the members of one W3C statistics report.
type report map[string]any

// reports is the connection's getStats result as the W3C writes it, as JSON.
// Pion's own GetStats is not asked: its result has a member for everything in
// the standard, 0 where nothing is measured, and it must not be called while
// the other end's goodbye closes the connection.
func (w *PeerConnection) reports() []byte {
	all := map[string]report{}
	now := time.Now()
	transport := report{"type": "transport", "dtlsState": dtlsState(w.PeerConnection)}
	if ice := w.iceTransport(); ice != nil {
		told := ice.Stats()
		transport["bytesSent"], transport["bytesReceived"] = told.BytesSent, told.BytesReceived
		w.path(all, transport, ice)
	}
	all[transportID] = transport
	if g, ok := getters.Load(w.ID()); ok {
		w.sent(all, g.(stats.Getter), now)
		w.received(all, g.(stats.Getter))
	}
	stamp := milliseconds(now)
	for id, r := range all {
		if _, has := r["timestamp"]; !has {
			r["timestamp"] = stamp
		}
		r["id"] = id
	}
	b, err := json.Marshal(all)
	if err != nil {
		panic(err) // texts and finite numbers always marshal
	}
	return b
}

// path adds the candidate pair that is in use.
func (w *PeerConnection) path(all map[string]report, transport report, ice *webrtc.ICETransport) {
	pair, err := ice.GetSelectedCandidatePair()
	if err != nil || pair == nil || w.ICEConnectionState() == webrtc.ICEConnectionStateClosed {
		return
	}
	s, ok := ice.GetSelectedCandidatePairStats()
	if !ok {
		return
	}
	r := report{
		"type": "candidate-pair", "transportId": transportID, "localCandidateId": s.LocalCandidateID, "remoteCandidateId": s.RemoteCandidateID,
		"state": string(s.State), "nominated": s.Nominated,
		"packetsSent": s.PacketsSent, "packetsReceived": s.PacketsReceived, "bytesSent": s.BytesSent, "bytesReceived": s.BytesReceived,
		"requestsSent": s.RequestsSent, "requestsReceived": s.RequestsReceived, "responsesSent": s.ResponsesSent, "responsesReceived": s.ResponsesReceived,
	}
	if s.ResponsesReceived > 0 {
		r["currentRoundTripTime"], r["totalRoundTripTime"] = s.CurrentRoundTripTime, s.TotalRoundTripTime
	}
	all[s.ID] = r
	transport["selectedCandidatePairId"] = s.ID
	for id, c := range map[string]*webrtc.ICECandidate{s.LocalCandidateID: pair.Local, s.RemoteCandidateID: pair.Remote} {
		kind := "remote-candidate"
		if c == pair.Local {
			kind = "local-candidate"
		}
		all[id] = report{"type": kind, "address": c.Address, "port": c.Port, "protocol": c.Protocol.String(), "candidateType": c.Typ.String(), "priority": c.Priority, "transportId": transportID}
	}
}

const transportID = "iceTransport"

func milliseconds(t time.Time) float64 { return float64(t.UnixMicro()) / 1000 }

func dtlsState(pc *webrtc.PeerConnection) string {
	if t := pc.SCTP().Transport(); t != nil {
		return t.State().String()
	}
	return "new"
}

func (w *PeerConnection) iceTransport() *webrtc.ICETransport {
	if t := w.SCTP().Transport(); t != nil {
		return t.ICETransport()
	}
	return nil
}

// reported is what the other end last told of a sent stream, and when.
type reported struct {
	figures stats.RemoteInboundRTPStreamStats
	at      time.Time
}

// sent adds what is sent, by transceiver and encoding, and what the other end
// reports of it.
func (w *PeerConnection) sent(all map[string]report, getter stats.Getter, now time.Time) {
	for _, t := range w.GetTransceivers() {
		sender := t.Sender()
		if sender == nil || sender.Track() == nil {
			continue
		}
		parameters := sender.GetParameters()
		for _, e := range parameters.Encodings {
			counted := getter.Get(uint32(e.SSRC))
			if counted == nil || counted.OutboundRTPStreamStats.PacketsSent == 0 {
				continue
			}
			out := &counted.OutboundRTPStreamStats
			id := fmt.Sprintf("outbound-rtp-%d", e.SSRC)
			r := report{
				"type": "outbound-rtp", "ssrc": e.SSRC, "kind": t.Kind().String(), "mid": t.Mid(), "transportId": transportID,
				"packetsSent": out.PacketsSent, "bytesSent": out.BytesSent, "headerBytesSent": out.HeaderBytesSent,
				"nackCount": out.NACKCount, "firCount": out.FIRCount, "pliCount": out.PLICount,
				"trackIdentifier": sender.Track().ID(),
			}
			if e.RID != "" {
				r["rid"] = e.RID
			}
			addCodec(all, r, parameters.Codecs)
			all[id] = r
			if remote := &counted.RemoteInboundRTPStreamStats; remote.PacketsReceived > 0 || remote.RoundTripTimeMeasurements > 0 {
				far := report{
					"type": "remote-inbound-rtp", "ssrc": e.SSRC, "kind": t.Kind().String(), "localId": id, "transportId": transportID,
					"packetsLost": remote.PacketsLost, "fractionLost": remote.FractionLost, "jitter": remote.Jitter,
				}
				if remote.RoundTripTimeMeasurements > 0 {
					far["roundTripTime"], far["totalRoundTripTime"] = remote.RoundTripTime.Seconds(), remote.TotalRoundTripTime.Seconds()
					far["roundTripTimeMeasurements"] = remote.RoundTripTimeMeasurements
				}
				r["remoteId"] = "remote-" + id
				all["remote-"+id] = far
				// Pion does not say when the report came: when its figures changed.
				told := w.reported[id]
				if told.figures != *remote {
					told = reported{*remote, now}
					w.reported[id] = told
				}
				far["timestamp"] = milliseconds(told.at)
			}
		}
	}
}

// received adds what is received.
func (w *PeerConnection) received(all map[string]report, getter stats.Getter) {
	for _, t := range w.GetTransceivers() {
		receiver := t.Receiver()
		if receiver == nil {
			continue
		}
		for _, track := range receiver.Tracks() {
			counted := getter.Get(uint32(track.SSRC()))
			if counted == nil || counted.InboundRTPStreamStats.PacketsReceived == 0 {
				continue
			}
			in := &counted.InboundRTPStreamStats
			id := fmt.Sprintf("inbound-rtp-%d", track.SSRC())
			r := report{
				"type": "inbound-rtp", "ssrc": track.SSRC(), "kind": track.Kind().String(), "mid": t.Mid(), "transportId": transportID, "trackIdentifier": track.ID(),
				"packetsReceived": in.PacketsReceived, "packetsLost": in.PacketsLost, "jitter": in.Jitter,
				"bytesReceived": in.BytesReceived, "headerBytesReceived": in.HeaderBytesReceived, "lastPacketReceivedTimestamp": milliseconds(in.LastPacketReceivedTimestamp),
				"nackCount": in.NACKCount, "firCount": in.FIRCount, "pliCount": in.PLICount,
			}
			if track.RID() != "" {
				r["rid"] = track.RID()
			}
			addCodec(all, r, []webrtc.RTPCodecParameters{track.Codec()})
			all[id] = r
		}
	}
}

// addCodec ties a stream to the codec that it uses: the first that was agreed.
func addCodec(all map[string]report, stream report, codecs []webrtc.RTPCodecParameters) {
	if len(codecs) == 0 || codecs[0].MimeType == "" {
		return
	}
	c := codecs[0]
	id := fmt.Sprintf("codec-%d-%s", c.PayloadType, c.MimeType)
	stream["codecId"] = id
	r := report{"type": "codec", "mimeType": c.MimeType, "payloadType": c.PayloadType, "clockRate": c.ClockRate, "sdpFmtpLine": c.SDPFmtpLine, "transportId": transportID}
	if c.Channels > 0 {
		r["channels"] = c.Channels
	}
	all[id] = r
}
