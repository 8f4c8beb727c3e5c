package profile

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/peerglass/peerglass/rtc"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func stay(id rtc.SessionID, user string, over bool) rtc.Session {
	s := rtc.Session{ID: id, User: user, Start: start}
	if over {
		s.End = start.Add(time.Minute)
	}
	return s
}

// none is an outcome in which nothing was measured.
func none(id rtc.SessionID) rtc.Outcome {
	return rtc.Outcome{Session: id, Join: rtc.Null, VideoTime: rtc.Null, VideoStutter: rtc.Null, AudioTime: rtc.Null, AudioStutter: rtc.Null, LagTime: rtc.Null}
}

func came(id rtc.SessionID, join float32) rtc.Outcome {
	o := none(id)
	o.Tried, o.Joined, o.Join = true, true, join
	return o
}

// want is what a figure must be; NaN where it must not be measured.
type want struct {
	value, count, of float64
	grade            Grade
}

func check(t *testing.T, r *Rows, now time.Time, wanted map[string]want) {
	t.Helper()
	same := func(a, b float64) bool {
		return math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) < 1e-6
	}
	seen := map[string]bool{}
	for _, f := range Of(r, now) {
		if seen[f.ID] || f.ID == "" || f.Label == "" || f.Help == "" {
			t.Errorf("figure %+v is told twice, or says not what it is", f)
		}
		seen[f.ID] = true
		w, ok := wanted[f.ID]
		if ok && (!same(f.Value, w.value) || !same(f.Count, w.count) || !same(f.Of, w.of) || f.Grade != w.grade) {
			t.Errorf("%s: %v = %v of %v, %q; want %v = %v of %v, %q", f.ID, f.Value, f.Count, f.Of, f.Grade, w.value, w.count, w.of, w.grade)
		}
	}
	for id := range wanted {
		if !seen[id] {
			t.Errorf("%s is not told", id)
		}
	}
}

func TestProfile(t *testing.T) {
	ada := came(1, 800)
	ada.PushTried, ada.PushOK, ada.PullTried, ada.PullOK = 2, 2, 2, 1
	ada.VideoTime, ada.VideoStutter, ada.AudioTime, ada.AudioStutter, ada.LagTime = 40_000, 3_000, 60_000, 600, 4_000
	ben := came(2, 6_000) // too late, and again at once
	ben.VideoTime, ben.VideoStutter = 60_000, 0
	back := came(3, 1_200)
	back.AudioTime = 1_000_000 // whose stutter was not measured
	failed := none(4)
	failed.Tried = true
	looked := none(5) // never tried
	r := &Rows{
		Call:     rtc.Call{Peak: 4},
		Sessions: []rtc.Session{stay(1, "ada", true), stay(2, "ben", true), stay(3, "ben", true), stay(4, "", true), stay(5, "", true)},
		Outcomes: []rtc.Outcome{ada, ben, back, failed, looked},
		Troubled: []rtc.SessionID{2, 3, 4},
		Media: []Media{
			{Kind: rtc.KindVideo, Direction: rtc.Receive, Measured: 9, Carried: 8, HighQuality: 7},
			{Kind: rtc.KindScreen, Direction: rtc.Receive, Measured: 2, Carried: 2, HighQuality: 2},
			{Kind: rtc.KindAudio, Direction: rtc.Send, Measured: 9, Carried: 9, HighQuality: 9},
		},
	}
	check(t, r, start.Add(time.Hour), map[string]want{
		"users":              {4, nan, nan, ""},
		"sessions":           {5, nan, nan, ""},
		"peak_online":        {4, nan, nan, ""},
		"users_with_issues":  {2, 2, 4, ""},
		"join_success":       {2. / 3, 2, 3, Poor},
		"join_in_5s":         {2. / 3, 2, 3, Poor},
		"join_time":          {1_200, nan, 3, Good},
		"push_success":       {1, 2, 2, Good},
		"pull_success":       {0.5, 1, 2, Poor},
		"recording_success":  {nan, nan, nan, ""},
		"video_freeze":       {0.03, 3_000, 100_000, Good},
		"audio_freeze":       {0.01, 600, 60_000, Good},
		"lag":                {0.04, 4_000, 100_000, Good},
		"high_quality_video": {0.9, 9, 10, Fair},
		"high_quality_audio": {nan, nan, nan, ""},
	})
}

// Who is on the way in has neither failed nor succeeded yet; who still is after
// a while has failed.
func TestJoining(t *testing.T) {
	waiting := none(2)
	waiting.Tried = true
	r := &Rows{Sessions: []rtc.Session{stay(1, "ada", false), stay(2, "ben", false)}, Outcomes: []rtc.Outcome{came(1, 100), waiting}}
	check(t, r, start.Add(Patience-1), map[string]want{"join_success": {1, 1, 1, Good}})
	check(t, r, start.Add(Patience), map[string]want{"join_success": {0.5, 1, 2, Poor}})
}

// A call of which nothing is known has counts and no rates.
func TestNothingMeasured(t *testing.T) {
	wanted := map[string]want{"users": {1, nan, nan, ""}, "users_with_issues": {nan, nan, 1, ""}, "join_time": {nan, nan, 0, ""}}
	for _, id := range []string{"join_success", "join_in_5s", "push_success", "pull_success", "video_freeze", "audio_freeze", "lag", "high_quality_video", "high_quality_audio"} {
		wanted[id] = want{nan, nan, nan, ""}
	}
	check(t, &Rows{Sessions: []rtc.Session{stay(1, "ada", false)}}, start, wanted)
}

// The bands are those of the references: video 5 and 10 %, audio 3 and 5 %.
func TestGrades(t *testing.T) {
	of := func(video, audio float32) *Rows {
		o := came(1, 1)
		o.VideoTime, o.VideoStutter, o.AudioTime, o.AudioStutter = 1000, video, 1000, audio
		return &Rows{Sessions: []rtc.Session{stay(1, "ada", true)}, Outcomes: []rtc.Outcome{o}}
	}
	for _, c := range []struct {
		stutter      float32
		video, audio Grade
	}{{0, Good, Good}, {29, Good, Good}, {30, Good, Fair}, {50, Fair, Poor}, {100, Poor, Poor}} {
		check(t, of(c.stutter, c.stutter), start, map[string]want{
			"video_freeze": {float64(c.stutter) / 1000, float64(c.stutter), 1000, c.video},
			"audio_freeze": {float64(c.stutter) / 1000, float64(c.stutter), 1000, c.audio},
		})
	}
}

func TestMissing(t *testing.T) {
	named := stay(2, "u2", true)
	named.UserName = "Ben"
	r := &Rows{Sessions: []rtc.Session{stay(1, "ada", true), named}, Media: []Media{{Remote: []string{"Ben", "zoe", "ada"}}, {Remote: []string{"u2", "carol", "zoe"}}}}
	if got := Missing(r); !slices.Equal(got, []string{"carol", "zoe"}) {
		t.Errorf("missing are %q", got)
	}
	if got := Missing(&Rows{}); got == nil || len(got) > 0 {
		t.Errorf("of no stays %#v are missing", got)
	}
}
