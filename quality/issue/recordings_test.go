package issue_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/peerglass/peerglass/dump"
	"github.com/peerglass/peerglass/internal/recordings"
	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/quality/issue"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/session"
)

// recorded are real calls of others, and what happened in them as far as it
// can be read in the files: of connections, devices and the page, not of media.
var recorded = []struct{ file, want string }{
	{"firefox-standard-stats-sfu", ""},
	{"google-standard-stats-p2p", ""},
	{"google-legacy-screenshare-p2p", ""},
	// The only relay that is configured is over TLS.
	{"chrome-relay", "low relay_over_tcp only_tcp_configured"},
	// Relays over UDP and TLS both gave a candidate, and the way leads over TLS.
	{"google-standard-stats-relay-p2p", "low relay_over_tcp tcp_chosen"},
	// 0.43 s of "disconnected" after 154 s.
	{"safari-relay", "low connection_lost path_lost"},
	// The camera was in use: NotReadableError, then the page asked for audio
	// alone. Two connections of a library that looks for addresses never got
	// anywhere. The call's own failed after 15 s, for good.
	{"chrome-standard-pc-failed", "medium device_in_use in_use; low ice_failed no_relay; low ice_failed no_relay; high connection_lost path_lost"},
	// ICE was connected after 0.08 s, and 15 s later the connection failed: DTLS.
	{"undefined-ice-candidate", "high slow_join dtls; high negotiation_failed dtls"},
	{"jicofo-sample", ""},
	{"jigasi-sample", ""},
}

func TestRecordings(t *testing.T) {
	dir := recordings.Dir(t)
	follows := map[string]bool{"slow_join": true}
	for _, d := range issue.Detectors() {
		if d.Sample == nil {
			follows[d.Type] = true
		}
	}
	for _, c := range recorded {
		t.Run(c.file, func(t *testing.T) {
			rows := replay(t, filepath.Join(dir, "jitsi__rtcstats-server/src/test/dumps", c.file))
			var got []string
			for _, i := range rows.Issues {
				if follows[i.Type] {
					got = append(got, fmt.Sprintf("%s %s %s", i.Severity, i.Type, i.Cause))
				}
			}
			if s := strings.Join(got, "; "); s != c.want {
				t.Errorf("issues: %s\nwant:   %s", s, c.want)
			}
		})
	}
}

// replay imports a recording.
func replay(t *testing.T, file string) *session.Collect {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	src, err := dump.Open(f)
	if err != nil {
		t.Fatal(err)
	}
	rows := &session.Collect{}
	s := session.New(session.Options{
		App: 1, ID: 1, Protocol: src.Header().Protocol, Rooms: session.NewRooms(rows, func() uint64 { return 1 }), Sink: rows, Import: true,
	})
	in := &dated{to: s}
	if err := src.Replay(in); err != nil {
		t.Fatal(err)
	}
	s.End(in.last, "import")
	return rows
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
