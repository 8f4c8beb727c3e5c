package pion

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"github.com/peerglass/peerglass/blob"
	"github.com/peerglass/peerglass/ingest"
	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/session"
	"github.com/peerglass/peerglass/settings"
	"github.com/peerglass/peerglass/spool"
)

// kept is a store in memory.
type kept struct{ session.Collect }

func (*kept) Flush(context.Context) error   { return nil }
func (*kept) Durable(context.Context) error { return nil }
func (*kept) Backlog() int64                { return 0 }

// observatory is the real ingest, on a port of its own.
type observatory struct {
	rows *kept
	url  string
	key  string
	away atomic.Bool // answers nothing but a fault
	shut func()
}

func startObservatory(t *testing.T) *observatory {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	dir := t.TempDir()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	set, err := settings.Open(ctx, settings.Options{Dir: dir})
	must(err)
	app, err := set.CreateApp(ctx, "bots", "")
	must(err)
	key, err := set.CreateIngestKey(ctx, app.ID, "bots", []string{"https://bots.example"})
	must(err)
	frames, err := spool.Open(spool.Options{Dir: dir + "/spool", Reserve: -1, Linger: time.Millisecond})
	must(err)
	dumps, err := blob.OpenFolder(dir + "/blobs")
	must(err)
	o := &observatory{rows: &kept{}, key: key.Key}
	var random atomic.Uint64
	server, err := ingest.New(ingest.Options{
		Spool: frames, Store: o.rows, Blob: dumps, Access: set, PollMs: 250,
		Rooms: session.NewRooms(o.rows, func() uint64 { return random.Add(1) }),
		Log:   slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	must(err)
	ran := make(chan error, 1)
	go func() { ran <- server.Run(ctx) }()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if o.away.Load() {
			// The request was read: the client cannot know whether it was taken.
			_, _ = io.Copy(io.Discard, r.Body)
			http.Error(w, "away", http.StatusBadGateway)
			return
		}
		server.Handler().ServeHTTP(w, r)
	}))
	o.url = web.URL
	o.shut = sync.OnceFunc(func() {
		cancel()
		must(<-ran)
		web.Close()
		must(frames.Close())
		must(set.Close())
	})
	t.Cleanup(o.shut)
	return o
}

func (o *observatory) client(t *testing.T, onError func(error)) *Client {
	t.Helper()
	c, err := New(Config{Endpoint: o.url, Key: o.key, OnError: onError})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// within fails the test where ok does not come true; it asks ok again and again.
func within(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// connect lets two connections of one process find each other.
func connect(t *testing.T, a, b *PeerConnection) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	offer, err := a.CreateOffer(nil)
	must(err)
	gathered := webrtc.GatheringCompletePromise(a.PeerConnection)
	must(a.SetLocalDescription(offer))
	<-gathered
	must(b.SetRemoteDescription(*a.LocalDescription()))
	answer, err := b.CreateAnswer(nil)
	must(err)
	gathered = webrtc.GatheringCompletePromise(b.PeerConnection)
	must(b.SetLocalDescription(answer))
	<-gathered
	must(a.SetRemoteDescription(*b.LocalDescription()))
}

// send writes packets of 1,000 bytes, 100 a second, until stop is closed.
func send(track *webrtc.TrackLocalStaticRTP, stop <-chan struct{}) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	p := &rtp.Packet{Header: rtp.Header{Version: 2}, Payload: make([]byte, 1000)}
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
			p.SequenceNumber++
			p.Timestamp += 900
			_ = track.WriteRTP(p)
		}
	}
}

// drain reads as every program of Pion's does: interceptors see what is read.
func drain(read func([]byte) (int, interceptor.Attributes, error)) {
	buf := make([]byte, 1500)
	for {
		if _, _, err := read(buf); err != nil {
			return
		}
	}
}

func track(t *testing.T, mime, id string) *webrtc.TrackLocalStaticRTP {
	t.Helper()
	tr, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: mime}, id, "alice")
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func TestCallBetweenPrograms(t *testing.T) {
	o := startObservatory(t)
	c := o.client(t, func(err error) { t.Error(err) })
	alice := c.Join(Identity{Room: "standup", User: "alice", UserName: "Alice", Keys: map[string]string{"team": "bots"}})
	bob := c.Join(Identity{Room: "standup", User: "bob"})

	from, err := alice.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	to, err := bob.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	video := track(t, webrtc.MimeTypeVP8, "camera")
	sender, err := from.AddTrack(video)
	if err != nil {
		t.Fatal(err)
	}
	go drain(sender.Read)
	var states []string
	var mu sync.Mutex
	from.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		mu.Lock()
		defer mu.Unlock()
		states = append(states, s.String())
	})
	got := make(chan webrtc.SSRC, 1)
	to.OnTrack(func(tr *webrtc.TrackRemote, r *webrtc.RTPReceiver) {
		got <- tr.SSRC()
		go drain(r.Read)
		drain(tr.Read)
	})
	connect(t, from, to)
	stop := make(chan struct{})
	go send(video, stop)
	bob.MapSSRC(<-got, "alice", "camera")
	alice.Mute("audio", true)
	alice.Log("warn", "the encoder is late")
	alice.Feedback(Feedback{Overall: 4})
	bob.Event("recording", map[string]bool{"on": true})

	measured := func(user string, d rtc.Direction) (n int) {
		rows := o.rows.Snapshot()
		for _, s := range rows.Samples {
			if s.Direction == d && s.Kind == rtc.KindVideo && userOf(rows, s.Session) == user {
				n++
			}
		}
		return n
	}
	within(t, "eight samples of either end", func() bool {
		return measured("alice", rtc.Send) >= 8 && measured("bob", rtc.Receive) >= 8
	})
	within(t, "a round trip by alice's reports", func() bool {
		return slices.ContainsFunc(o.rows.Snapshot().Samples, func(s rtc.Sample) bool {
			v := s.Values[quality.Rtt.Index()]
			return s.Kind == rtc.KindVideo && s.Direction == rtc.Send && v == v
		})
	})
	close(stop)
	if err := from.Close(); err != nil {
		t.Error(err)
	}
	if err := to.Close(); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := c.Close(ctx); err != nil {
		t.Error(err)
	}
	o.shut()

	mu.Lock()
	if !slices.Contains(states, "connected") {
		t.Errorf("the program's own handler was told %v", states)
	}
	mu.Unlock()
	rows := o.rows.Snapshot()
	if len(rows.Calls) != 1 || rows.Calls[0].Room != "standup" {
		t.Errorf("calls %+v, want one in standup", rows.Calls)
	}
	for _, s := range rows.Sessions {
		if s.EndReason != "leave" || s.SDK != "peerglass/pion" {
			t.Errorf("session of %s: end %q, SDK %q", s.User, s.EndReason, s.SDK)
		}
	}
	for _, st := range rows.Streams {
		if st.Kind != rtc.KindVideo {
			continue
		}
		if st.Codec != "video/VP8" {
			t.Errorf("stream %d: codec %q", st.ID, st.Codec)
		}
		if st.Direction == rtc.Receive && st.RemoteUser != "alice" {
			t.Errorf("what bob received comes from %q", st.RemoteUser)
		}
	}
	var rates, lost, rtt []float32
	for _, s := range rows.Samples {
		if s.Kind != rtc.KindVideo {
			continue
		}
		if v := s.Values[quality.Bitrate.Index()]; v == v {
			rates = append(rates, v)
		}
		if v := s.Values[quality.Loss.Index()]; v == v {
			lost = append(lost, v)
		}
		if v := s.Values[quality.Rtt.Index()]; v == v {
			rtt = append(rtt, v)
		}
		// Pion decodes nothing: what it does not measure is null.
		if v := s.Values[quality.FpsDecoded.Index()]; v == v {
			t.Errorf("%v frames decoded a second, by a program that decodes none", v)
		}
		if v := s.Values[quality.VideoStutterTime.Index()]; v == v {
			t.Errorf("%v ms of stutter, in a program that shows nothing", v)
		}
	}
	// 100 packets a second of 1,000 bytes are 800 kbit/s; the machine may be late.
	if m := slices.Max(rates); m < 600_000 || m > 1_200_000 {
		t.Errorf("bit rates %v", rates)
	}
	if len(lost) == 0 || len(rtt) == 0 {
		t.Errorf("loss %v, RTT %v: want figures", lost, rtt)
	}
	names := map[string]int{}
	for _, e := range rows.Events {
		names[e.Name]++
	}
	for _, name := range []string{"mute", "recording", "createOffer", "setRemoteDescription", "onconnectionstatechange", "ontrack"} {
		if names[name] == 0 {
			t.Errorf("no event %s among %v", name, names)
		}
	}
	for _, e := range rows.Events {
		if strings.Contains(e.Value, "ice-pwd") && !strings.Contains(e.Value, "ice-pwd:***") {
			t.Errorf("event %s has a password", e.Name)
		}
	}
}

func userOf(rows *session.Collect, id rtc.SessionID) string {
	for _, s := range rows.Sessions {
		if s.ID == id {
			return s.User
		}
	}
	return ""
}

// The server is away in the middle: nothing is lost and nothing comes twice.
func TestServerAway(t *testing.T) {
	o := startObservatory(t)
	var told atomic.Int64
	c := o.client(t, func(error) { told.Add(1) })
	s := c.Join(Identity{Room: "r", User: "u"})
	const events = 300
	for i := range events {
		if i == events/3 {
			within(t, "the first to be stored", func() bool { return len(o.rows.Snapshot().Events) > 0 })
			o.away.Store(true)
		}
		s.Event("count", i)
		if i == events*2/3 {
			within(t, "the client to notice", func() bool { return told.Load() > 0 })
			o.away.Store(false)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := s.Leave(ctx); err != nil {
		t.Fatal(err)
	}
	o.shut()
	next := 0
	for _, e := range o.rows.Snapshot().Events {
		if e.Name != "count" {
			continue
		}
		if e.Value != fmt.Sprint(next) {
			t.Fatalf("event %s came where %d was due", e.Value, next)
		}
		next++
	}
	if next != events {
		t.Errorf("%d events of %d", next, events)
	}
}

func TestRefusedKey(t *testing.T) {
	o := startObservatory(t)
	told := make(chan error, 10)
	c, err := New(Config{Endpoint: o.url, Key: "pgk_wrong", OnError: func(err error) { told <- err }})
	if err != nil {
		t.Fatal(err)
	}
	s := c.Join(Identity{Room: "r", User: "u"})
	s.Event("e", nil)
	if err := <-told; !strings.Contains(err.Error(), "key") {
		t.Errorf("told %q, want a sentence about the key", err)
	}
	within(t, "the session to stop", s.link.stopped)
	s.Event("e", nil) // costs nothing any more
	if err := s.Leave(t.Context()); err != nil && !strings.Contains(err.Error(), "key") {
		t.Error(err)
	}
}

// A page would be refused a key for other origins; a program has none.
func TestWrongSettings(t *testing.T) {
	for name, c := range map[string]Config{
		"no key":      {Endpoint: "https://peerglass.example"},
		"no endpoint": {Key: "pgk_x"},
		"no scheme":   {Key: "pgk_x", Endpoint: "peerglass.example"},
	} {
		if _, err := New(c); err == nil || !strings.HasPrefix(err.Error(), "pion: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
