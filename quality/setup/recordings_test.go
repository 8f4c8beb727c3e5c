package setup_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/peerglass/peerglass/dump"
	"github.com/peerglass/peerglass/internal/recordings"
	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/quality/setup"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/session"
)

// recorded are real calls. Times are differences of the times that the events
// have in the files, read there by hand: from the identity of the client or its
// first call until connectionState connected; from create until signalling was
// stable; from checking until ICE was connected; from there until connected.
var recorded = []struct {
	file string
	want string // tried joined join signalling ice dtls, push, pull
}{
	{"jitsi__rtcstats-server/src/test/dumps/safari-relay", "true true 720 144 337 146 2/2 3/3"},
	{"jitsi__rtcstats-server/src/test/dumps/firefox-standard-stats-sfu", "true true 799 431 176 8 2/2 8/8"},
	{"jitsi__rtcstats-server/src/test/dumps/chrome-relay", "true true 437 66 204 96 1/1 3/3"},
	{"jitsi__rtcstats-server/src/test/dumps/google-legacy-stats-p2p", "true true 556 154 203 185 4/4 11/11"},
	// Beside a connection for data only, which the page makes first.
	{"jitsi__rtcstats-server/src/test/dumps/chrome-standard-pc-failed", "true true 1339 235 487 610 1/1 2/2"},
	// ICE was connected, DTLS never: 29 tracks were announced, none came.
	{"jitsi__rtcstats-server/src/test/dumps/undefined-ice-candidate", "true false NaN NaN NaN NaN 0/0 0/29"},
	// An offer that nobody answered, then one that the browser did not take.
	{"jitsi__rtcstats-server/history/a86efc72/src/test/dumps/0bad2cf1-c644-46bb-8c18-d454ce8a3f4a", "true false NaN NaN NaN NaN 0/2 0/0"},
	// A browser without connectionState.
	{"fippo__rtcstats-server/test/clienttest.json", "true true 2352 199 954 NaN 2/2 2/2"},
	// getUserMedia and no connection.
	{"rtcstats__rtcstats/dump-importer/test/data/rtcstats/gumonly.jsonl", "false false NaN NaN NaN NaN 0/0 0/0"},
	{"jitsi__rtcstats-server/src/test/dumps/jicofo-sample", "false false NaN NaN NaN NaN 0/0 0/0"},
}

func TestRecordings(t *testing.T) {
	dir := recordings.Dir(t)
	for _, c := range recorded {
		t.Run(filepath.Base(c.file), func(t *testing.T) {
			f, err := os.Open(filepath.Join(dir, c.file))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			src, err := dump.Open(f)
			if err != nil {
				t.Fatal(err)
			}
			if got := say(replay(t, src)); got != c.want {
				t.Errorf("tried joined join signalling ice dtls push pull\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

func say(o rtc.Outcome) string {
	return fmt.Sprintf("%v %v %.0f %.0f %.0f %.0f %d/%d %d/%d", o.Tried, o.Joined, o.Join, o.Signalling, o.ICE, o.DTLS, o.PushOK, o.PushTried, o.PullOK, o.PullTried)
}

// replay imports a recording and returns its outcome.
func replay(t *testing.T, src *dump.Source) (o rtc.Outcome) {
	t.Helper()
	rows := &watched{Collect: &session.Collect{}, watch: setup.New()}
	rooms := session.NewRooms(rows, func() uint64 { return 1 })
	s := session.New(session.Options{App: 1, ID: 1, Protocol: src.Header().Protocol, Rooms: rooms, Sink: rows, Import: true})
	in := &dated{to: s}
	if err := src.Replay(in); err != nil {
		t.Fatal(err)
	}
	s.End(in.last, "import")
	rows.watch.Result(&o)
	return o
}

// dated gives records that a file does not date on arrival their own time.
type dated struct {
	to   *session.Session
	last int64
}

func (d *dated) Record(r *rtc.Record) error {
	d.last = max(d.last, r.Time, r.Received)
	if r.Received = d.last; r.Time != 0 {
		r.Received = r.Time
	}
	err := d.to.Record(r)
	var limit *protocol.Error
	if errors.As(err, &limit) {
		return nil
	}
	return err
}

// watched lets the watch see each row before it is kept.
type watched struct {
	*session.Collect
	watch *setup.Watch
}

func (w *watched) Session(r *rtc.Session)       { w.watch.Session(r); w.Collect.Session(r) }
func (w *watched) Connection(r *rtc.Connection) { w.watch.Connection(r); w.Collect.Connection(r) }
func (w *watched) Stream(r *rtc.Stream)         { w.watch.Stream(r); w.Collect.Stream(r) }
func (w *watched) Sample(r *rtc.Sample)         { w.watch.Sample(r); w.Collect.Sample(r) }
func (w *watched) Event(r *rtc.Event)           { w.watch.Event(r); w.Collect.Event(r) }
