package query_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/query"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/store"
	"github.com/peerglass/peerglass/store/storetest"
)

// hall writes a call of n users through a server, each of whom receives the
// audio and video of seen others, polled every ten seconds for five minutes.
func hall(s *store.Store, call rtc.CallID, n, seen int) {
	start := call.Time()
	id := func(u int) rtc.SessionID { return rtc.SessionID(call) + 1 + rtc.SessionID(u) }
	values := make([]float32, len(quality.Catalogue()))
	for i := range values {
		values[i] = rtc.Null
	}
	for m, v := range map[*quality.Metric]float32{quality.Packets: 500, quality.PacketsMissing: 3, quality.PacketsExpected: 503, quality.Bitrate: 40_000, quality.Delay: 80} {
		values[m.Index()] = v
	}
	for a := range n {
		s.Session(&rtc.Session{App: 1, Call: call, ID: id(a), User: fmt.Sprint("user", a), Start: start, End: start.Add(5 * time.Minute), Version: 1})
		s.Connection(&rtc.Connection{App: 1, Call: call, Session: id(a), ID: 1, Start: start, LocalUfrag: fmt.Sprint("c", a), RemoteUfrag: fmt.Sprint("s", a), Version: 1})
		number := rtc.StreamID(0)
		for of := range seen + 1 { // the first is what it sends
			b := (a + of) % n
			for k, kind := range []rtc.MediaKind{rtc.KindAudio, rtc.KindVideo} {
				number++
				r := rtc.Stream{App: 1, Call: call, Session: id(a), ID: number, Connection: 1, Direction: rtc.Receive, Kind: kind, SSRC: uint32(10*(b+1) + k), Start: start, End: start.Add(5 * time.Minute), Packets: 15_000, Version: 1}
				if of == 0 {
					r.Direction = rtc.Send
				}
				s.Stream(&r)
				for poll := 1; poll <= 30; poll++ {
					s.Sample(&rtc.Sample{App: 1, Call: call, Session: id(a), Stream: number, Time: start.Add(time.Duration(10*poll) * time.Second), Interval: 10 * time.Second, Kind: kind, Direction: r.Direction, Values: values})
				}
			}
		}
	}
}

// A call of 300 users of whom each sees 25: thirty of them, as the page asks,
// the worst of all, and whom one user receives.
func BenchmarkMatrix(b *testing.B) {
	s := storetest.Open(b, storetest.Embedded(b))
	call := storetest.CallID(5)
	hall(s, call, 300, 25)
	storetest.Flush(b, s)
	q := questions(s)
	for _, c := range []struct {
		name string
		ask  func() error
	}{
		{"30 of 300", func() error { _, err := q.Matrix(b.Context(), 1, call, query.MatrixFilter{Limit: 30}); return err }},
		{"worst of 300", func() error {
			_, err := q.Matrix(b.Context(), 1, call, query.MatrixFilter{Limit: 30, WorstFirst: true, Worst: 20})
			return err
		}},
		{"matches of one", func() error {
			_, err := q.Matches(b.Context(), 1, call, []rtc.SessionID{rtc.SessionID(call) + 1})
			return err
		}},
		{"matches of all", func() error { _, err := q.Matches(b.Context(), 1, call, nil); return err }},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				if err := c.ask(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
