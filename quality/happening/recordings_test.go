package happening_test

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/peerglass/peerglass/dump"
	"github.com/peerglass/peerglass/internal/golden"
	"github.com/peerglass/peerglass/internal/recordings"
	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/protocol/callstats"
	"github.com/peerglass/peerglass/protocol/jitsi"
	"github.com/peerglass/peerglass/protocol/observertc"
	"github.com/peerglass/peerglass/protocol/peermetrics"
	"github.com/peerglass/peerglass/protocol/rtcstats"
	"github.com/peerglass/peerglass/protocol/watchrtc"
	"github.com/peerglass/peerglass/quality/happening"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/session"
)

// recorded are real calls: of the rig with known damage, and one of each
// protocol. What testdata/recordings.txt says of them was read against the
// recordings by hand.
var recorded = []string{
	"fidelity/testdata/muted/ada.dump", "fidelity/testdata/camera_unplugged/ada.dump", "fidelity/testdata/permission_denied/ada.dump",
	"fidelity/testdata/ice_restart/ada.dump", "fidelity/testdata/peer_killed/ben.dump", "fidelity/testdata/track_replaced/ada.dump",
	"fidelity/testdata/turn_blocked/ada.dump", "protocol/internals/testdata/new.json", "protocol/internals/testdata/old.json",
	"jitsi", "rtcstats", "watchrtc", "callstats", "observertc", "peermetrics",
}

func TestRecordings(t *testing.T) {
	var b bytes.Buffer
	for _, name := range recorded {
		stay := stayIn(t, name)
		fmt.Fprintf(&b, "# %s\n", name)
		for _, r := range happening.Of(stay) {
			fmt.Fprintf(&b, "%d %s", r.Time.Sub(stay.Session.Start).Milliseconds(), r.Type.Slug)
			if r.Reference != 0 {
				fmt.Fprintf(&b, "(%d)", r.Reference)
			}
			if r.Label != r.Type.Label {
				fmt.Fprintf(&b, " [%s]", r.Label)
			}
			for _, word := range []string{r.Event, r.Cause, r.RemoteUser} {
				fmt.Fprintf(&b, " %s", cmp.Or(word, "-"))
			}
			fmt.Fprintf(&b, " %s %s %s", r.Kind, r.Direction, r.Severity)
			if r.Text != "" {
				fmt.Fprintf(&b, " | %s", r.Text)
			}
			b.WriteString("\n")
		}
	}
	golden.Check(t, "testdata/recordings.txt", b.String())
}

type decoder interface {
	Decode([]byte, int64, rtc.Sink) error
}

// decoders are those of the protocols whose recordings are frames.
var decoders = map[string]func() decoder{
	"jitsi":       func() decoder { return jitsi.NewDecoder(jitsi.Options{}) },
	"rtcstats":    func() decoder { return rtcstats.NewDecoder() },
	"watchrtc":    func() decoder { return watchrtc.NewDecoder() },
	"callstats":   func() decoder { return callstats.NewDecoder() },
	"observertc":  func() decoder { return observertc.NewDecoder() },
	"peermetrics": func() decoder { return peermetrics.NewDecoder() },
}

// stayIn reads a recording, a file or a protocol's, and returns its stay.
func stayIn(t *testing.T, name string) *happening.Stay {
	t.Helper()
	rows := &session.Collect{}
	n := uint64(0)
	rooms := session.NewRooms(rows, func() uint64 { n++; return n })
	options := session.Options{App: 1, ID: 1, Protocol: name, Rooms: rooms, Sink: rows, Import: true}
	var in *dated
	if make := decoders[name]; make != nil {
		d := make()
		in = &dated{to: session.New(options), last: 1_795_273_900_000}
		for _, frame := range recordings.Frames(t, name) {
			if name == "watchrtc" {
				frame = watchrtc.Clean(frame)
			}
			if err := d.Decode(frame, in.last, in); err != nil {
				t.Fatal(err)
			}
		}
	} else {
		f, err := os.Open(filepath.Join("..", "..", name))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		src, err := dump.Open(f)
		if err != nil {
			t.Fatal(err)
		}
		options.Protocol = src.Header().Protocol
		in = &dated{to: session.New(options)}
		if err := src.Replay(in); err != nil {
			t.Fatal(err)
		}
	}
	in.to.End(in.last, "import")
	stay := &happening.Stay{Session: rows.Sessions[0], Connections: rows.Connections, Streams: rows.Streams}
	for _, e := range rows.Events {
		if !slices.Contains(happening.Needless, e.Name) {
			stay.Events = append(stay.Events, e)
		}
	}
	slices.SortStableFunc(stay.Events, func(a, b rtc.Event) int { return a.Time.Compare(b.Time) })
	return stay
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
	if errors.As(err, &limit) || errors.Is(err, session.ErrEnded) { // some clients go on after their goodbye
		return nil
	}
	return err
}
