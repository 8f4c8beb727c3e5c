package query_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/quality/happening"
	"github.com/peerglass/peerglass/query"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/store"
	"github.com/peerglass/peerglass/store/storetest"
)

// tellCall writes a call of users who join, are connected, mute and leave.
func tellCall(s *store.Store, call rtc.CallID, users, mutes int) {
	s.Call(&rtc.Call{App: 1, ID: call, Start: storetest.Start, Version: 1})
	nothing := slices.Repeat([]float32{rtc.Null}, len(quality.Catalogue()))
	for u := range users {
		id := rtc.SessionID(call) + rtc.SessionID(u) + 1
		joined := storetest.Start.Add(time.Duration(u) * time.Second)
		s.Session(&rtc.Session{App: 1, Call: call, ID: id, User: fmt.Sprintf("user-%d", u), UserName: fmt.Sprintf("User Nr. %d", u), Start: joined, End: joined.Add(time.Hour), EndReason: "leave", Version: 1})
		s.Connection(&rtc.Connection{App: 1, Call: call, Session: id, ID: 1, Label: "PC_0", Start: joined, Connected: joined, Version: 1})
		index := uint32(0)
		tell := func(after time.Duration, kind rtc.Kind, connection rtc.ConnectionID, severity rtc.Severity, name, value string) {
			index++
			s.Event(&rtc.Event{App: 1, Call: call, Session: id, Time: joined.Add(after), Index: index, Kind: kind, Connection: connection, Severity: severity, Name: name, Value: value})
		}
		tell(0, rtc.KindOpen, 0, rtc.Info, "open", `{"room":"standup"}`)
		tell(100*time.Millisecond, rtc.KindCall, 1, rtc.Info, "addTrack", `{"kind":"audio","id":"m"}`)
		tell(200*time.Millisecond, rtc.KindCall, 1, rtc.Info, "setLocalDescription", `{"type":"offer","sdp":"`+strings.Repeat("a=candidate ", 300)+`"}`)
		tell(300*time.Millisecond, rtc.KindState, 1, rtc.Info, "onicecandidate", `{"candidate":"x"}`)
		tell(400*time.Millisecond, rtc.KindState, 1, rtc.Info, "onconnectionstatechange", `"connected"`)
		for n := range mutes {
			name := [...]string{"mute", "unmute"}[n%2]
			tell(time.Duration(n+1)*time.Second, rtc.KindEvent, 0, rtc.Info, name, `{"kind":"audio","track":"m"}`)
		}
		tell(50*time.Minute, rtc.KindLog, 0, rtc.Error, "error", `"`+strings.Repeat("ö", 3000)+`"`)
		tell(time.Hour, rtc.KindClose, 0, rtc.Info, "close", "")
		for n, pair := range []string{"host/udp host/udp", "host/udp host/udp", "relay/tcp host/udp", "host/udp host/udp"} {
			s.Sample(&rtc.Sample{App: 1, Call: call, Session: id, Stream: 9, Time: joined.Add(time.Duration(n+1) * time.Second), Interval: time.Second, Kind: rtc.KindTransport, Pair: pair, Values: nothing})
		}
		s.Stream(&rtc.Stream{App: 1, Call: call, Session: id, ID: 9, Connection: 1, Kind: rtc.KindTransport, Start: joined, End: joined, Version: 1})
	}
}

func TestHappenings(t *testing.T) {
	storetest.EveryEngine(t, func(t *testing.T, s *store.Store) {
		call := storetest.CallID(0)
		tellCall(s, call, 3, 4)
		storetest.Flush(t, s)
		q := questions(s)
		all, err := q.Happenings(t.Context(), 1, call, query.HappeningFilter{Values: true})
		if err != nil {
			t.Fatal(err)
		}
		var ada []string
		for i := range all.Rows {
			r := &all.Rows[i]
			if r.User == "user-0" {
				ada = append(ada, fmt.Sprintf("%d %s %s", r.Time.Sub(storetest.Start).Milliseconds(), r.ID()[len(r.Session.String()):], r.Type.Slug))
			}
		}
		want := []string{
			"0 /0/room_created room_created", "0 /1 entered_room", "100 /2 audio_opened", "200 /3 upstream_establishing", "400 /5 signaling_connected", "400 /5/2 upstream_established",
			"1000 /6 audio_disabled", "2000 /7 audio_opened", "3000 /0/path_changed path_changed", "3000 /8 audio_disabled", "4000 /0/path_changed-2 path_changed", "4000 /9 audio_opened",
			"3000000 /10 log", "3600000 /11 exited",
		}
		if !slices.Equal(ada, want) {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(ada, "\n"), strings.Join(want, "\n"))
		}
		if !all.Complete || all.Cursor != "" || all.Total != len(all.Rows) || all.Types["audio_disabled"] != 6 || all.Room.Peak != 3 {
			t.Errorf("%d of %d rows, complete %v, types %v, room %+v", len(all.Rows), all.Total, all.Complete, all.Types, all.Room)
		}
		for i := range all.Rows {
			if r := &all.Rows[i]; r.Type.Slug == "log" && (len(r.Value) != 6002 || len([]rune(r.Text)) != 601) {
				t.Errorf("a log's value has %d bytes, its text %d", len(r.Value), len(r.Text))
			}
		}
		if i := slices.IndexFunc(all.Rows, func(r query.Happening) bool { return r.Type.Slug == "entered_room" && r.User == "user-1" }); !strings.Contains(all.Rows[i].Text, "2nd to join, 2 users in the room") {
			t.Error(all.Rows[i].Text)
		}

		// Any filter gives what a look at all rows gives, on however many pages.
		rapid.Check(t, func(t *rapid.T) {
			f := query.HappeningFilter{Limit: rapid.SampledFrom([]int{25, 500}).Draw(t, "limit"), Descending: rapid.Bool().Draw(t, "descending")}
			if rapid.Bool().Draw(t, "sessions?") {
				f.Sessions = []rtc.SessionID{rtc.SessionID(call) + 1, rtc.SessionID(call) + 3}
			}
			f.Types = rapid.SampledFrom([][]string{nil, {"audio_disabled", "exited"}}).Draw(t, "types")
			f.Lanes = rapid.SampledFrom([][]happening.Lane{nil, {happening.LaneMedia}}).Draw(t, "lanes")
			f.Kinds = rapid.SampledFrom([][]rtc.MediaKind{nil, {rtc.KindAudio}}).Draw(t, "kinds")
			f.Directions = rapid.SampledFrom([][]rtc.Direction{nil, {rtc.Send}}).Draw(t, "directions")
			f.MinSeverity = rtc.Severity(rapid.IntRange(0, 2).Draw(t, "severity"))
			f.Search = rapid.SampledFrom([]string{"", "MUTED", "user nr. 2"}).Draw(t, "search")
			if rapid.Bool().Draw(t, "range?") {
				f.From, f.To = storetest.Start.Add(time.Second), storetest.Start.Add(4*time.Second)
			}
			var want []string
			for i := range all.Rows {
				r := &all.Rows[i]
				text := strings.ToLower(strings.Join([]string{r.Label, r.Type.Label, r.Text, r.Cause, r.Event, r.User, r.UserName}, "\n"))
				if (f.Sessions == nil || slices.Contains(f.Sessions, r.Session) && r.Type.Slug != "room_created" && r.Type.Slug != "room_peak" && r.Type.Slug != "room_dissolved") &&
					(f.Types == nil || slices.Contains(f.Types, r.Type.Slug)) && (f.Lanes == nil || r.Type.Lane == f.Lanes[0]) && (f.Kinds == nil || r.Kind == rtc.KindAudio) &&
					(f.Directions == nil || r.Direction == rtc.Send) && r.Severity >= f.MinSeverity && strings.Contains(text, strings.ToLower(f.Search)) &&
					(f.From.IsZero() || !r.Time.Before(f.From) && r.Time.Before(f.To)) {
					want = append(want, r.ID())
				}
			}
			if f.Descending {
				slices.Reverse(want)
			}
			var got []string
			for {
				page, err := q.Happenings(context.Background(), 1, call, f)
				if err != nil {
					t.Fatal(err)
				}
				if page.Total != len(want) {
					t.Fatalf("%d in all, want %d", page.Total, len(want))
				}
				for i := range page.Rows {
					got = append(got, page.Rows[i].ID())
				}
				if f.Cursor = page.Cursor; f.Cursor == "" {
					break
				}
			}
			if !slices.Equal(got, want) {
				t.Fatalf("got %v\nwant %v", got, want)
			}
		})

		other, err := q.Happenings(t.Context(), 2, call, query.HappeningFilter{})
		if err != nil || len(other.Rows) != 0 {
			t.Errorf("app 2 gets %d rows of app 1's call, %v", len(other.Rows), err)
		}
		for _, cursor := range []string{"x", "e30", all.Cursor + "e30"} {
			if _, err := q.Happenings(t.Context(), 1, call, query.HappeningFilter{Cursor: cursor, Descending: true}); !errors.Is(err, query.ErrCursor) {
				t.Errorf("cursor %s: %v", cursor, err)
			}
		}
	})
}

// A client that tells events without end costs the others nothing.
func TestHappeningsAreBounded(t *testing.T) {
	storetest.EveryEngine(t, func(t *testing.T, s *store.Store) {
		call := storetest.CallID(0)
		tellCall(s, call, 1, 21_000)
		storetest.Flush(t, s)
		page, err := questions(s).Happenings(t.Context(), 1, call, query.HappeningFilter{Limit: 20_000})
		if err != nil || page.Complete || len(page.Rows) != 10_000 || page.Total < 19_000 || page.Total > 20_100 || page.Cursor == "" {
			t.Errorf("%d of %d rows, complete %v: %v", len(page.Rows), page.Total, page.Complete, err)
		}
	})
}

// What 300 users told in an hour, and what one of them did.
func BenchmarkHappenings(b *testing.B) {
	o := storetest.Embedded(b)
	s := storetest.Open(b, o)
	call := storetest.CallID(0)
	tellCall(s, call, 300, 60)
	storetest.Flush(b, s)
	q := questions(s)
	for _, c := range []struct {
		name   string
		filter query.HappeningFilter
	}{
		{"all", query.HappeningFilter{Limit: 5000}},
		{"of one user", query.HappeningFilter{Limit: 5000, Sessions: []rtc.SessionID{rtc.SessionID(call) + 7}}},
		{"with values", query.HappeningFilter{Limit: 200, Values: true}},
	} {
		b.Run(c.name, func(b *testing.B) {
			quantiles(b, o.Engine, max(b.N, 20), func(int) error {
				page, err := q.Happenings(b.Context(), 1, call, c.filter)
				if err == nil && len(page.Rows) == 0 {
					return errors.New("nothing happened")
				}
				return err
			})
		})
	}
}
