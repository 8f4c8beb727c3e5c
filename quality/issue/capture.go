package issue

import (
	"fmt"
	"strings"
	"time"

	"github.com/peerglass/peerglass/rtc"
)

// The three ways in which getUserMedia fails for a user. The names of errors
// are those of W3C Media Capture and Streams §10.2, and those that browsers
// used before it.
var permissionDenied, deviceMissing, deviceInUse *Detector

// falls is how long a page may take to ask again for less: one that wants both
// asks for the microphone alone where there is no camera.
const falls = 2 * time.Second

func init() {
	const how = " Low for a camera while the microphone works, medium for a camera, high for a microphone; over when the page gets what it asked for. What the page still gets within 2 s, asking for less, is not missing."
	permissionDenied = register(Detector{
		Type: "permission_denied", Label: "Permission denied", Phase: rtc.Joining,
		Help:   "The user, the system or a policy denied the page camera or microphone (NotAllowedError, SecurityError); a prompt that was dismissed counts so." + how,
		Causes: []string{"denied", "prompt_dismissed", "system", "policy"},
		Event:  captureFails,
	})
	deviceMissing = register(Detector{
		Type: "device_missing", Label: "Device missing", Phase: rtc.Joining,
		Help:   "There is no camera or microphone, or none that fits what the page asked for (NotFoundError, OverconstrainedError)." + how,
		Causes: []string{"not_found", "overconstrained"},
	})
	deviceInUse = register(Detector{
		Type: "device_in_use", Label: "Device in use", Phase: rtc.Joining,
		Help:   "The camera or microphone is there and gives nothing: another program has it, or its driver fails (NotReadableError, TrackStartError, AbortError)." + how,
		Causes: []string{"in_use", "hardware"},
	})
}

// asking is what the page asked of the user's devices.
type asking struct {
	calls   map[string]wants // by Corr
	last    wants            // of clients that give none
	missing [3]wants         // by failure: what could not be had
	since   [3]time.Time
	reason  [3]refusal
}

type wants struct{ audio, video bool }

func (a wants) any() bool { return a.audio || a.video }

func (a wants) String() string {
	switch {
	case a.audio && a.video:
		return "camera and microphone"
	case a.audio:
		return "microphone"
	}
	return "camera"
}

// refusal is why getUserMedia failed.
type refusal struct {
	of    int // place of the detector in refusers
	cause string
	text  string
}

func refuser(of int) *Detector {
	return [...]*Detector{permissionDenied, deviceMissing, deviceInUse}[of]
}

// captureFails follows getUserMedia.
func captureFails(w *Watch, e *rtc.Event) {
	switch e.Name {
	case rtc.NameGetUserMedia:
		a := Of[asking](w, permissionDenied)
		a.last = wanted(e.Value)
		if e.Corr != "" {
			if a.calls == nil {
				a.calls = make(map[string]wants)
			}
			if len(a.calls) < 64 {
				a.calls[e.Corr] = a.last
			}
		}
	case rtc.NameGetUserMedia + rtc.OnFailure:
		a := Of[asking](w, permissionDenied)
		asked := a.of(e.Corr)
		r, known := refused(e.Value)
		if !known {
			return
		}
		if !a.missing[r.of].any() {
			a.since[r.of] = e.Time
		}
		a.missing[r.of] = wants{a.missing[r.of].audio || asked.audio, a.missing[r.of].video || asked.video}
		a.reason[r.of] = r
		if key := (alarmKey{det: refuser(r.of)}); !w.awaits(key) {
			w.after(key, e.Time.Add(falls), func() { a.tell(w, r.of) })
		}
	case rtc.NameGetUserMedia + rtc.OnSuccess:
		a := Of[asking](w, permissionDenied)
		asked := a.of(e.Corr)
		for of := range a.missing {
			m := &a.missing[of]
			if !m.any() {
				continue
			}
			m.audio, m.video = m.audio && !asked.audio, m.video && !asked.video
			if !m.any() {
				w.Close(refuser(of), 0, 0, e.Time)
			}
		}
	}
}

// tell opens the issue of what is still missing.
func (a *asking) tell(w *Watch, of int) {
	m := a.missing[of]
	if !m.any() {
		return
	}
	level := rtc.High
	if !m.audio {
		level = rtc.Medium
		if of == 1 {
			level = rtc.Low // who has no camera takes part all the same
		}
	}
	r := a.reason[of]
	w.Open(refuser(of), rtc.Issue{
		Severity: level, Cause: r.cause, Source: rtc.LocalUser, Start: a.since[of],
		Evidence: []rtc.Evidence{{Event: rtc.NameGetUserMedia + rtc.OnFailure, At: a.since[of], Text: fmt.Sprintf("the page did not get %v: %s", m, r.text)}},
	})
}

func (a *asking) of(corr string) wants {
	if m, ok := a.calls[corr]; ok {
		delete(a.calls, corr)
		return m
	}
	if !a.last.any() {
		return wants{true, true}
	}
	return a.last
}

// wanted reads what a call of getUserMedia asks for. Of a medium that is not
// named nothing is asked.
func wanted(value string) wants {
	var p map[string]any
	if !unmarshal(value, &p) {
		return wants{}
	}
	asks := func(v any) bool { return v != nil && v != false && v != "false" && v != "" }
	return wants{asks(p["audio"]), asks(p["video"])}
}

// refused reads why getUserMedia failed; known is false for what is no fault of
// user or device, such as a wrong call.
func refused(value string) (r refusal, known bool) {
	r.text = errorText(value)
	has := func(words ...string) bool {
		for _, word := range words {
			if strings.Contains(value, word) {
				return true
			}
		}
		return false
	}
	lower := strings.ToLower(value)
	switch {
	case has("NotAllowedError", "PermissionDeniedError", "PermissionDismissedError", "PERMISSION_DENIED", "SecurityError"):
		r.of, r.cause = 0, "denied"
		switch {
		case strings.Contains(lower, "dismissed"):
			r.cause = "prompt_dismissed"
		case strings.Contains(lower, "by system"):
			r.cause = "system"
		case strings.Contains(lower, "policy"), has("SecurityError"):
			r.cause = "policy"
		}
	case has("OverconstrainedError", "ConstraintNotSatisfiedError"):
		r.of, r.cause = 1, "overconstrained"
	case has("NotFoundError", "DevicesNotFoundError"):
		r.of, r.cause = 1, "not_found"
	case has("NotReadableError", "TrackStartError", "SourceUnavailableError"):
		r.of, r.cause = 2, "in_use"
	case has("AbortError"):
		r.of, r.cause = 2, "hardware"
	default:
		return r, false
	}
	return r, true
}
