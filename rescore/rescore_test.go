package rescore_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/peerglass/peerglass/blob"
	"github.com/peerglass/peerglass/dump"
	"github.com/peerglass/peerglass/internal/recordings"
	"github.com/peerglass/peerglass/protocol/jitsi"
	"github.com/peerglass/peerglass/quality/feature"
	"github.com/peerglass/peerglass/query"
	"github.com/peerglass/peerglass/rescore"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/session"
	"github.com/peerglass/peerglass/store"
	"github.com/peerglass/peerglass/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

const app = rtc.AppID(7)

// record stores a live session of recorded frames as the program does: its rows
// with the verdict, its features, its dump.
func record(t *testing.T, st *store.Store, blobs blob.Store, start time.Time, id rtc.SessionID) rtc.CallID {
	t.Helper()
	frames := recordings.Frames(t, dump.ProtocolJitsi)
	judge := session.NewJudge(st, session.JudgeOptions{})
	rooms := session.NewRooms(judge, func() uint64 { return uint64(id) })
	identity := []byte(`{"room":"standup"}`)
	header := dump.Header{Protocol: dump.ProtocolJitsi, Subprotocol: "3.1_STANDARD", App: app, Session: id, Start: start.UnixMilli(), Identity: &rtc.Identity{Room: "standup"}}
	var file bytes.Buffer
	out, err := dump.NewWriter(&file, header)
	if err != nil {
		t.Fatal(err)
	}
	s := session.New(session.Options{App: app, ID: id, Protocol: dump.ProtocolJitsi, Start: start.UnixMilli(), Rooms: rooms, Sink: judge, IdleTimeout: 1 << 60})
	e := feature.New()
	open := rtc.Record{Kind: rtc.KindOpen, Received: start.UnixMilli(), Name: []byte(rtc.NameConnectionInfo), Payload: identity}
	both := tee{s, e}
	_ = both.Record(&open)
	version, _ := jitsi.LookupVersion(header.Subprotocol)
	decoder := jitsi.NewDecoder(jitsi.Options{Version: version})
	at := start.UnixMilli()
	for i, f := range frames {
		at += 20
		if i == len(frames)/2 { // frames that never came, as ingest tells of them
			_ = s.Record(&rtc.Record{Kind: rtc.KindEvent, Received: at, Name: []byte(rtc.NameFramesMissed), Payload: []byte(`{"from":5,"to":6,"count":2}`)})
		}
		if err := decoder.Decode(f, at, both); err != nil && !errors.Is(err, session.ErrEnded) {
			t.Fatal(err)
		}
		e.Frame(len(f))
		if err := out.Frame(at, f); err != nil {
			t.Fatal(err)
		}
		s.Tick(at + 10)
	}
	s.End(at+500, "leave")
	rooms.Flush()
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	key := "dumps/" + id.String()
	if err := blobs.Put(t.Context(), key, bytes.NewReader(file.Bytes())); err != nil {
		t.Fatal(err)
	}
	features := e.Features()
	for i := range features {
		features[i].App, features[i].Call, features[i].Session = app, s.Call(), id
	}
	judge.Features(features)
	s.SetDump(key, at+900)
	if err := judge.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	storetest.Flush(t, st)
	return s.Call()
}

// tee passes records to a session and to the features.
type tee struct {
	session *session.Session
	feature *feature.Extractor
}

func (b tee) Record(r *rtc.Record) error {
	_ = b.feature.Record(r)
	return b.session.Record(r)
}

// stored is all that the store has of a call, as text.
func stored(t *testing.T, q *query.Query, call rtc.CallID) map[string]string {
	t.Helper()
	all := map[string]string{}
	put := func(name string, rows any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(rows)
		if err != nil {
			text = fmt.Append(nil, rows) // NaN is no JSON
		}
		all[name] = string(text)
	}
	ctx := t.Context()
	sessions, err := q.Sessions(ctx, app, call)
	put("sessions", sessions, err)
	connections, err := q.Connections(ctx, app, call, 0)
	for i := range connections {
		connections[i].Version = 0
	}
	put("connections", connections, err)
	streams, err := q.Streams(ctx, app, call, 0)
	for i := range streams {
		streams[i].Version = 0
	}
	put("streams", streams, err)
	issues, err := q.Issues(ctx, app, call, query.IssueFilter{})
	for i := range issues {
		issues[i].Version = 0
	}
	put("issues", issues, err)
	outcomes, err := q.Outcomes(ctx, app, call, 0)
	for i := range outcomes {
		outcomes[i].Version = 0
	}
	put("outcomes", outcomes, err)
	verdicts, err := q.Verdicts(ctx, app, []rtc.CallID{call})
	v := verdicts[call]
	v.Version = 0
	put("verdict", fmt.Sprintf("%+v", v), err)
	features, err := q.Features(ctx, app, call, 0, "")
	put("features", fmt.Sprintf("%+v", features), err)
	events, err := q.Events(ctx, app, call, query.EventFilter{Limit: 10_000})
	put("events", events.Events, err)
	samples, err := q.Samples(ctx, app, call, query.SampleFilter{})
	put("samples", fmt.Sprintf("%+v", samples), err)
	return all
}

// A call that is derived again is what it was, whatever had become of it.
func TestRescore(t *testing.T) {
	storetest.EveryEngine(t, func(t *testing.T, st *store.Store) {
		blobs, err := blob.OpenFolder(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		q := query.New(st.Client(), time.Now)
		start := storetest.Start
		call := record(t, st, blobs, start, rtc.SessionID(rtc.NewID(start.UnixMilli(), 1)))
		other := record(t, st, blobs, start.Add(time.Hour), rtc.SessionID(rtc.NewID(start.Add(time.Hour).UnixMilli(), 2)))
		want, others := stored(t, q, call), stored(t, q, other)
		if len(want["samples"]) < 10_000 || len(want["features"]) < 1000 || !strings.Contains(want["events"], rtc.NameFramesMissed) {
			t.Fatalf("there is little to derive: %d bytes of samples, %d of features", len(want["samples"]), len(want["features"]))
		}
		sessions, err := q.Sessions(t.Context(), app, call)
		if err != nil {
			t.Fatal(err)
		}
		// An older program found other things.
		st.Issue(&rtc.Issue{App: app, Call: call, Session: sessions[0].ID, ID: 900, Type: "gone", Severity: rtc.High, Start: start, Version: 1 << 62})
		st.Outcome(&rtc.Outcome{App: app, Call: call, Session: sessions[0].ID, Score: 1, ScoreVersion: 9, Version: 1 << 62})
		st.Verdict(&rtc.Verdict{App: app, Call: call, Sentences: []string{"It was the weather."}, Version: 1 << 62})
		st.Features([]rtc.Feature{{App: app, Call: call, Session: sessions[0].ID, Set: "jitsi", Scope: "client", Name: "gone", Number: 1}})
		st.Stream(&rtc.Stream{App: app, Call: call, Session: sessions[0].ID, ID: 900, Version: 1 << 62})
		storetest.Flush(t, st)
		if stored(t, q, call)["verdict"] == want["verdict"] {
			t.Fatal("the call was not spoilt")
		}

		var told []rescore.Progress
		o := rescore.Options{Store: st, Query: q, Blob: blobs, Now: func() time.Time { return start.Add(48 * time.Hour) }, App: app, Call: call,
			Progress: func(p rescore.Progress) { told = append(told, p) }}
		if done, skipped, err := rescore.Run(t.Context(), o); err != nil || done != 1 || skipped != 0 {
			t.Fatalf("%d derived, %d not: %v %+v", done, skipped, err, told)
		}
		same(t, "of the call", stored(t, q, call), want)
		same(t, "of another", stored(t, q, other), others)

		o.Call, o.Since = 0, start.Add(30*time.Minute)
		if done, _, err := rescore.Run(t.Context(), o); err != nil || done != 1 {
			t.Fatalf("since half an hour later: %d derived: %v", done, err)
		}
		same(t, "of another", stored(t, q, other), others)

		// What is too new, or cannot be read, stays as it is.
		o.Since, o.Now = time.Time{}, func() time.Time { return start.Add(2 * time.Minute) }
		if done, skipped, err := rescore.Run(t.Context(), o); err != nil || done != 0 || skipped != 2 {
			t.Fatalf("just after: %d derived, %d not: %v", done, skipped, err)
		}
		o.Now, o.Blob = func() time.Time { return start.Add(48 * time.Hour) }, noBlobs{blobs}
		if done, skipped, err := rescore.Run(t.Context(), o); err != nil || done != 0 || skipped != 2 {
			t.Fatalf("without dumps: %d derived, %d not: %v", done, skipped, err)
		}
		same(t, "of the call", stored(t, q, call), want)
	})
}

func same(t *testing.T, whose string, got, want map[string]string) {
	t.Helper()
	for name, w := range want {
		if g := got[name]; g != w {
			at := 0
			for at < min(len(g), len(w)) && g[at] == w[at] {
				at++
			}
			t.Errorf("%s %s differ from byte %d on:\ngot  …%.300s\nwant …%.300s", name, whose, at, g[max(at-100, 0):], w[max(at-100, 0):])
		}
	}
}

// noBlobs has lost everything.
type noBlobs struct{ blob.Store }

func (noBlobs) Get(context.Context, string) (io.ReadCloser, blob.Info, error) {
	return nil, blob.Info{}, errors.New("the disk is gone")
}
