package calls

import (
	"fmt"
	"slices"
	"strings"

	"github.com/peerglass/peerglass/rtc"
)

// outcomeOf returns the outcome of the user's last stay, nil if there is none.
func (r *Result) outcomeOf(u *user) *rtc.Outcome {
	var last *rtc.Outcome
	for i := range r.Rows.Outcomes {
		if o := &r.Rows.Outcomes[i]; r.userOf(o.Session) == u.name && (last == nil || o.Session > last.Session) {
			last = o
		}
	}
	return last
}

// parseScore reads: score of bob < 6; score of the call > 9.
func parseScore(which string) func(*Case, *reader) (func(*Result) string, error) {
	return func(c *Case, r *reader) (func(*Result) string, error) {
		if !r.take("of") {
			return nil, r.line.errorf("expected of and a user, or of the call, got %q", r.peek())
		}
		var u *user
		if !(which == "score" && r.takeAll("the call")) {
			var err error
			if u, err = c.whose(r); err != nil {
				return nil, err
			}
		}
		want, err := r.comparison()
		return func(res *Result) string {
			v, reasons := nan, ""
			switch {
			case u == nil && res.Verdict != nil:
				v = float64(res.Verdict.Score)
			case u != nil:
				o := res.outcomeOf(u)
				if o == nil {
					return "no outcome of " + u.name
				}
				v = float64(map[string]float32{"score": o.Score, "audio": o.AudioScore, "video": o.VideoScore}[which])
				reasons = describeReasons(o)
			}
			if want.holds(v) {
				return ""
			}
			return figure(v) + reasons
		}, err
	}
}

func describeReasons(o *rtc.Outcome) string {
	var all []string
	for _, r := range o.Reasons {
		all = append(all, fmt.Sprintf("%s -%.2g (%s)", r.ID, r.Points, r.Text))
	}
	if len(all) == 0 {
		return "; no reasons"
	}
	return "; reasons " + strings.Join(all, ", ")
}

// parseReason reads: reason video_stutter of bob [first]; no reason …
func parseReason(c *Case, r *reader) (func(*Result) string, error) {
	t, err := r.next("the id of a reason")
	if err != nil {
		return nil, err
	}
	if !r.take("of") {
		return nil, r.line.errorf("expected of and a user, got %q", r.peek())
	}
	u, err := c.whose(r)
	first := r.take("first")
	return func(res *Result) string {
		o := res.outcomeOf(u)
		if o == nil {
			return "no outcome of " + u.name
		}
		at := slices.IndexFunc(o.Reasons, func(r rtc.Reason) bool { return r.ID == t.text })
		if at == 0 || at > 0 && !first {
			return ""
		}
		return strings.TrimPrefix(describeReasons(o), "; ")
	}, err
}

// outcomeFigures are the fields of an outcome by the names that cases use.
var outcomeFigures = map[string]func(*rtc.Outcome) float64{
	"tried":                func(o *rtc.Outcome) float64 { return boolean(o.Tried) },
	"joined":               func(o *rtc.Outcome) float64 { return boolean(o.Joined) },
	"join":                 func(o *rtc.Outcome) float64 { return float64(o.Join) },
	"signalling":           func(o *rtc.Outcome) float64 { return float64(o.Signalling) },
	"ice":                  func(o *rtc.Outcome) float64 { return float64(o.ICE) },
	"dtls":                 func(o *rtc.Outcome) float64 { return float64(o.DTLS) },
	"first_audio_sent":     func(o *rtc.Outcome) float64 { return float64(o.FirstAudioSent) },
	"first_video_sent":     func(o *rtc.Outcome) float64 { return float64(o.FirstVideoSent) },
	"first_audio_received": func(o *rtc.Outcome) float64 { return float64(o.FirstAudioReceived) },
	"first_video_received": func(o *rtc.Outcome) float64 { return float64(o.FirstVideoReceived) },
	"push_tried":           func(o *rtc.Outcome) float64 { return float64(o.PushTried) },
	"push_ok":              func(o *rtc.Outcome) float64 { return float64(o.PushOK) },
	"pull_tried":           func(o *rtc.Outcome) float64 { return float64(o.PullTried) },
	"pull_ok":              func(o *rtc.Outcome) float64 { return float64(o.PullOK) },
	"video_time":           func(o *rtc.Outcome) float64 { return float64(o.VideoTime) },
	"video_stutter":        func(o *rtc.Outcome) float64 { return float64(o.VideoStutter) },
	"audio_time":           func(o *rtc.Outcome) float64 { return float64(o.AudioTime) },
	"audio_stutter":        func(o *rtc.Outcome) float64 { return float64(o.AudioStutter) },
	"lag_time":             func(o *rtc.Outcome) float64 { return float64(o.LagTime) },
	"bad_time":             func(o *rtc.Outcome) float64 { return float64(o.BadTime) },
}

// parseOutcome reads: outcome join of alice = 400ms ± 50ms.
func parseOutcome(c *Case, r *reader) (func(*Result) string, error) {
	t, err := r.next("a figure of the outcome")
	if err != nil {
		return nil, err
	}
	of := outcomeFigures[t.text]
	if of == nil {
		var known []string
		for name := range outcomeFigures {
			known = append(known, name)
		}
		slices.Sort(known)
		return nil, t.errorf("expected a figure of the outcome (%s), got %q", strings.Join(known, ", "), t.text)
	}
	if !r.take("of") {
		return nil, r.line.errorf("expected of and a user, got %q", r.peek())
	}
	u, err := c.whose(r)
	if err != nil {
		return nil, err
	}
	want := comparison{op: "=", want: about{1, 0}}
	if len(r.words) > 0 {
		if want, err = r.comparison(); err != nil {
			return nil, err
		}
	}
	return func(res *Result) string {
		o := res.outcomeOf(u)
		if o == nil {
			return "no outcome of " + u.name
		}
		if v := of(o); !want.holds(v) {
			return figure(v)
		}
		return ""
	}, nil
}

// parseVerdict reads: verdict side user_network [of alice] [cause c] [says "…"].
func parseVerdict(c *Case, r *reader) (func(*Result) string, error) {
	var side, cause, says string
	var u *user
	for len(r.words) > 0 {
		var err error
		var t token
		switch {
		case r.take("side"):
			t, err = r.next("a side")
			if side = t.text; err == nil && !slices.Contains([]string{"user", "user_network", "network", "server", "none"}, side) {
				err = t.errorf("expected side user, user_network, network, server or none, got %q", side)
			}
		case r.take("of"):
			u, err = c.whose(r)
		case r.take("cause"):
			t, err = r.next("a cause")
			cause = t.text
		case r.take("says"):
			t, err = r.next("a text")
			says = t.text
		default:
			err = r.end("side, of, cause or says")
		}
		if err != nil {
			return nil, err
		}
	}
	return func(res *Result) string {
		v := res.Verdict
		if v == nil || len(v.Sentences) == 0 ||
			side != "" && v.Side.String() != side || u != nil && v.User != u.name ||
			cause != "" && v.Cause != cause || says != "" && !strings.Contains(strings.Join(v.Sentences, " "), says) {
			return res.describeVerdict(false)
		}
		return ""
	}, nil
}

func parseNoVerdict(*Case, *reader) (func(*Result) string, error) {
	return func(res *Result) string { return res.describeVerdict(true) }, nil
}
