package issue

import (
	"time"

	"github.com/peerglass/peerglass/rtc"
)

// hiddenFrom is when a hidden page is worth a word: Chromium throttles timers
// of pages that are hidden for 10 s.
const hiddenFrom = 10 * time.Second

var pageHidden *Detector

func init() {
	pageHidden = register(Detector{
		Type: "page_hidden", Label: "Page in the background",
		Help:   "The page was not seen for 10 s or longer during a call: browsers rest its timers and pictures, and phones take its camera. Low: it explains other figures and is no fault.",
		Causes: []string{"hidden"},
		Event: func(w *Watch, e *rtc.Event) {
			if e.Name != rtc.NameVisibility || !w.facts.HiddenSince.Equal(e.Time) {
				return
			}
			if !w.facts.Hidden {
				w.Close(pageHidden, 0, 0, e.Time)
				return
			}
			at := e.Time
			w.after(alarmKey{det: pageHidden}, at.Add(hiddenFrom), func() {
				if w.facts.Hidden && w.facts.HiddenSince.Equal(at) && w.working(0) {
					w.Open(pageHidden, rtc.Issue{
						Severity: rtc.Low, Cause: "hidden", Source: rtc.LocalUser, Start: at,
						Evidence: []rtc.Evidence{{Event: rtc.NameVisibility, At: at, Text: "the page was hidden"}},
					})
				}
			})
		},
	})
}
