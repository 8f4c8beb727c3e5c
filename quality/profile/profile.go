package profile

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
)

// Rows are what a profile is made of: those of one call, each in its newest
// version, in any order.
type Rows struct {
	Call     rtc.Call
	Sessions []rtc.Session
	Outcomes []rtc.Outcome
	Troubled []rtc.SessionID // stays with an issue of Troubling or worse
	Media    []Media         // one a kind and direction
	// Samples and events are still there: they are kept for shorter than the rest.
	SamplesKept, EventsKept bool
}

// Media sums up the streams of one kind and direction.
type Media struct {
	Kind        rtc.MediaKind
	Direction   rtc.Direction
	Measured    int      // streams with samples
	Carried     int      // those with packets
	HighQuality int      // and of those, the ones that lost little
	Remote      []string // who sent what was received, where that is known
}

// Troubling is from which severity an issue makes its user one with issues: low
// ones are noted, not felt.
const Troubling = rtc.Medium

// Patience is how long a join may go on before it counts as one that failed:
// as long as the silence after which a session is taken for over.
const Patience = 30 * time.Second

// Grade is how good a figure is: Good, Fair or Poor; "" where no bound says.
type Grade string

// The grades.
const (
	Good Grade = "good"
	Fair Grade = "fair"
	Poor Grade = "poor"
)

// Figure is one line of a profile.
type Figure struct {
	ID    string
	Label string
	Unit  string // "", "ratio", "ms"
	Help  string // how it is counted, and from where it is how good
	Value float64
	// What Value is made of: Count of all Of, in the unit PartUnit. NaN where it
	// is not made of two.
	Count, Of float64
	PartUnit  string // "users", "stays", "streams", "ms"
	Grade     Grade
}

// Of sums up a call as it is at now.
func Of(r *Rows, now time.Time) []Figure {
	j := joinsOf(r, now)
	m := mediaOf(r.Outcomes)
	video, audio := transmitted(r.Media)
	users := people(r.Sessions, func(rtc.SessionID) bool { return true })
	withIssues := troubled(r)
	return []Figure{
		{ID: "users", Label: "Users", Value: users, Count: nan, Of: nan,
			Help: "Distinct users who were in the room. Each stay without a user id is a user of its own."},
		{ID: "sessions", Label: "Stays", Value: float64(len(r.Sessions)), Count: nan, Of: nan,
			Help: "A user who comes back adds one."},
		{ID: "peak_online", Label: "Peak online", Value: float64(r.Call.Peak), Count: nan, Of: nan,
			Help: "Most stays at one time."},
		{ID: "users_with_issues", Label: "Users with issues", Value: withIssues, Count: withIssues, Of: users, PartUnit: "users",
			Help: "Users with at least one issue of medium or high severity."},
		rate("join_success", "Join success", j.joined, j.tried, "users", grader(0.99, 0.95),
			"Users for whom media flowed, of those who tried to connect. Who tried several times counts once. Good from 99 %, fair from 95 %."),
		rate("join_in_5s", "Joined within 5 s", j.inTime, j.tried, "users", grader(0.95, 0.9),
			"Users who were connected within 5 s of joining, of those who tried. Good from 95 %, fair from 90 %."),
		{ID: "join_time", Label: "Join time", Unit: "ms", Value: j.median, Count: nan, Of: float64(j.timed), PartUnit: "stays",
			Grade: below(j.median, float64(quality.InTime.Milliseconds()), 2*float64(quality.InTime.Milliseconds())),
			Help:  "From the join until the first connection was there: the median of all stays that joined. Good up to 5 s, fair up to 10 s."},
		rate("push_success", "Push success", float64(m.pushOK), float64(m.pushTried), "streams", grader(0.99, 0.95),
			"Streams that were sent and carried media, of those that were to be sent. Good from 99 %, fair from 95 %."),
		rate("pull_success", "Pull success", float64(m.pullOK), float64(m.pullTried), "streams", grader(0.99, 0.95),
			"Streams that were received and carried media, of those that were to be received. Good from 99 %, fair from 95 %."),
		rate("recording_success", "Recording", 0, 0, "recordings", grader(0.99, 0.95),
			"Recordings that were completed, of those that began. This call was not recorded."),
		rate("video_freeze", "Video freeze", m.videoStutter, m.videoTime, "ms", bySeverity(quality.VideoSeverity),
			"Time in stutters of 600 ms or longer, of the time of received video. Good below 5 %, fair below 10 %."),
		rate("audio_freeze", "Audio freeze", m.audioStutter, m.audioTime, "ms", bySeverity(quality.AudioSeverity),
			"Time in stutters of 200 ms or longer, of the time of received audio. Good below 3 %, fair below 5 %."),
		rate("lag", "Lag", m.lag, m.lagOf, "ms", bySeverity(quality.VideoSeverity),
			"Time with more than 400 ms from end to end, of the time of audio and video whose delay was measured. Good below 5 %, fair below 10 %."),
		rate("high_quality_video", "HQ video", video.good, video.all, "streams", grader(0.95, 0.9),
			"Received streams of video and screens that lost at most 5 % of their packets. Good from 95 %, fair from 90 %."),
		rate("high_quality_audio", "HQ audio", audio.good, audio.all, "streams", grader(0.95, 0.9),
			"Received streams of audio that lost at most 5 % of their packets. Good from 95 %, fair from 90 %."),
	}
}

var nan = math.NaN()

func rate(id, label string, count, of float64, unit string, grade func(float64) Grade, help string) Figure {
	f := Figure{ID: id, Label: label, Unit: "ratio", Help: help, PartUnit: unit, Value: nan, Count: nan, Of: nan}
	if of > 0 {
		f.Value, f.Count, f.Of = count/of, count, of
		f.Grade = grade(f.Value)
	}
	return f
}

// grader grades shares of what went well.
func grader(good, fair float64) func(float64) Grade {
	return func(v float64) Grade { return below(-v, -good, -fair) }
}

// below grades what is better the lower it is.
func below(v, good, fair float64) Grade {
	switch {
	case math.IsNaN(v):
		return ""
	case v <= good:
		return Good
	case v <= fair:
		return Fair
	}
	return Poor
}

// bySeverity grades by the bands that rates of freezes have.
func bySeverity(of func(float64) rtc.Level) func(float64) Grade {
	return func(v float64) Grade {
		switch of(v) {
		case rtc.High:
			return Poor
		case rtc.Medium:
			return Fair
		}
		return Good
	}
}

// person is a user, or a stay of nobody known.
type person struct {
	user string
	stay rtc.SessionID
}

func personOf(s *rtc.Session) person {
	if s.User != "" {
		return person{user: s.User}
	}
	return person{stay: s.ID}
}

// people counts the users of the stays that are in.
func people(sessions []rtc.Session, in func(rtc.SessionID) bool) float64 {
	seen := make(map[person]bool, len(sessions))
	for i := range sessions {
		if s := &sessions[i]; in(s.ID) {
			seen[personOf(s)] = true
		}
	}
	return float64(len(seen))
}

// troubled counts the users with issues; nobody has looked for any where no
// stay came to anything.
func troubled(r *Rows) float64 {
	if len(r.Outcomes) == 0 {
		return nan
	}
	bad := make(map[rtc.SessionID]bool, len(r.Troubled))
	for _, id := range r.Troubled {
		bad[id] = true
	}
	return people(r.Sessions, func(id rtc.SessionID) bool { return bad[id] })
}

// joins is how users got in.
type joins struct {
	tried, joined, inTime float64 // users
	median                float64 // ms
	timed                 int     // stays that the median is of
}

func joinsOf(r *Rows, now time.Time) joins {
	stays := make(map[rtc.SessionID]*rtc.Session, len(r.Sessions))
	for i := range r.Sessions {
		stays[r.Sessions[i].ID] = &r.Sessions[i]
	}
	type attempt struct{ joined, inTime bool }
	attempts := make(map[person]attempt, len(r.Sessions))
	var times []float64
	for i := range r.Outcomes {
		o := &r.Outcomes[i]
		s := stays[o.Session]
		if s == nil || !o.Tried || !o.Joined && s.End.IsZero() && now.Sub(s.Start) < Patience {
			continue // a join that still goes on has neither succeeded nor failed
		}
		p := attempts[personOf(s)]
		p.joined = p.joined || o.Joined
		p.inTime = p.inTime || o.Joined && quality.JoinedInTime(float64(o.Join))
		attempts[personOf(s)] = p
		if o.Joined && !rtc.IsNull(o.Join) {
			times = append(times, float64(o.Join))
		}
	}
	j := joins{tried: float64(len(attempts)), median: median(times), timed: len(times)}
	for _, p := range attempts {
		if p.joined {
			j.joined++
		}
		if p.inTime {
			j.inTime++
		}
	}
	return j
}

func median(v []float64) float64 {
	if len(v) == 0 {
		return nan
	}
	slices.SortFunc(v, cmp.Compare[float64])
	if n := len(v) / 2; len(v)%2 == 1 {
		return v[n]
	}
	return (v[len(v)/2-1] + v[len(v)/2]) / 2
}

// media is what stays sent and received in all.
type media struct {
	pushTried, pushOK, pullTried, pullOK uint64
	videoTime, videoStutter              float64 // ms, where both were measured
	audioTime, audioStutter              float64
	lag, lagOf                           float64
}

func mediaOf(outcomes []rtc.Outcome) (m media) {
	for i := range outcomes {
		o := &outcomes[i]
		m.pushTried, m.pushOK = m.pushTried+uint64(o.PushTried), m.pushOK+uint64(o.PushOK)
		m.pullTried, m.pullOK = m.pullTried+uint64(o.PullTried), m.pullOK+uint64(o.PullOK)
		both(&m.videoStutter, &m.videoTime, o.VideoStutter, o.VideoTime)
		both(&m.audioStutter, &m.audioTime, o.AudioStutter, o.AudioTime)
		heard, seen := o.AudioTime, o.VideoTime
		switch {
		case rtc.IsNull(heard):
			heard = seen
		case !rtc.IsNull(seen):
			heard += seen
		}
		both(&m.lag, &m.lagOf, o.LagTime, heard)
	}
	return m
}

// both adds part and whole where each was measured.
func both(part, whole *float64, p, w float32) {
	if !rtc.IsNull(p) && !rtc.IsNull(w) {
		*part, *whole = *part+float64(p), *whole+float64(w)
	}
}

// transmissions counts received streams, and those of them that lost little.
type transmissions struct{ all, good float64 }

func transmitted(all []Media) (video, audio transmissions) {
	for i := range all {
		m := &all[i]
		of := &video
		if m.Kind == rtc.KindAudio {
			of = &audio
		}
		if m.Direction == rtc.Receive {
			of.all, of.good = of.all+float64(m.Carried), of.good+float64(m.HighQuality)
		}
	}
	return video, audio
}

// Missing names the users whose media was received, but who sent no
// measurements of their own: how it was at their end is not known. In the order
// of their names.
func Missing(r *Rows) []string {
	here := make(map[string]bool, len(r.Sessions))
	for i := range r.Sessions {
		here[r.Sessions[i].User], here[r.Sessions[i].UserName] = true, true
	}
	missing := []string{}
	for i := range r.Media {
		for _, user := range r.Media[i].Remote {
			if !here[user] {
				here[user] = true
				missing = append(missing, user)
			}
		}
	}
	slices.Sort(missing)
	return missing
}
