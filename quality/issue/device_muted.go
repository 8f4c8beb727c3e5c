package issue

import (
	"fmt"
	"time"

	"github.com/peerglass/peerglass/rtc"
)

// mutesFor is how long a track may be muted before it is one: browsers mute a
// track for a moment while a device starts.
const mutesFor = time.Second

var deviceMuted *Detector

func init() {
	deviceMuted = register(Detector{
		Type: "device_muted_by_system", Label: "Muted by the system",
		Help:   "The browser says for more than 1 s that a captured track brings nothing though the page did not mute it: a hardware switch, the system's privacy setting, another program, or a phone that took the camera from a page in the background. Medium; low while the page is hidden.",
		Causes: []string{"system", "page_hidden"},
		Event: func(w *Watch, e *rtc.Event) {
			switch e.Name {
			case rtc.NameTrackMute:
				t, id := w.ownOf(e)
				if t == nil && e.Connection != 0 {
					return
				}
				at := e.Time
				if told := w.facts.Track(id); told == nil || !told.Changed.Equal(at) {
					return // it was muted before
				}
				kind := kindIn(e.Value)
				w.after(alarmKey{det: deviceMuted, of: id}, at.Add(mutesFor), func() { w.mutedBySystem(kind, id, at) })
			case rtc.NameTrackUnmute, "MediaStreamTrack.onended", "MediaStreamTrack.stop":
				if _, id := w.ownOf(e); id != "" && len(w.open) > 0 {
					w.Close(deviceMuted, 0, 0, e.Time)
					for _, s := range w.streams {
						if s.Row.Direction == rtc.Send && s.Row.Track == id {
							w.Close(deviceMuted, s.Row.Connection, s.Row.ID, e.Time)
						}
					}
				}
			}
		},
	})
}

func (w *Watch) mutedBySystem(kind, id string, at time.Time) {
	t := w.facts.Track(id)
	if t == nil || !t.Silent || t.Muted || t.Stopped || t.Ended || t.Changed.After(at) || w.leaving() {
		return
	}
	i := rtc.Issue{Severity: rtc.Medium, Cause: "system", Source: rtc.LocalUser, Start: at}
	if w.facts.Hidden {
		i.Severity, i.Cause = rtc.Low, "page_hidden"
	}
	if s := w.sending(id); s != nil {
		if k := s.Row.Kind; int(k) < len(w.facts.muted) && w.facts.muted[k].Muted {
			return // the page told so by kind
		}
		i.Connection, i.Stream = s.Row.Connection, s.Row.ID
	}
	i.Evidence = []rtc.Evidence{{Event: rtc.NameTrackMute, Stream: i.Stream, At: at, Text: fmt.Sprintf("the browser says that the %s brings nothing; the page did not mute it", device(kind))}}
	w.Open(deviceMuted, i)
}
