package rtc

import "math"

// Member numbers a member of the W3C statistics by its name; 0 is unknown.
// Nested members are named with a dot: qualityLimitationDurations.cpu.
type Member uint16

// Members is one more than the largest Member.
const Members = int(memberEnd)

// MemberForm says how a member behaves.
type MemberForm uint8

// The forms of a member.
const (
	Counter MemberForm = iota + 1 // cumulative; falls only at a reset, or where the standard lets it (packetsLost)
	Gauge
	Text
	Flag
)

// Unit of a member's or a metric's value.
type Unit uint8

// The units. A metric's unit is what the API and the console print.
const (
	UnitNone Unit = iota
	UnitPackets
	UnitBytes
	UnitMilliseconds
	UnitSeconds
	UnitCount
	UnitSamples
	UnitRatio // 0–1
	UnitEnergy
	UnitFrames
	UnitPixels
	UnitFramesPerSecond
	UnitSquareSeconds
	UnitBitsPerSecond
	UnitDecibels
	UnitHertz
	UnitPacketsPerSecond
	unitEnd
)

var unitSymbols = [unitEnd]string{"", "packets", "B", "ms", "s", "", "samples", "ratio", "", "frames", "px", "fps", "s²", "bit/s", "dB", "Hz", "packets/s"}

// Symbol returns the unit as it is printed; "" for a bare number.
func (u Unit) Symbol() string { return unitSymbols[u] }

// Step is the smallest difference of a member with this unit that the native
// wire carries: values are sent as whole multiples of it.
func (u Unit) Step() float64 {
	switch u {
	case UnitSeconds, UnitRatio, UnitSquareSeconds:
		return 1e-6
	case UnitEnergy:
		return 1e-9
	case UnitMilliseconds, UnitFramesPerSecond, UnitDecibels:
		return 1e-3
	}
	return 1
}

// MemberInfo describes a member.
type MemberInfo struct {
	Name string
	Form MemberForm
	Unit Unit
}

// Info returns what the dictionary says of m.
func (m Member) Info() MemberInfo { return dictionary[m] }

func (m Member) String() string { return dictionary[m].Name }

// StatsType is the type of a W3C statistics report; 0 is unknown.
type StatsType uint8

// The types. Numbers are those of the native wire: append, never reorder.
const (
	TypeInboundRTP StatsType = iota + 1
	TypeOutboundRTP
	TypeRemoteInboundRTP
	TypeRemoteOutboundRTP
	TypeMediaSource
	TypeMediaPlayout
	TypeCandidatePair
	TypeTransport
	TypeCodec
	TypeLocalCandidate
	TypeRemoteCandidate
	TypeCertificate
	TypeDataChannel
	TypePeerConnection
	TypeTrack  // obsolete, still in old recordings
	TypeStream // obsolete
	TypeSender
	TypeReceiver
	TypeTransceiver
	TypeCSRC
	TypeClient // of our own: what a client measures about its own machine
	typeEnd
)

var typeNames = [typeEnd]string{"", "inbound-rtp", "outbound-rtp", "remote-inbound-rtp", "remote-outbound-rtp",
	"media-source", "media-playout", "candidate-pair", "transport", "codec", "local-candidate", "remote-candidate",
	"certificate", "data-channel", "peer-connection", "track", "stream", "sender", "receiver", "transceiver", "csrc", "client"}

// StatsTypes is one more than the largest StatsType.
const StatsTypes = int(typeEnd)

func (t StatsType) String() string { return typeNames[t] }

// LookupStatsType returns the type called name, or 0. It does not allocate.
func LookupStatsType(name []byte) StatsType { return typeByName[string(name)] }

var typeByName = func() map[string]StatsType {
	byName := make(map[string]StatsType, typeEnd)
	for t := StatsType(1); t < typeEnd; t++ {
		byName[typeNames[t]] = t
	}
	// Names that browsers used before the standard settled.
	byName["inboundrtp"], byName["outboundrtp"] = TypeInboundRTP, TypeOutboundRTP
	byName["candidatepair"] = TypeCandidatePair
	byName["localcandidate"], byName["remotecandidate"] = TypeLocalCandidate, TypeRemoteCandidate
	return byName
}()

// Null is the value of a metric that was not measured.
var Null = float32(math.NaN())

// IsNull reports whether v was not measured.
func IsNull(v float32) bool { return v != v }
