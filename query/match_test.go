package query_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/quality/match"
	"github.com/peerglass/peerglass/query"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/store"
	"github.com/peerglass/peerglass/store/storetest"
)

// writeMatrix is a call of three through a server, of a minute: ada receives ben
// with 10 % of the packets lost from the second half on, cleo well, and one
// stream of which nothing tells; dora is named and sent no data.
func writeMatrix(s *store.Store, call rtc.CallID) (ada, ben, cleo rtc.SessionID) {
	start := call.Time()
	ada, ben, cleo = rtc.SessionID(call)+1, rtc.SessionID(call)+2, rtc.SessionID(call)+3
	for id, user := range map[rtc.SessionID]string{ada: "ada", ben: "ben", cleo: "cleo"} {
		s.Session(&rtc.Session{App: 1, Call: call, ID: id, User: user, UserName: user, Start: start.Add(time.Duration(id-ada) * time.Second), End: start.Add(time.Minute), Version: 1})
	}
	stream := func(of rtc.SessionID, id rtc.StreamID, dir rtc.Direction, kind rtc.MediaKind, ssrc uint32, user string, figures func(second int) map[*quality.Metric]float64) {
		r := rtc.Stream{App: 1, Call: call, Session: of, ID: id, Direction: dir, Kind: kind, SSRC: ssrc, RemoteUser: user, Start: start, End: start.Add(time.Minute), Packets: 3000, Version: 1}
		if user != "" {
			r.RemoteBasis = rtc.BasisMapping
		}
		s.Stream(&r)
		if figures == nil {
			return
		}
		for second := 1; second <= 60; second++ {
			values := make([]float32, len(quality.Catalogue()))
			for i := range values {
				values[i] = rtc.Null
			}
			for m, v := range figures(second) {
				values[m.Index()] = float32(v)
			}
			s.Sample(&rtc.Sample{App: 1, Call: call, Session: of, Stream: id, Time: start.Add(time.Duration(second) * time.Second), Interval: time.Second, Kind: kind, Direction: dir, Values: values})
		}
	}
	sent := func(int) map[*quality.Metric]float64 { return map[*quality.Metric]float64{quality.Packets: 50} }
	clean := func(int) map[*quality.Metric]float64 {
		return map[*quality.Metric]float64{quality.Packets: 50, quality.PacketsMissing: 0, quality.PacketsExpected: 50, quality.AudioTime: 1000, quality.AudioStutterTime: 0, quality.Bitrate: 40_000, quality.Delay: 80}
	}
	stream(ben, 1, rtc.Send, rtc.KindAudio, 71, "", sent)
	stream(ben, 2, rtc.Send, rtc.KindVideo, 72, "", sent)
	stream(cleo, 1, rtc.Send, rtc.KindAudio, 81, "", sent)
	stream(ada, 1, rtc.Receive, rtc.KindAudio, 71, "", func(second int) map[*quality.Metric]float64 {
		f := clean(second)
		if second > 30 {
			f[quality.Packets], f[quality.PacketsMissing], f[quality.AudioStutterTime] = 45, 5, 40
		}
		return f
	})
	stream(ada, 2, rtc.Receive, rtc.KindVideo, 72, "", func(int) map[*quality.Metric]float64 {
		return map[*quality.Metric]float64{quality.Packets: 0}
	})
	stream(ada, 3, rtc.Receive, rtc.KindAudio, 900, "cleo", clean)
	stream(ada, 4, rtc.Receive, rtc.KindAudio, 901, "dora", nil)
	stream(ada, 5, rtc.Receive, rtc.KindVideo, 902, "", nil)
	return ada, ben, cleo
}

func TestMatrix(t *testing.T) {
	storetest.EveryEngine(t, func(t *testing.T, s *store.Store) {
		call := storetest.CallID(3)
		ada, ben, _ := writeMatrix(s, call)
		storetest.Flush(t, s)
		q, ctx := questions(s), t.Context()
		told := func(f query.MatrixFilter) (string, query.Matrix) {
			t.Helper()
			if f.Limit == 0 {
				f.Limit = 30
			}
			m, err := q.Matrix(ctx, 1, call, f)
			if err != nil {
				t.Fatal(err)
			}
			text := ""
			for _, c := range m.Cells {
				for kind, p := range c.Parts {
					if p != nil {
						text += fmt.Sprintf("%s<%s %s %s %.3f %.3f %s\n", m.Users[c.Receiver].User, m.Users[c.Sender].User, rtc.MediaKind(kind), p.Level, p.Loss(), p.StutterShare(), p.Basis)
					}
				}
			}
			for _, u := range m.Unmatched {
				text += fmt.Sprintf("%s<? %s %s\n", m.Users[u.Receiver].User, u.Kind, u.Level)
			}
			return text, m
		}
		whole := "ada<ben audio good 0.050 0.020 ssrc\nada<ben video none NaN NaN ssrc\nada<cleo audio good 0.000 0.000 mapping\nada<dora audio unknown NaN NaN mapping\nada<? video unknown\n"
		got, m := told(query.MatrixFilter{})
		if got != whole {
			t.Errorf("the whole call:\n%swant\n%s", got, whole)
		}
		if p := m.Cells[0].Parts[rtc.KindAudio]; math.Abs(p.Bitrate-40_000) > 1 || p.Delay != 80 || p.Measured != 60_000 || p.Sent != 3000 || m.Cells[0].ReceiverSession != ada || m.Cells[0].SenderSession != ben {
			t.Errorf("%+v of %+v", p, m.Cells[0])
		}
		if len(m.Users) != 4 || m.Users[3].User != "dora" || m.Users[3].Sessions != nil || m.Total != 3 {
			t.Errorf("users %+v, %d in all", m.Users, m.Total)
		}
		// In the second half it was bad, and what was not measured was not there.
		half, _ := told(query.MatrixFilter{From: call.Time().Add(31 * time.Second)})
		if want := "ada<ben audio fair 0.100 0.040 ssrc\nada<ben video none NaN NaN ssrc\nada<cleo audio good 0.000 0.000 mapping\n"; half != want {
			t.Errorf("the second half:\n%swant\n%s", half, want)
		}
		if none, _ := told(query.MatrixFilter{From: call.Time().Add(time.Hour)}); none != "" {
			t.Errorf("after the call:\n%s", none)
		}
		// A user of a session, the first users, the worst ones.
		some, m := told(query.MatrixFilter{Sessions: []rtc.SessionID{ada, ben}})
		if want := "ada<ben audio good 0.050 0.020 ssrc\nada<ben video none NaN NaN ssrc\nada<dora audio unknown NaN NaN mapping\nada<? video unknown\n"; some != want || m.Total != 3 {
			t.Errorf("of two:\n%swant\n%s", some, want)
		}
		if _, m = told(query.MatrixFilter{Limit: 1}); len(m.Users) != 2 || m.Users[0].User != "ada" {
			t.Errorf("the first: %+v", m.Users)
		}
		_, m = told(query.MatrixFilter{Limit: 2, WorstFirst: true, Worst: 5})
		if m.Users[0].User != "ada" || m.Users[1].User != "ben" {
			t.Errorf("the worst: %+v", m.Users)
		}
		if len(m.Worst) != 1 || m.Worst[0].Part.Level != match.None || m.Worst[0].Kind != rtc.KindVideo || m.Worst[0].Receiver.User != "ada" || m.Worst[0].Sender.User != "ben" {
			t.Errorf("the worst pairs: %+v", m.Worst)
		}
		// Another app has nothing of it.
		if m, err := q.Matrix(ctx, 2, call, query.MatrixFilter{Limit: 30}); err != nil || len(m.Users)+len(m.Cells)+len(m.Unmatched)+m.Total > 0 {
			t.Errorf("app 2 sees %+v, %v", m, err)
		}
		if all, err := q.Matches(ctx, 2, call, nil); err != nil || len(all) > 0 {
			t.Errorf("app 2 sees %+v, %v", all, err)
		}
	})
}

func TestMatches(t *testing.T) {
	storetest.EveryEngine(t, func(t *testing.T, s *store.Store) {
		call := storetest.CallID(4)
		ada, ben, _ := writeMatrix(s, call)
		storetest.Flush(t, s)
		q := questions(s)
		all, err := q.Matches(t.Context(), 1, call, nil)
		if err != nil || len(all) != 5 {
			t.Fatalf("%+v, %v", all, err)
		}
		of, err := q.Matches(t.Context(), 1, call, []rtc.SessionID{ada})
		if err != nil || len(of) != 5 || of[0].Sender != ben || of[0].Basis != match.SSRC || len(of[0].Sent) != 1 || of[3].User != "dora" || of[3].Sender != 0 || of[4].Basis != match.Unmatched {
			t.Errorf("%+v, %v", of, err)
		}
		streams, err := q.Streams(t.Context(), 1, call, ada)
		if err != nil || streams[0].RemoteBasis != "" || streams[2].RemoteBasis != rtc.BasisMapping {
			t.Errorf("what told whose a stream is was not kept: %+v, %v", streams, err)
		}
		if none, err := q.Matches(t.Context(), 1, call, []rtc.SessionID{ben}); err != nil || len(none) != 0 {
			t.Errorf("ben receives %+v, %v", none, err)
		}
	})
}
