package issue

import (
	"slices"
	"time"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
)

// Stream is one stream as detectors see it.
type Stream struct {
	Row  rtc.Stream
	Now  rtc.Sample // the newest sample; Values is empty before the first
	Last brief      // the one before

	w      *Watch
	conn   *conn
	track  *Track // what was told of its track; nil if nothing
	runs   []*run // by detector: those of Sample
	kept   []any  // memory of the detectors, by key
	listed bool   // it is among its connection's
	waits  bool   // Now is not judged yet

	began    time.Time // when media first flowed; zero while none did
	base     baseline  // what is usual of it
	heard    bool      // a microphone: it gave sound
	strained bool      // the machine could not keep up with coding it in the newest interval
	// When the other end last reported on what is sent, and the time before.
	reported, reportedLast time.Time
	rested                 time.Time // when its connection last stood by
	free                   bool      // its encoder was not limited once, so that it has found its rate
}

func newStream(w *Watch, r *rtc.Stream) *Stream {
	s := &Stream{Row: *r, w: w, conn: w.conn(r.Connection)}
	s.Now.Values = make([]float32, 0, len(quality.Catalogue()))
	return s
}

// brief is what is kept of a sample when the next one comes: sessions are many,
// and detectors look back at few figures. Those that were not measured are NaN.
type brief struct {
	Time     time.Time // zero while there was none
	Interval time.Duration
	Stutter  float32 // ms: video or audio stutter time
	Bitrate  float32
	Decoded  float32 // frames a second
	Loss     float32 // %
}

func briefOf(smp *rtc.Sample) brief {
	if len(smp.Values) == 0 {
		return brief{}
	}
	stutter := quality.VideoStutterTime
	if smp.Kind == rtc.KindAudio {
		stutter = quality.AudioStutterTime
	}
	return brief{
		Time: smp.Time, Interval: smp.Interval,
		Stutter: smp.Values[stutter.Index()], Bitrate: smp.Values[quality.Bitrate.Index()],
		Decoded: smp.Values[quality.FpsDecoded.Index()], Loss: smp.Values[quality.Loss.Index()],
	}
}

// there reports whether there was such a sample.
func (b *brief) there() bool { return !b.Time.IsZero() }

// Watch returns the watch that the stream belongs to.
func (s *Stream) Watch() *Watch { return s.w }

// Path returns the transport of the stream's connection, nil if not known.
func (s *Stream) Path() *Stream { return s.conn.path }

// take keeps a sample until it is judged.
func (s *Stream) take(smp *rtc.Sample) {
	if !s.listed {
		s.listed = true
		s.conn.list(s)
	}
	s.Last = briefOf(&s.Now)
	values := append(s.Now.Values[:0], smp.Values...)
	s.Now = *smp
	s.Now.Values = values
	s.waits = true
}

// list adds a stream to those of the connection, and lets go of those of which
// nothing was told for long: people come and go all day.
func (c *conn) list(s *Stream) {
	if now := s.w.now; now.Sub(c.swept) >= sweepEvery {
		c.swept = now
		c.streams = slices.DeleteFunc(c.streams, func(o *Stream) bool {
			if now.Sub(o.Now.Time) < forgotten {
				return false
			}
			o.listed, o.Now.Values, o.Last = false, nil, brief{}
			return true
		})
	}
	c.streams = append(c.streams, s)
}

const (
	forgotten  = 2 * time.Minute
	sweepEvery = time.Second
)

// late reports whether the newest sample came so much later than usual that the
// machine slept: its figures are means over a time in which nothing ran.
func (s *Stream) late() bool {
	return s.Last.there() && s.Now.Interval > lateAfter+3*s.Last.Interval
}

// lateAfter: browsers run a hidden page's timers once a second, at worst once a
// minute, and then regularly.
const lateAfter = 5 * time.Second

// startUp is how long after its first media, or after it came back, a stream
// may still be finding its rate: nothing slight is said of it.
const startUp = 5 * time.Second

// Age returns for how long the stream has carried media at the end of the
// sample; 0 if it never did.
func (s *Stream) Age(smp *rtc.Sample) time.Duration {
	if s.began.IsZero() {
		return 0
	}
	return smp.Time.Sub(s.began)
}

// Young reports whether the stream had just begun, or come back, when the
// sample's interval began.
func (s *Stream) Young(smp *rtc.Sample) bool {
	if s.began.IsZero() {
		return true
	}
	from := smp.Time.Add(-smp.Interval)
	return from.Sub(s.began) < startUp || s.back(from, startUp)
}

// Excused reports whether nothing, or not all, was to be expected of the
// stream in the sample's interval: its track was off or had just come back, or
// its connection is closed.
func (s *Stream) Excused(smp *rtc.Sample) bool {
	return s.Off() || s.back(smp.Time.Add(-smp.Interval), time.Second) ||
		s.conn.told && (s.conn.row.State == "closed" || !s.conn.row.End.IsZero())
}

// back reports whether the stream's track came back less than within before
// from, or after it.
func (s *Stream) back(from time.Time, within time.Duration) bool {
	at := s.OffSince()
	return !at.IsZero() && from.Sub(at) < within
}

// Poll returns the sample of the connection's transport in the poll that is
// being judged; nil if there is none.
func (s *Stream) Poll() *rtc.Sample {
	if p := s.conn.path; p != nil && p.recent(s) {
		return &p.Now
	}
	return nil
}

// recent reports whether the stream's newest sample is of the poll that o's is
// of.
func (s *Stream) recent(o *Stream) bool {
	if len(s.Now.Values) == 0 {
		return false
	}
	d := s.Now.Time.Sub(o.Now.Time)
	return d <= samePoll && d >= -samePoll
}

// samePoll: reports of one poll are dated some ms apart.
const samePoll = 200 * time.Millisecond
