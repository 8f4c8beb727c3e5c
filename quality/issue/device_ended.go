package issue

import (
	"fmt"
	"time"

	"github.com/peerglass/peerglass/rtc"
)

// unplugs is how far apart the end of a track and the news of another list of
// devices may lie.
const unplugs = 3 * time.Second

// maxKinds bounds the kinds of device that a client can make us remember: there
// are two, and a client may tell none.
const maxKinds = 4

var deviceEnded, screenShareEnded *Detector

// deviceEnd is what the detector knows of tracks that ended.
type deviceEnd struct {
	changed time.Time // the devices did, last
	ended   map[string]gone
}

// gone is a device that went away, by kind.
type gone struct {
	issue rtc.Issue
	at    time.Time
}

func init() {
	deviceEnded = register(Detector{
		Type: "device_ended", Label: "Device gone",
		Help:   "A captured track ended though the page did not stop it: the device was unplugged, its permission was taken back, or its driver failed. High for a microphone, medium for a camera, low for one that is sent to nobody; over when the page captures or sends another of its kind. A track that is stopped, or that ends as the user leaves, is none.",
		Causes: []string{"unplugged", "ended"},
		Event: func(w *Watch, e *rtc.Event) {
			switch e.Name {
			case "MediaStreamTrack.onended":
				t, id := w.ownOf(e)
				if t == nil && e.Connection != 0 || w.leaving() {
					return // another user's
				}
				if t == nil {
					t = &ownTrack{kind: kindIn(e.Value)}
				}
				if told := w.facts.Track(id); told != nil && told.Stopped {
					return
				}
				w.deviceEnds(e, t, id)
			case rtc.NameDeviceChange:
				d := Of[deviceEnd](w, deviceEnded)
				d.changed = e.Time
				for _, g := range d.ended {
					if e.Time.Sub(g.at) <= unplugs {
						g.issue.Cause = "unplugged"
						w.Open(deviceEnded, g.issue)
					}
				}
			case rtc.NameGetUserMedia + rtc.OnSuccess, "addTrack", "replaceTrack":
				d := Of[deviceEnd](w, deviceEnded)
				if len(d.ended) == 0 {
					return
				}
				rtc.Tracks(e.Value, func(kind, _ string) {
					if g, ended := d.ended[kind]; ended && e.Time.After(g.at) {
						delete(d.ended, kind)
						w.Close(deviceEnded, g.issue.Connection, g.issue.Stream, e.Time)
					}
				})
			}
		},
	})
	screenShareEnded = register(Detector{
		Type: "screen_share_ended", Label: "Screen sharing ended by the browser",
		Help:   "Screen sharing ended outside the page: by the browser's own button, or because the window was closed. Low: the user may have meant it.",
		Causes: []string{"ended"},
	})
}

// deviceEnds opens the issue of a captured track that ended.
func (w *Watch) deviceEnds(e *rtc.Event, t *ownTrack, id string) {
	if t.screen {
		if t.kind == "video" {
			w.Open(screenShareEnded, rtc.Issue{
				Severity: rtc.Low, Cause: "ended", Source: rtc.LocalUser, Start: e.Time, End: e.Time,
				Evidence: []rtc.Evidence{{Event: e.Name, At: e.Time, Text: "the shared screen's track ended, and the page had not stopped it"}},
			})
		}
		return
	}
	d := Of[deviceEnd](w, deviceEnded)
	if _, again := d.ended[t.kind]; !again && len(d.ended) >= maxKinds {
		return
	}
	if d.ended == nil {
		d.ended = make(map[string]gone)
	}
	i := rtc.Issue{Severity: rtc.Medium, Cause: "ended", Source: rtc.LocalUser, Start: e.Time}
	how := "its device is gone, or its permission"
	switch stream := w.sending(id); {
	case stream != nil:
		i.Connection, i.Stream = stream.Row.Connection, stream.Row.ID
		if t.kind == "audio" {
			i.Severity = rtc.High
		}
	case t.added.IsZero():
		i.Severity = rtc.Low
	}
	if !d.changed.IsZero() && e.Time.Sub(d.changed) <= unplugs {
		i.Cause, how = "unplugged", "a device went away"
	}
	i.Evidence = []rtc.Evidence{{Event: e.Name, Stream: i.Stream, At: e.Time, Text: fmt.Sprintf("the %s's track ended, and the page had not stopped it: %s", device(t.kind), how)}}
	d.ended[t.kind] = gone{i, e.Time}
	w.Open(deviceEnded, i)
}

// sending returns the stream that sends a track, nil if there is none.
func (w *Watch) sending(id string) (found *Stream) {
	for _, s := range w.streams {
		if s.Row.Direction == rtc.Send && s.Row.Track == id && id != "" {
			return s
		}
	}
	return nil
}

// kindIn reads the kind of the track that an event is about.
func kindIn(value string) (kind string) {
	rtc.Tracks(value, func(k, _ string) { kind = k })
	return kind
}
