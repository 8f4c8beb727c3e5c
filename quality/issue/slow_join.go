package issue

import (
	"fmt"
	"time"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/quality/setup"
	"github.com/peerglass/peerglass/rtc"
)

// A join is in time within 5 s: the SparkRTC guide's "join
// success within 5 s". One of twice that is bad, whatever it is for.
const (
	joinInTime = 5 * time.Second
	joinTooBad = 2 * joinInTime
	// Until then a better reason than that it is late may be found.
	aSecondMore = time.Second
)

var slowJoin *Detector

// joining is what the detector knows of a session.
type joining struct {
	way    *setup.Watch
	waits  bool // an alarm is set
	over   bool // the join is: nothing more is looked at
	looks  int  // how often an alarm looked again after the join was late
	prompt time.Time
}

func init() {
	slowJoin = register(Detector{
		Type: "slow_join", Label: "Slow join", Phase: rtc.Joining,
		Help:   "The join took longer than 5 s (medium; SparkRTC: “room loaded in 5s”) or 10 s (high) until media flowed, or until connected where nothing came within 10 s after. The cause is the first part that took two fifths of it, else the longest. Time in which the browser asked for camera and microphone is not counted; above 5 s it is an issue of its own, low, with the cause device.",
		Causes: []string{"device", "signalling", "ice", "dtls", "media"},
		Kinds:  quality.Media, Dirs: quality.Either, Scope: PerSession,
		Sample: func(s *Stream, smp *rtc.Sample) Mark {
			if j := Of[joining](s.w, slowJoin); !j.over && j.way != nil {
				j.way.Sample(smp)
				j.look(s.w)
			}
			return Mark{}
		},
		Event: func(w *Watch, e *rtc.Event) {
			j := Of[joining](w, slowJoin)
			if j.over {
				return
			}
			if j.way == nil {
				j.way = setup.New()
			}
			j.way.Event(e)
			if e.Connection == 0 {
				j.asked(w, e)
				return
			}
			if !j.waits {
				j.waits = true
				j.wait(w)
			}
			switch e.Name {
			case rtc.NameICEState, rtc.NameConnState, rtc.NameClose, rtc.NameTrackUnmute:
				j.look(w)
			}
		},
		Stream: func(w *Watch, s *Stream) {
			if j := Of[joining](w, slowJoin); !j.over && j.way != nil {
				j.way.Stream(&s.Row)
				j.look(w)
			}
		},
		Forget: func(w *Watch, id rtc.StreamID) {
			if j := Of[joining](w, slowJoin); j.way != nil {
				j.way.ForgetStream(id)
			}
		},
	})
}

// asked follows getUserMedia.
func (j *joining) asked(w *Watch, e *rtc.Event) {
	switch e.Name {
	case rtc.NameGetUserMedia:
		if j.prompt.IsZero() {
			j.prompt = e.Time
		}
	case rtc.NameGetUserMedia + rtc.OnSuccess, rtc.NameGetUserMedia + rtc.OnFailure:
		if took := e.Time.Sub(j.prompt); !j.prompt.IsZero() && took > joinInTime {
			w.Open(slowJoin, rtc.Issue{
				Severity: rtc.Low, Cause: "device", Source: rtc.LocalUser, Start: j.prompt, End: e.Time,
				Evidence: []rtc.Evidence{{Event: e.Name, At: e.Time, Text: fmt.Sprintf("camera and microphone were asked for, for %.1f s: the user was asked, or a device was slow", took.Seconds())}},
			})
		}
		j.prompt = time.Time{}
	}
}

// wait looks again when the join would be late.
func (j *joining) wait(w *Watch) {
	p := j.way.Progress(w.now)
	late := p.Began.Add(p.Device + joinInTime + aSecondMore + time.Millisecond)
	if !late.After(w.now) {
		// After an hour ever more seldom: to a client whose clock jumps by years
		// each look between would come at once.
		j.looks++
		late = w.now.Add(joinInTime << min(max(j.looks-720, 0), 30))
	}
	w.after(alarmKey{det: slowJoin}, late, func() {
		if j.over {
			return
		}
		if j.look(w); !j.over {
			j.wait(w)
		}
	})
}

// look opens the issue once the join is late, and closes it when it is over.
func (j *joining) look(w *Watch) {
	p := j.way.Progress(w.now)
	if !p.Tries || !p.Answered { // who waits for an answer may wait for a person
		return
	}
	if l := w.link(p.Connection); p.Connected.IsZero() && l.offered && !l.masked && !l.remote.any() {
		return // it waits for the other end's addresses: whatever is slow is there
	}
	switch settled := !p.Connected.IsZero() && w.now.Sub(p.Connected) > 10*time.Second; {
	case p.Connected.IsZero() && (!p.Failed.IsZero() || !p.Closed.IsZero()):
		// What failed is no slow join.
		w.Close(slowJoin, p.Connection, 0, w.now)
		j.over = true
		return
	case !p.Flowing.IsZero() || settled:
		j.over = true
	case !p.Connected.IsZero() && p.Total() <= joinInTime:
		return // media is still to come
	}
	if p.Connected.IsZero() && (w.Lasting(turnUnreachable, p.Connection, 0) || w.Lasting(iceFailed, p.Connection, 0)) {
		w.Close(slowJoin, p.Connection, 0, w.now) // that says more
		return
	}
	late := joinInTime
	if p.Connected.IsZero() {
		late += aSecondMore
	}
	if total := p.Total(); total > late {
		level := rtc.Medium
		if total > joinTooBad {
			level = rtc.High
		}
		cause, source := slowest(&p)
		proof := rtc.Evidence{Event: rtc.NameConnState, At: w.now, Text: fmt.Sprintf(
			"join took %.1f s: signalling %.1f s, ICE %.1f s, DTLS %.1f s, media %.1f s; before that camera and microphone %.1f s",
			total.Seconds(), p.Signalling.Seconds(), p.ICE.Seconds(), p.DTLS.Seconds(), p.Media.Seconds(), p.Device.Seconds())}
		w.Open(slowJoin, rtc.Issue{
			Connection: p.Connection, Severity: level, Cause: cause, Source: source, Start: p.Began, Evidence: []rtc.Evidence{proof},
		})
		w.prove(slowJoin, p.Connection, 0, proof)
	}
	if j.over {
		end := p.Flowing
		if end.IsZero() {
			end = p.Connected
		}
		w.Close(slowJoin, p.Connection, 0, end)
	}
}

// slowest names the first part that took two fifths of the join: the later ones
// may have waited for the other end's. If there is none, the longest.
func slowest(p *setup.Progress) (string, rtc.Source) {
	parts := [...]struct {
		cause  string
		source rtc.Source
		took   time.Duration
	}{
		{"signalling", rtc.Server, p.Signalling}, {"ice", rtc.Network, p.ICE},
		{"dtls", rtc.Network, p.DTLS}, {"media", rtc.Unknown, p.Media},
	}
	worst := parts[0]
	for _, part := range parts {
		if 5*part.took >= 2*p.Total() {
			worst = part
			break
		}
		if part.took > worst.took {
			worst = part
		}
	}
	return worst.cause, worst.source
}
