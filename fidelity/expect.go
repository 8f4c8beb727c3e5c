package fidelity

import (
	"slices"

	"github.com/peerglass/peerglass/rtc"
)

// order of the conditions in the document; others follow.
var order = []string{
	"clean", "loss_up_2", "loss_up_5", "loss_up_10_burst", "loss_up_20", "loss_down_5", "loss_down_20", "delay_200", "delay_500",
	"jitter_up_150", "reorder_up_20", "rate_up_150", "rate_down_150", "blackout_up_1", "blackout_up_3", "blackout_down_3", "blackout_both_9",
	"three_loss_up_10", "three_loss_down_10", "three_rate_up_200", "three_rate_down_200",
	"capture_still", "capture_black", "camera_unplugged", "track_stopped", "microphone_silent", "permission_denied", "no_device",
	"cpu_starved", "peer_killed", "turn_shut", "turn_blocked", "turn_dies", "turn_tcp", "slow_join", "ice_restart",
	"muted", "track_replaced", "poll_late",
}

func place(condition string) int {
	if i := slices.Index(order, condition); i >= 0 {
		return i
	}
	return len(order)
}

// between says that the network between the two users is at fault: in a call
// of two over a relay what ben does not get may have been lost on ada's uplink
// or on his own downlink, and nobody who sees the ends only can tell. To name
// ada's network is a guess, though here a right one, and does not count.
func between(did string, causes ...string) Expected {
	return Expected{Did: did, Causes: causes, Sides: []rtc.Side{rtc.BetweenSide}}
}

// access says that ada's access network is at fault: others hear each other
// well.
func access(did string, causes ...string) Expected {
	return Expected{Did: did, Causes: causes, Sides: []rtc.Side{rtc.UserNetwork}, User: "ada"}
}

// hers says that it lies with ada, her device or what she did.
func hers(did string, causes ...string) Expected {
	return Expected{Did: did, Causes: causes, Sides: []rtc.Side{rtc.UserSide}, User: "ada"}
}

// server says that it lies with the server's side, or how it is set up.
func server(did string, causes ...string) Expected {
	return Expected{Did: did, Causes: causes, Sides: []rtc.Side{rtc.ServerSide}}
}

// with names the types of issue of which one must be there, where the cause
// alone does not say what it is.
func (e Expected) with(types ...string) Expected {
	e.Types = types
	return e
}

func fine(did string) Expected { return Expected{Did: did, Quiet: true} }

// Conditions are those of the rig (e2e/rig/conditions.ts) with what ought to
// be said.
var Conditions = map[string]Expected{
	"clean": fine("nothing"),

	"loss_up_2":        between("2 % of the packets from ada to ben lost for 10 s", "packet_loss"),
	"loss_up_5":        between("5 % of the packets from ada to ben lost for 10 s", "packet_loss"),
	"loss_up_10_burst": between("10 % of the packets from ada to ben lost in bursts of 4 for 10 s", "packet_loss"),
	"loss_up_20":       between("20 % of the packets from ada to ben lost for 10 s", "packet_loss"),
	"loss_down_5":      between("5 % of the packets from ben to ada lost for 10 s", "packet_loss"),
	"loss_down_20":     between("20 % of the packets from ben to ada lost for 10 s", "packet_loss"),
	"delay_200":        between("200 ms more each way for 10 s", "latency"),
	"delay_500":        between("500 ms more each way for 10 s", "latency"),
	"jitter_up_150":    between("0 to 300 ms of changing delay from ada to ben for 10 s", "jitter"),
	"reorder_up_20":    between("a fifth of the packets from ada to ben held back by 300 ms for 10 s", "jitter", "packet_loss"),
	"rate_up_150":      between("150 kbit/s from ada to ben for 10 s", "bandwidth", "uplink_bandwidth", "downlink_bandwidth"),
	"rate_down_150":    between("150 kbit/s from ben to ada for 10 s", "bandwidth", "uplink_bandwidth", "downlink_bandwidth"),
	"blackout_up_1":    between("nothing passes from ada to ben for 1 s", "no_packets"),
	"blackout_up_3":    between("nothing passes from ada to ben for 3 s", "no_packets"),
	"blackout_down_3":  between("nothing passes from ben to ada for 3 s", "no_packets"),
	"blackout_both_9":  between("nothing passes between ada and ben for 9 s", "no_packets"),

	"three_loss_up_10":    access("10 % of the packets that ada sends lost for 10 s, in a call of three", "packet_loss"),
	"three_loss_down_10":  access("10 % of the packets to ada lost for 10 s, in a call of three", "packet_loss"),
	"three_rate_up_200":   access("200 kbit/s for all that ada sends for 10 s, in a call of three", "bandwidth", "uplink_bandwidth", "downlink_bandwidth"),
	"three_rate_down_200": access("200 kbit/s for all that comes to ada for 10 s, in a call of three", "bandwidth", "uplink_bandwidth", "downlink_bandwidth"),

	"capture_still":     hers("ada's camera gives no frames for 10 s", "source").with("frozen_source"),
	"capture_black":     hers("ada's camera gives black frames for 10 s", "source").with("black_source"),
	"camera_unplugged":  hers("ada's camera ends, as when it is pulled out", "ended").with("device_ended"),
	"track_stopped":     hers("ada's page stops the camera's track", "sender_stopped", "stopped", "ended"),
	"microphone_silent": hers("ada's microphone gives silence from then on, though it is not muted", "source").with("silence_while_unmuted", "no_audio_captured"),
	"permission_denied": hers("ada's browser refuses camera and microphone", "denied").with("permission_denied"),
	"no_device":         hers("ada has neither camera nor microphone", "not_found").with("device_missing"),
	"cpu_starved":       hers("twenty busy processes on ada's processor for 10 s", "cpu"),
	"peer_killed":       hers("ada's page dies without a goodbye", "no_goodbye", "vanished").with("participant_vanished"),

	"turn_shut":    server("nobody listens at the TURN server's port", "no_answer").with("turn_unreachable"),
	"turn_blocked": access("ada's packets do not get through to the TURN server", "no_answer").with("turn_unreachable"),
	"turn_dies":    {Did: "the TURN server dies in the call", Causes: []string{"no_packets", "path_lost", "no_answer"}, Sides: []rtc.Side{rtc.ServerSide, rtc.BetweenSide}},
	"turn_tcp":     server("the application offers the relay over TCP only", "only_tcp_configured").with("relay_over_tcp"),
	"slow_join":    server("the signalling server takes 3.5 s with each message", "signalling").with("slow_join"),
	"ice_restart":  between("nothing passes between ada and the relay for 5 s, and the page restarts ICE", "no_packets"),

	"muted":          fine("ada mutes microphone and camera for 10 s"),
	"track_replaced": fine("ada's page sends no video for 10 s (replaceTrack(null))"),
	"poll_late":      fine("ada's page is busy for 2.5 s: polls come late"),
}

// switchedOff are conditions in which a picture was taken away, not delayed: a
// frame that nobody sends is no stutter, and the truth of one is a matter of
// words. Their stutter is not judged.
var switchedOff = map[string]bool{
	"camera_unplugged": true, "track_stopped": true, "peer_killed": true, "muted": true, "track_replaced": true, "turn_dies": true,
	"permission_denied": true, "no_device": true, "turn_shut": true, "turn_blocked": true, "slow_join": true,
}

// starved are conditions in which ada's browser has hardly any processor: it
// asks, takes and dates late.
var starved = map[string]bool{"cpu_starved": true}

// silenced are conditions in which ada's microphone gives silence.
var silenced = map[string]bool{"microphone_silent": true}
