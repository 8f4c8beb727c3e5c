package issue

import (
	"fmt"
	"time"

	"github.com/peerglass/peerglass/rtc"
)

// sleepsFrom is the shortest gap in what a client tells that is taken for a
// sleep, if its clock is another afterwards: polls come every 1–10 s.
const sleepsFrom = 15 * time.Second

var clockTrouble *Detector

// rowTimes are the times of the last rows.
type rowTimes struct{ last, before time.Time }

func init() {
	clockTrouble = register(Detector{
		Type: "clock_trouble", Label: "Clock trouble",
		Help:   "The client's clock jumped by more than 5 s (session's limit) against the server's. Low: times of the rows are right again after it. With a gap of 15 s or more before it the machine slept: medium, and it lasts for the gap.",
		Causes: []string{"clock_set", "sleep"},
		Advance: func(w *Watch, at time.Time) {
			t := Of[rowTimes](w, clockTrouble)
			t.before, t.last = t.last, at
		},
		Event: func(w *Watch, e *rtc.Event) {
			if e.Name != "clock" || e.Kind != rtc.KindEvent {
				return
			}
			var p struct{ Was, Offset float64 }
			if !unmarshal(e.Value, &p) {
				return
			}
			t := Of[rowTimes](w, clockTrouble)
			jump := time.Duration((p.Offset - p.Was) * float64(time.Millisecond))
			i := rtc.Issue{Severity: rtc.Low, Cause: "clock_set", Source: rtc.LocalUser, Start: e.Time, End: e.Time}
			text := fmt.Sprintf("the client's clock jumped by %.1f s", -jump.Seconds())
			if gap := t.last.Sub(t.before); !t.before.IsZero() && gap >= sleepsFrom {
				i.Severity, i.Cause, i.Start = rtc.Medium, "sleep", t.before
				text = fmt.Sprintf("nothing came for %.0f s, and the client's clock was %.1f s off afterwards: the machine slept", gap.Seconds(), jump.Abs().Seconds())
			}
			i.Evidence = []rtc.Evidence{{Event: e.Name, At: e.Time, Text: text}}
			w.Open(clockTrouble, i)
		},
	})
}
