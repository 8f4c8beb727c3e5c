package issue

import (
	"fmt"
	"time"

	"github.com/peerglass/peerglass/rtc"
)

const (
	errorsMany = 10               // from here on it is more than an application's noise
	errorsRest = 30 * time.Second // without an error it is over
)

var appError *Detector

// errorCount is what the detector knows of a run of errors.
type errorCount struct {
	issue rtc.Issue
	n     int
	last  time.Time
}

func init() {
	appError = register(Detector{
		Type: "app_error", Label: "Application error",
		Help:   "The application logged or reported an error. Low; medium from ten on in a row, less than 30 s apart. What an application calls an error it knows best itself.",
		Causes: []string{"reported"},
		Event: func(w *Watch, e *rtc.Event) {
			if e.Severity != rtc.Error || e.Kind != rtc.KindLog && e.Name != rtc.NameError {
				return
			}
			c := Of[errorCount](w, appError)
			if c.n > 0 && e.Time.Sub(c.last) > errorsRest {
				w.Close(appError, 0, 0, c.last)
				c.n = 0
			}
			c.last = e.Time
			if c.n++; c.n == 1 {
				c.issue = rtc.Issue{Severity: rtc.Low, Cause: "reported", Source: rtc.LocalUser, Start: e.Time}
			} else if c.n != errorsMany {
				return
			}
			text := shortened(errorText(e.Value))
			var in struct{ Function string }
			if e.Name == rtc.NameError && unmarshal(e.Value, &in) && in.Function != "" {
				text = shortened(in.Function) + ": " + text
			}
			if c.n == errorsMany {
				c.issue.Severity = rtc.Medium
				text = fmt.Sprintf("%d errors, the last: %s", c.n, text)
			}
			c.issue.Evidence = []rtc.Evidence{{Event: e.Name, At: e.Time, Text: text}}
			w.Open(appError, c.issue)
			if c.n == 1 {
				w.rests(c)
			}
		},
	})
}

// rests closes the issue when no error has come for a while.
func (w *Watch) rests(c *errorCount) {
	w.after(alarmKey{det: appError}, c.last.Add(errorsRest), func() {
		switch {
		case c.n == 0:
		case w.now.Sub(c.last) >= errorsRest:
			w.Close(appError, 0, 0, c.last)
			c.n = 0
		default:
			w.rests(c)
		}
	})
}

// shortened cuts a text that is too long for a line.
func shortened(text string) string {
	const most = 200
	if r := []rune(text); len(r) > most {
		return string(r[:most]) + "…"
	}
	return text
}
