package feature

import (
	"fmt"
	"math"
	"slices"
	"sync"
)

// The sets: whose name and definition a feature has.
const (
	Jitsi     = "jitsi"     // jitsi/rtcstats-server
	RTCStats  = "rtcstats"  // rtcstats/rtcstats, packages/rtcstats-features
	Peerglass = "peerglass" // ours
)

// The scopes: what a feature is of.
const (
	Client     = "client"
	Connection = "connection"
	Track      = "track"
)

// Form says how a feature's value is to be read.
type Form uint8

// The forms. A Number, a Flag (1 or 0) and a Time (Unix ms, by the client's
// clock) are told in rtc.Feature.Number, the others in its Text.
const (
	Number Form = iota + 1
	Flag
	Time
	Text
	JSON
)

func (f Form) String() string { return [...]string{"", "number", "flag", "time", "text", "json"}[f] }

// The units that features have; others are bare numbers.
const (
	milliseconds = "ms"
	seconds      = "s"
	percent      = "%"     // 0–100
	ratio        = "ratio" // 0–1; what rtcstats calls a percentage is one
	packets      = "packets"
	frames       = "frames"
	samples      = "samples"
	bytesUnit    = "B"
	bitsPerSec   = "bit/s"
	pixels       = "px"
	framesPerSec = "fps"
)

// Declaration says what a feature is.
type Declaration struct {
	Set    string
	Scope  string
	Name   string // as the set names it
	Form   Form
	Unit   string // "" for a bare number, a flag or a text
	Help   string // what it is, one sentence
	Source string // what it is read from

	client     func(*client) value
	connection func(*connection) value
	track      func(*track) value  // of the sets rtcstats and peerglass
	stream     func(*stream) value // of the set jitsi
}

// value is what a declaration found; the zero value says that it was not
// measured.
type value struct {
	number float64
	text   string
	known  bool
}

func number(f float64) value {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return value{}
	}
	return value{number: f, known: true}
}

func truth(b bool) value {
	if b {
		return value{number: 1, known: true}
	}
	return value{known: true}
}

// told is a text, unknown where empty.
func told(s string) value { return value{number: math.NaN(), text: s, known: s != ""} }

// when is a time, unknown where 0.
func when(ms int64) value { return value{number: float64(ms), known: ms != 0} }

// span is a length of time, unknown where negative.
func span(ms int64) value { return value{number: float64(ms), known: ms >= 0} }

// only is v where the condition holds.
func (v value) only(condition bool) value {
	if !condition {
		return value{}
	}
	return v
}

// catalogue holds the declarations in the order of docs/features.md.
var catalogue = sync.OnceValue(func() []Declaration {
	all := slices.Concat(jitsiClient, jitsiConnection, jitsiTrack,
		rtcstatsClient, rtcstatsConnection, rtcstatsTrack,
		ownClient, ownConnection, ownTrack)
	seen := make(map[[3]string]bool, len(all))
	for i := range all {
		d := &all[i]
		key := [3]string{d.Set, d.Scope, d.Name}
		if seen[key] {
			panic(fmt.Sprintf("feature: %s %s %s is declared twice", d.Set, d.Scope, d.Name))
		}
		seen[key] = true
	}
	return all
})

// declare gives the declarations of one table what they have in common.
func declare(set, scope string, all ...Declaration) []Declaration {
	for i := range all {
		all[i].Set, all[i].Scope = set, scope
	}
	return all
}

// Catalogue returns the declarations of all features. It must not be changed.
func Catalogue() []Declaration { return catalogue() }
