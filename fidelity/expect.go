package fidelity

import "slices"

// order of the conditions in the document; others follow.
var order = []string{
	"clean", "loss_up_2", "loss_up_5", "loss_up_10_burst", "loss_up_20", "loss_down_5", "loss_down_20", "delay_200", "delay_500",
	"jitter_up_100", "reorder_up_20", "rate_up_150", "rate_down_150", "blackout_up_1", "blackout_up_3", "blackout_down_3", "blackout_both_9",
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

// switchedOff are conditions in which a picture was taken away, not delayed: a
// frame that nobody sends is no stutter, and the truth of one is a matter of
// words. Their stutter is not judged.
var switchedOff = map[string]bool{
	"camera_unplugged": true, "track_stopped": true, "peer_killed": true, "muted": true, "track_replaced": true, "turn_dies": true,
	"permission_denied": true, "no_device": true, "turn_shut": true, "turn_blocked": true, "slow_join": true,
}

// silenced are conditions in which ada's microphone gives silence.
var silenced = map[string]bool{"microphone_silent": true}
