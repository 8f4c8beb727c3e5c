package query_test

import (
	"errors"
	"reflect"
	"testing"

	"github.com/peerglass/peerglass/quality/profile"
	"github.com/peerglass/peerglass/query"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/store"
	"github.com/peerglass/peerglass/store/storetest"
)

// What a profile is made of is that of one call of one app, in its newest
// version.
func TestProfile(t *testing.T) {
	storetest.EveryEngine(t, func(t *testing.T, s *store.Store) {
		q := questions(s)
		call := storetest.CallID(5)
		start := call.Time()
		for _, app := range []rtc.AppID{1, 2} {
			s.Call(&rtc.Call{App: app, ID: call, Start: start, Users: 2, Peak: 2 * int(app), Version: 1})
			for _, id := range []rtc.SessionID{7, 8} {
				s.Session(&rtc.Session{App: app, Call: call, ID: id, User: "ada", Start: start, Version: 1})
				s.Outcome(&rtc.Outcome{App: app, Call: call, Session: id, Tried: true, Joined: true, Version: 1})
			}
		}
		for _, i := range []rtc.Issue{
			{App: 1, Session: 7, ID: 1, Severity: rtc.High}, {App: 1, Session: 7, ID: 2, Severity: rtc.Medium},
			{App: 1, Session: 8, ID: 1, Severity: rtc.Low}, {App: 1, Session: 8, ID: 2, Severity: rtc.Clear}, // found wrong, and no longer
			{App: 2, Session: 8, ID: 1, Severity: rtc.High},
		} {
			i.Call, i.Type, i.Start, i.Version = call, "packet_loss", start, 2
			s.Issue(&i)
		}
		s.Issue(&rtc.Issue{App: 1, Call: call, Session: 8, ID: 2, Type: "packet_loss", Severity: rtc.High, Start: start, Version: 1})
		for n, x := range []rtc.Stream{
			{App: 1, Kind: rtc.KindVideo, Direction: rtc.Receive, Samples: 9, Packets: 95, PacketsLost: 5, RemoteUser: "ben"}, // just 5 %
			{App: 1, Kind: rtc.KindVideo, Direction: rtc.Receive, Samples: 9, Packets: 94, PacketsLost: 6, RemoteUser: "cleo"},
			{App: 1, Kind: rtc.KindVideo, Direction: rtc.Receive, Samples: 1, Packets: 10, PacketsLost: -2},
			{App: 1, Kind: rtc.KindVideo, Direction: rtc.Receive, Samples: 0, Packets: 0},
			{App: 1, Kind: rtc.KindAudio, Direction: rtc.Send, Samples: 3, Packets: -1, PacketsLost: -1, RemoteUser: "nobody"},
			{App: 1, Kind: rtc.KindTransport, Samples: 3, Packets: 3},
			{App: 2, Kind: rtc.KindScreen, Direction: rtc.Receive, Samples: 3, Packets: 3, RemoteUser: "mallory"},
		} {
			x.Call, x.Session, x.ID, x.Start, x.End, x.Version = call, 7, rtc.StreamID(n+1), start, start, 1
			s.Stream(&x)
		}
		s.Event(&rtc.Event{App: 1, Call: call, Session: 7, Index: 1, Time: start, Name: "join"})
		storetest.Flush(t, s)

		got, err := q.Profile(t.Context(), 1, call)
		if err != nil {
			t.Fatal(err)
		}
		if got.Call.Peak != 2 || len(got.Sessions) != 2 || len(got.Outcomes) != 2 || got.SamplesKept || !got.EventsKept {
			t.Errorf("profile %+v", got)
		}
		if want := []rtc.SessionID{7}; !reflect.DeepEqual(got.Troubled, want) {
			t.Errorf("stays with issues %v, want %v", got.Troubled, want)
		}
		want := []profile.Media{
			{Kind: rtc.KindAudio, Direction: rtc.Send, Measured: 1},
			{Kind: rtc.KindVideo, Direction: rtc.Receive, Measured: 3, Carried: 3, HighQuality: 2, Remote: []string{"ben", "cleo"}},
		}
		if len(got.Media) == 2 && got.Media[1].Remote != nil && got.Media[1].Remote[0] == "cleo" {
			want[1].Remote = []string{"cleo", "ben"} // a set has no order
		}
		for i := range got.Media {
			if len(got.Media[i].Remote) == 0 {
				got.Media[i].Remote = nil
			}
		}
		if !reflect.DeepEqual(got.Media, want) {
			t.Errorf("media\n%+v\nwant\n%+v", got.Media, want)
		}
		if other, err := q.Profile(t.Context(), 2, call); err != nil || len(other.Media) != 1 || other.EventsKept || len(other.Troubled) != 1 || other.Troubled[0] != 8 {
			t.Errorf("app 2 sees %+v %v", other, err)
		}
		if _, err := q.Profile(t.Context(), 3, call); !errors.Is(err, query.ErrNotFound) {
			t.Errorf("app 3 is answered %v", err)
		}
	})
}
