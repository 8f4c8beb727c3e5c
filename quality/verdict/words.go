package verdict

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/peerglass/peerglass/quality/issue"
	"github.com/peerglass/peerglass/rtc"
)

// group is the issues that one cause made.
type group struct {
	issues []*found // worst first
	level  rtc.Level
	weight float64
}

type groupKey struct {
	side      rtc.Side
	who, with *person
	family    string
}

// Most sentences of a verdict, and most pieces of evidence.
const (
	maxSentences = 3
	maxEvidence  = 8
)

// What is told of a call in which nothing is worse than low: one sentence, if
// it lasted, on what people notice or an engineer would want to know.
const lowTold = 5 * time.Second

// lowUntold are types of which a low one alone is no news.
var lowUntold = map[string]bool{
	"page_hidden": true, "app_error": true, "screen_share_ended": true,
	"turn_unreachable": true, "clock": true, "clock_trouble": true, "network_switch": true, "no_media_received": true, "no_media_sent": true,
	"video_freeze": false, "audio_freeze": false,
}

// Weights of issues against each other: what people could not see or hear
// counts more than what only the network knows.
func weigh(f *found) float64 {
	level := [...]float64{0, 0.1, 1, 3}[f.row.Severity]
	impact := 1.0
	switch f.row.Type {
	case "video_freeze", "audio_freeze", "no_media_received", "silence_while_unmuted", "no_audio_captured", "frozen_source":
		impact = 3
	}
	seconds := f.end.Sub(f.start).Seconds()
	if f.row.Phase == rtc.Joining {
		seconds = max(seconds, 60) // who cannot join has no call at all
	}
	return level * impact * min(max(seconds, 1), 600)
}

// family joins causes that are one thing seen in several ways.
func family(f *found) string {
	if networkCauses[f.cause] && (f.side == rtc.UserNetwork || f.side == rtc.BetweenSide || f.side == rtc.ServerSide) {
		return "network"
	}
	return cmp.Or(f.cause, f.row.Type)
}

func (c *call) groups() []*group {
	by := make(map[groupKey]*group)
	var all []*group
	for _, f := range c.issues {
		k := groupKey{f.side, f.who, nil, family(f)}
		if f.side == rtc.BetweenSide && f.with != nil {
			k.with = f.with
			if f.with.user < f.of.who.user || f.with.user == f.of.who.user && f.with.stays[0].row.ID < f.of.who.stays[0].row.ID {
				k.who, k.with = f.with, f.of.who
			}
		}
		g := by[k]
		if g == nil {
			g = &group{}
			by[k] = g
			all = append(all, g)
		}
		g.issues = append(g.issues, f)
		g.level = max(g.level, f.row.Severity)
		g.weight += weigh(f)
	}
	for _, g := range all {
		slices.SortStableFunc(g.issues, func(a, b *found) int { return cmp.Compare(weigh(b), weigh(a)) })
	}
	slices.SortStableFunc(all, func(a, b *group) int {
		return cmp.Or(cmp.Compare(min(b.level, rtc.Medium), min(a.level, rtc.Medium)), cmp.Compare(b.weight, a.weight))
	})
	return all
}

// tell writes what was wrong, the worst first.
func (c *call) tell(v *rtc.Verdict) {
	var told []*group
	for _, g := range c.groups() {
		switch {
		case len(told) == maxSentences:
		case g.level >= rtc.Medium && (len(told) == 0 || g.weight >= 0.05*told[0].weight):
			told = append(told, g)
		case g.level == rtc.Low && len(told) == 0 && !lowUntold[g.issues[0].row.Type] && (g.lasted() >= lowTold || g.cause() == "no_packets"):
			told = append(told, g)
		}
		if len(told) > 0 && told[0].level == rtc.Low {
			break
		}
	}
	if len(told) == 0 {
		return
	}
	for i, g := range told {
		v.Sentences = append(v.Sentences, g.sentence())
		for _, e := range g.evidence(i == 0) {
			e.Sentence = uint8(i + 1)
			v.Evidence = append(v.Evidence, e)
		}
	}
	v.Evidence = v.Evidence[:min(len(v.Evidence), maxEvidence)]
	main := told[0].issues[0]
	v.Side, v.Cause = main.side, told[0].cause()
	if main.who != nil && (main.side == rtc.UserSide || main.side == rtc.UserNetwork) {
		v.User = main.who.user
	}
	confidence := main.confidence
	if told[0].level == rtc.Low {
		confidence *= 0.8
	}
	v.Confidence = float32(math.Round(confidence*100) / 100)
}

// cause is the one that explains most of the group.
func (g *group) cause() string {
	by := make(map[string]float64)
	best := ""
	outage := g.outage()
	of := func(f *found) string {
		if f.start.Before(outage) && networkCauses[f.cause] {
			return "no_packets"
		}
		return cmp.Or(f.cause, f.row.Type)
	}
	for _, f := range g.issues {
		by[of(f)] += weigh(f)
	}
	for _, f := range g.issues { // in their order, so that equals fall the same way
		if k := of(f); best == "" || by[k] > by[best] {
			best = k
		}
	}
	return best
}

const (
	// aftermath is how long after an outage what follows from it may begin: the
	// sender's estimate falls, and what had waited comes at once, late and unevenly.
	aftermath = 3 * time.Second
	// foretold is how much earlier than the outage what it did may seem to begin:
	// with the poll in which it was.
	foretold = 1500 * time.Millisecond
)

// outage is until when what began followed from a time in which nothing came;
// zero if there was none, or if there was trouble before it: a path with too
// little room stops at times as well.
func (g *group) outage() (until time.Time) {
	var from time.Time
	first := g.issues[0].start
	for _, f := range g.issues {
		if f.start.Before(first) {
			first = f.start
		}
		if f.cause == "no_packets" && (from.IsZero() || f.start.Before(from)) {
			from, until = f.start, f.end.Add(aftermath)
		}
	}
	if first.Before(from.Add(-foretold)) {
		return time.Time{}
	}
	return until
}

// spans are the times of the group, joined where they are near.
func (g *group) spans() (all []span) {
	byStart := slices.Clone(g.issues)
	slices.SortStableFunc(byStart, func(a, b *found) int { return a.start.Compare(b.start) })
	for _, f := range byStart {
		if n := len(all); n > 0 && !f.start.After(all[n-1].to.Add(slack)) {
			if f.end.After(all[n-1].to) {
				all[n-1].to = f.end
			}
			continue
		}
		all = append(all, span{f.start, f.end})
	}
	return all
}

type span struct{ from, to time.Time }

func (g *group) lasted() (d time.Duration) {
	for _, s := range g.spans() {
		d += s.to.Sub(s.from)
	}
	return d
}

// when says for how long and when, on the server's clock in UTC.
func (g *group) when() string {
	spans := g.spans()
	first, last := spans[0].from.UTC().Format(time.TimeOnly), spans[len(spans)-1].to.UTC().Format(time.TimeOnly)
	d := g.lasted()
	switch {
	case d < time.Second:
		return "at " + first + " UTC"
	case len(spans) == 1:
		return fmt.Sprintf("for %s (%s–%s UTC)", words(d), first, last)
	}
	return fmt.Sprintf("for %s in all, %d times (%s–%s UTC)", words(d), len(spans), first, last)
}

func words(d time.Duration) string {
	d = d.Round(time.Second)
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Round(time.Minute).Minutes()))
	}
	return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
}

func (p *person) called() string {
	if p == nil || p.name == "" {
		return "a user"
	}
	return p.name
}

// other is how p is called beside someone who may have no name either.
func other(p, beside *person) string {
	if p == nil || p.name == "" {
		if beside == nil || beside.name == "" || p == nil {
			return "another user"
		}
		return "a user"
	}
	return p.name
}

// sentence is what happened, for how long, and why.
func (g *group) sentence() string {
	f := g.felt()
	text := g.effect(f) + " " + g.when()
	if why := g.why(f); why != "" {
		text += ": " + why
	}
	if g.beginsWithName(text) {
		return text + "." // as the application wrote it
	}
	r, n := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(r)) + text[n:] + "."
}

func (g *group) beginsWithName(text string) bool {
	return slices.ContainsFunc(g.issues, func(f *found) bool { return f.of.who.name != "" && strings.HasPrefix(text, f.of.who.name) })
}

// felt is the issue that the sentence tells of: the worst, or one as bad of a
// user who received it, for that is what was noticed.
func (g *group) felt() *found {
	for _, f := range g.issues {
		if f.direction() == rtc.Receive && f.row.Severity == g.level && 2*weigh(f) >= weigh(g.issues[0]) {
			return f
		}
	}
	return g.issues[0]
}

// effect says what the user who has the issue saw or heard.
func (g *group) effect(f *found) string {
	me := f.of.who.called()
	from := f.origin()
	you := other(from, f.of.who)
	victims := g.victims(f)
	sent := f.direction() == rtc.Send
	switch f.row.Type {
	case "video_freeze", "audio_freeze":
		video, audio := g.has("video_freeze", from), g.has("audio_freeze", from)
		verb := "could not"
		if networkCauses[f.cause] && f.cause != "no_packets" && f.cause != "unanswered" || f.cause == "cpu" {
			verb = "could at times not"
		}
		switch {
		case video && audio:
			return fmt.Sprintf("%s %s see or hear %s", victims, verb, you)
		case video:
			return fmt.Sprintf("%s %s see %s", victims, verb, you)
		}
		return fmt.Sprintf("%s %s hear %s", victims, verb, you)
	case "no_media_received":
		return fmt.Sprintf("%s received nothing from %s", victims, you)
	case "low_frame_rate":
		if sent {
			return me + "'s picture had few frames"
		}
		return fmt.Sprintf("%s saw few frames of %s", victims, you)
	case "packet_loss":
		if sent {
			return "packets that " + me + " sent were lost"
		}
		return fmt.Sprintf("packets from %s to %s were lost", you, victims)
	case "jitter":
		if sent {
			return "what " + me + " sent arrived unevenly"
		}
		return fmt.Sprintf("what %s sent reached %s unevenly", you, victims)
	case "latency":
		return "answers to " + me + " took long"
	case "lag":
		return fmt.Sprintf("%s saw or heard %s late", victims, you)
	case "reordering":
		if sent {
			return "what " + me + " sent arrived out of order"
		}
		return fmt.Sprintf("packets from %s to %s came out of order", you, victims)
	case "uplink_lost":
		return "nothing that " + me + " sent arrived"
	case "desync":
		return fmt.Sprintf("%s had sound and picture of %s out of step", victims, you)
	case "bandwidth_drop", "congestion", "encoder_limited_bandwidth", "simulcast_layer_lost":
		if f.direction() == rtc.Receive {
			return "less than usual reached " + me
		}
		return me + " could not send all of the picture"
	case "encoder_limited_cpu", "cpu_high":
		return me + "'s machine did not keep up"
	case "frozen_source":
		return me + "'s camera gave no pictures"
	case "black_source":
		return me + "'s picture was black or still"
	case "no_audio_captured", "silence_while_unmuted":
		return me + "'s microphone gave no sound"
	case "no_media_sent":
		return "nothing of " + me + " was sent"
	case "permission_denied":
		return me + " had no permission to use camera or microphone"
	case "device_missing":
		return me + " had no camera or microphone"
	case "device_in_use":
		return me + "'s camera or microphone was used by another program"
	case "device_ended":
		return me + "'s camera or microphone stopped"
	case "device_muted_by_system":
		return me + "'s camera or microphone was muted by the system"
	case "ice_failed", "dtls_failed":
		return me + " could not connect"
	case "turn_unreachable":
		return me + " could not reach the TURN server"
	case "slow_join":
		return me + " took long to join"
	case "connection_lost":
		return me + "'s connection was lost"
	case "relay_over_tcp":
		return me + "'s media went through a relay over TCP"
	case "vanished", "participant_vanished":
		return me + " was gone without a goodbye"
	}
	return me + " had trouble (" + label(f.row.Type) + ")"
}

// origin is whoever the issue's stream comes from, nil if that is not known.
func (f *found) origin() *person {
	if f.from != nil {
		return f.from.who
	}
	return f.with
}

// has reports whether the group has an issue of a type with the same sender.
func (g *group) has(kind string, from *person) bool {
	return slices.ContainsFunc(g.issues, func(f *found) bool { return f.row.Type == kind && f.origin() == from })
}

// victims are who had the same issue.
func (g *group) victims(like *found) string {
	var names []string
	seen := make(map[*person]bool)
	for _, f := range g.issues {
		if f.origin() == like.origin() && f.direction() == like.direction() && !seen[f.of.who] && f.of.who != like.origin() {
			seen[f.of.who] = true
			names = append(names, f.of.who.called())
		}
	}
	switch {
	case len(names) == 0:
		return like.of.who.called()
	case len(names) == 1:
		return names[0]
	case len(names) == 2 && names[0] != names[1]:
		return names[0] + " and " + names[1]
	}
	return fmt.Sprintf("%d users", len(names))
}

// What a network did, by cause.
var networkDid = map[string]string{
	"packet_loss": "lost packets", "jitter": "delivered unevenly", "latency": "was slow", "bandwidth": "had too little room",
	"congestion": "was congested", "no_packets": "let nothing through", "unanswered": "let nothing through", "path_lost": "let nothing through",
	"reordering": "delivered out of order",
}

// What a user's side did, by cause.
var userDid = map[string]string{
	"cpu": "%s's machine was too busy", "capture": "%s's camera or microphone gave nothing", "source": "%s's camera or microphone gave nothing",
	"encoder": "%s's browser encoded too little", "decoder": "%s's browser decoded nothing of what came", "vanished": "%s's client was gone without a goodbye", "sender_stopped": "nothing came from %s",
	"sender_slow": "%s sent few frames", "playout_device": "%s's loudspeaker or headset did not keep up", "silence": "%s's microphone gave no sound",
	"black_source": "%s's camera gave a black or still picture", "device_ended": "%s's camera or microphone stopped",
}

// why says whose side it was and what it did; "" where the effect says it.
func (g *group) why(f *found) string {
	cause := g.cause()
	did := networkDid[cause]
	if loss := g.worstLoss(); did == "lost packets" && loss > 0 {
		did = fmt.Sprintf("lost up to %.0f %% of the packets", 100*loss)
	}
	switch f.side {
	case rtc.BetweenSide:
		between := g.pair(f)
		if f.with != nil && f.with.name != "" && f.of.who.name != "" && f.direction() == rtc.Receive {
			between = "them" // both were named just now
		}
		return "the network between " + between + " " + cmp.Or(did, "failed")
	case rtc.UserNetwork:
		switch {
		case cause == "turn_unreachable" || cause == "no_answer":
			return "others reached the TURN server, so that " + f.who.called() + "'s network is in the way"
		case cause == "relay_tcp":
			return f.who.called() + "'s network lets no UDP through"
		}
		return f.who.called() + "'s network " + cmp.Or(did, "failed")
	case rtc.ServerSide:
		switch {
		case cause == "turn_unreachable" || cause == "no_answer":
			return "nobody reached the TURN server"
		case cause == "only_tcp_configured":
			return "the application offers no relay over UDP"
		case cause == "signalling":
			return "signalling took long"
		case did != "":
			return "the media server or its network " + did
		}
		return "the server's side"
	case rtc.UserSide:
		if text := userDid[cause]; text != "" && (f.who != f.of.who || cause == "cpu" && f.row.Type == "low_frame_rate" || cause == "playout_device") {
			return fmt.Sprintf(text, f.who.called())
		}
		if f.who != f.of.who {
			return f.who.called() + " (" + strings.ReplaceAll(cause, "_", " ") + ")"
		}
	}
	return ""
}

// pair names the two ends.
func (g *group) pair(f *found) string {
	switch {
	case f.with == nil:
		return f.of.who.called() + " and the other end"
	case f.of.who.name == "" && f.with.name == "":
		return "the two users"
	}
	return f.of.who.called() + " and " + other(f.with, f.of.who)
}

func (g *group) worstLoss() (worst float64) {
	for _, f := range g.issues {
		for _, e := range f.row.Evidence {
			if e.Metric == "loss" && e.Value != nil {
				worst = max(worst, *e.Value)
			}
		}
	}
	return worst
}

// evidence is what a sentence rests on: of the main one the worst issues and
// what tells the side, of the others the worst issue.
func (g *group) evidence(main bool) (all []rtc.Evidence) {
	most := 1
	if main {
		most = 3
	}
	for _, f := range g.issues[:min(most, len(g.issues))] {
		for _, e := range f.row.Evidence {
			if e.Session == 0 {
				e.Session = f.of.row.ID
			}
			all = append(all, e)
			break
		}
	}
	for _, e := range g.issues[0].reasons {
		if main && e.Text != "" {
			if e.At.IsZero() {
				e.At = g.issues[0].start
			}
			all = append(all, e)
		}
	}
	return all
}

// label is what people read for a type of issue.
func label(kind string) string {
	for _, d := range issue.Detectors() {
		if d.Type == kind {
			r, n := utf8.DecodeRuneInString(d.Label)
			return string(unicode.ToLower(r)) + d.Label[n:]
		}
	}
	return strings.ReplaceAll(kind, "_", " ")
}
