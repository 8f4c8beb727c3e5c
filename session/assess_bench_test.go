package session

import (
	"testing"
	"time"

	"github.com/peerglass/peerglass/rtc"
)

// BenchmarkAssess is the cost of one session and interval for all detectors,
// the score and the set-up together: the samples of one poll of ten streams,
// as quality derives them, through the watchers and nothing else. At most
// 10 µs are allowed.
func BenchmarkAssess(b *testing.B) {
	rows := &Collect{}
	_, next := steady(b, rows)
	for range 8 {
		next()
	}
	last := rows.Samples[len(rows.Samples)-1].Time
	var poll []rtc.Sample
	for _, s := range rows.Samples {
		if last.Sub(s.Time) < 500*time.Millisecond {
			poll = append(poll, s)
		}
	}
	s := New(Options{App: 7, ID: 1, Start: t0, Rooms: NewRooms(&discard{}, counter()), Sink: &discard{}})
	a := &s.assessor
	a.issues.Session(&rows.Sessions[0])
	for i := range rows.Connections {
		a.issues.TellConnection(&rows.Connections[i])
	}
	streams := append([]rtc.Stream(nil), rows.Streams...)
	for n := len(poll); n < 10; n++ { // a call of three or four
		more := poll[n%4]
		more.Stream += 100 + rtc.StreamID(n)
		row := streams[more.Stream%4]
		row.ID, row.Kind, row.Direction = more.Stream, more.Kind, more.Direction
		streams, poll = append(streams, row), append(poll, more)
	}
	for i := range streams {
		a.issues.TellStream(&streams[i])
	}
	b.ReportAllocs()
	for b.Loop() {
		for i := range poll {
			poll[i].Time = poll[i].Time.Add(time.Second)
			a.issues.Sample(&poll[i])
			a.score.Sample(&poll[i])
			a.setup.Sample(&poll[i])
		}
	}
	b.ReportMetric(float64(len(poll)), "streams")
}
