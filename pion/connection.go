package pion

import (
	"fmt"
	"runtime/debug"
	"sync"

	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/stats"
	"github.com/pion/webrtc/v4"

	"github.com/peerglass/peerglass/protocol/statsjson"
	"github.com/peerglass/peerglass/rtc"
)

// getters are the counters of connections whose interceptors were made and
// that are not closed, by the connection's id.
var getters sync.Map

// Interceptor counts what a connection sends and receives. Programs that build their own webrtc.API add it to
// their registry, first: what others send, such as the reports that round-trip
// times are measured with, passes those that were added before them.
// Session.NewPeerConnection has it.
func Interceptor() interceptor.Factory {
	f, err := stats.NewInterceptor()
	if err != nil {
		panic(err) // it has no options that could be wrong
	}
	f.OnNewPeerConnection(func(id string, g stats.Getter) { getters.Store(id, g) })
	return forgetful{f}
}

// forgetful makes interceptors that are forgotten when their connection closes,
// wrapped or not.
type forgetful struct{ interceptor.Factory }

func (f forgetful) NewInterceptor(id string) (interceptor.Interceptor, error) {
	i, err := f.Factory.NewInterceptor(id)
	return &forgotten{i, id}, err
}

type forgotten struct {
	interceptor.Interceptor
	id string
}

func (f *forgotten) Close() error {
	getters.Delete(f.id)
	return f.Interceptor.Close()
}

// PeerConnection is a connection under watch. It is used like the one in it;
// handlers must be set here, not on the one in it, of which it holds them.
type PeerConnection struct {
	*webrtc.PeerConnection
	session *Session
	label   []byte
	reader  *statsjson.Reader

	mu                    sync.Mutex
	signaling, ice, whole string // the states that were told
	gathering             string
	onSignaling           func(webrtc.SignalingState)
	onICE                 func(webrtc.ICEConnectionState)
	onState               func(webrtc.PeerConnectionState)
	onGathering           func(webrtc.ICEGatheringState)
	onCandidate           func(*webrtc.ICECandidate)
	onTrack               func(*webrtc.TrackRemote, *webrtc.RTPReceiver)
	onDataChannel         func(*webrtc.DataChannel)
	onNegotiationNeeded   func()
	polling               sync.Mutex // one poll at a time; it guards what follows, and reader
	closed                bool
	reported              map[string]reported // of what is sent, by report
	stats                 rtc.Stats
	seen                  map[string]bool // ids of the last poll
}

// NewPeerConnection makes a connection with Pion's default codecs and
// interceptors, and watches it. Its errors are Pion's.
func (s *Session) NewPeerConnection(configuration webrtc.Configuration) (*PeerConnection, error) {
	media := &webrtc.MediaEngine{}
	if err := media.RegisterDefaultCodecs(); err != nil {
		return nil, err
	}
	registry := &interceptor.Registry{}
	registry.Add(Interceptor())
	if err := webrtc.RegisterDefaultInterceptors(media, registry); err != nil {
		return nil, err
	}
	pc, err := webrtc.NewAPI(webrtc.WithMediaEngine(media), webrtc.WithInterceptorRegistry(registry)).NewPeerConnection(configuration)
	if err != nil {
		s.add(&rtc.Record{Kind: rtc.KindLog, Name: []byte("error"), Payload: text("a peer connection could not be made: " + err.Error())})
		return nil, err
	}
	return s.Wrap(pc), nil
}

// Wrap watches a connection. Call it before handlers are set: those that were
// are replaced.
func (s *Session) Wrap(pc *webrtc.PeerConnection) *PeerConnection {
	w := &PeerConnection{PeerConnection: pc, session: s, reader: statsjson.NewReader(statsjson.Options{}), seen: map[string]bool{}, reported: map[string]reported{}}
	s.mu.Lock()
	w.label = fmt.Appendf(nil, "PC_%d", s.numbers)
	s.numbers++
	s.connections = append(s.connections, w)
	s.mu.Unlock()
	w.call(rtc.NameCreate, configurationOf(pc.GetConfiguration()))
	w.signaling, w.ice, w.whole, w.gathering = "stable", "new", "new", "new"
	w.compareStates()
	pc.OnSignalingStateChange(then(w, &w.onSignaling, func(webrtc.SignalingState) { w.compareStates() }))
	pc.OnICEConnectionStateChange(then(w, &w.onICE, func(state webrtc.ICEConnectionState) { w.state(rtc.NameICEState, state.String(), &w.ice) }))
	pc.OnConnectionStateChange(then(w, &w.onState, func(state webrtc.PeerConnectionState) { w.state(rtc.NameConnState, state.String(), &w.whole) }))
	pc.OnICEGatheringStateChange(then(w, &w.onGathering, func(state webrtc.ICEGatheringState) {
		w.state(rtc.NameGatheringState, state.String(), &w.gathering)
	}))
	pc.OnICECandidate(then(w, &w.onCandidate, w.candidate))
	pc.OnDataChannel(then(w, &w.onDataChannel, func(d *webrtc.DataChannel) {
		w.event(rtc.NameDataChannel, map[string]any{"label": d.Label()})
	}))
	pc.OnTrack(func(t *webrtc.TrackRemote, r *webrtc.RTPReceiver) {
		w.event(rtc.NameTrack, map[string]any{"id": t.ID(), "kind": t.Kind().String(), "streams": []string{t.StreamID()}, "ssrc": t.SSRC()})
		if f := get(w, &w.onTrack); f != nil {
			f(t, r)
		}
	})
	pc.OnNegotiationNeeded(func() {
		w.event(rtc.NameNegotiation, nil)
		if f := get(w, &w.onNegotiationNeeded); f != nil {
			f()
		}
	})
	return w
}

// then tells of an event, then hands it to the program's handler.
func then[T any](w *PeerConnection, handler *func(T), tell func(T)) func(T) {
	return func(v T) {
		tell(v)
		if f := get(w, handler); f != nil {
			f(v)
		}
	}
}

func get[F any](w *PeerConnection, handler *F) F {
	w.mu.Lock()
	defer w.mu.Unlock()
	return *handler
}

// MapUser says that everything which the connection receives comes from user.
func (w *PeerConnection) MapUser(user string) {
	w.session.add(&rtc.Record{Kind: rtc.KindEvent, Conn: w.label, Name: []byte(rtc.NameMapStream), Payload: text(map[string]string{"user": user})})
}

// configurationOf is what is told of a configuration: no credentials.
func configurationOf(c webrtc.Configuration) any {
	type server struct {
		URLs []string `json:"urls"`
	}
	servers := make([]server, len(c.ICEServers))
	for i, s := range c.ICEServers {
		servers[i] = server{s.URLs}
	}
	return struct {
		ICEServers   []server `json:"iceServers"`
		Policy       string   `json:"iceTransportPolicy"`
		BundlePolicy string   `json:"bundlePolicy"`
	}{servers, c.ICETransportPolicy.String(), c.BundlePolicy.String()}
}

func (w *PeerConnection) call(name string, payload any) {
	w.session.add(&rtc.Record{Kind: rtc.KindCall, Conn: w.label, Name: []byte(name), Payload: text(payload)})
}

func (w *PeerConnection) event(name string, payload any) {
	w.session.add(&rtc.Record{Kind: rtc.KindState, Conn: w.label, Name: []byte(name), Payload: text(payload)})
}

// state tells a state that differs from the last told.
func (w *PeerConnection) state(name, state string, told *string) {
	w.mu.Lock()
	same := *told == state
	*told = state
	w.mu.Unlock()
	if !same {
		w.event(name, state)
	}
}

// compareStates tells what changed without a handler of ours being called: the
// program may have set its own on the connection within.
func (w *PeerConnection) compareStates() {
	w.state(rtc.NameSignalingState, w.SignalingState().String(), &w.signaling)
	w.state(rtc.NameICEState, w.ICEConnectionState().String(), &w.ice)
	w.state(rtc.NameConnState, w.ConnectionState().String(), &w.whole)
}

func (w *PeerConnection) candidate(c *webrtc.ICECandidate) {
	if c == nil {
		w.event(rtc.NameICECandidate, "null")
		return
	}
	w.event(rtc.NameICECandidate, c.ToJSON())
}

// webrtcVersion is that of the Pion which the program was built with.
var webrtcVersion = sync.OnceValue(func() string {
	info, _ := debug.ReadBuildInfo()
	if info == nil {
		return ""
	}
	for _, m := range info.Deps {
		if m.Path == "github.com/pion/webrtc/v4" {
			return m.Version
		}
	}
	return ""
})

// poll tells the connection's statistics.
func (w *PeerConnection) poll() {
	w.polling.Lock()
	defer w.polling.Unlock()
	if !w.closed {
		w.tellStats()
	}
}

func (w *PeerConnection) tellStats() {
	src := w.reports()
	if err := w.reader.Read(src, &w.stats); err != nil {
		w.session.client.failed(fmt.Errorf("pion: statistics could not be read: %w", err))
		return
	}
	w.removed()
	w.session.add(&rtc.Record{Kind: rtc.KindStats, Conn: w.label, Stats: &w.stats})
}

// removed names the reports that are gone since the poll before.
func (w *PeerConnection) removed() {
	now := make(map[string]bool, len(w.stats.Reports))
	for i := range w.stats.Reports {
		now[string(w.stats.Reports[i].ID)] = true
	}
	for id := range w.seen {
		if !now[id] {
			w.stats.Reports = append(w.stats.Reports, rtc.ReportPatch{ID: []byte(id), Removed: true})
		}
	}
	w.seen = now
}

// end takes the connection from its session after a last poll.
func (w *PeerConnection) end(close func() error) error {
	w.polling.Lock()
	was := w.closed
	if !was {
		w.tellStats()
	}
	w.closed = true
	w.polling.Unlock()
	err := close()
	if !was {
		w.call(rtc.NameClose, nil)
		s := w.session
		s.mu.Lock()
		for i, pc := range s.connections {
			if pc == w {
				s.connections = append(s.connections[:i:i], s.connections[i+1:]...)
				break
			}
		}
		s.mu.Unlock()
	}
	return err
}

// Close closes the connection.
func (w *PeerConnection) Close() error { return w.end(w.PeerConnection.Close) }

// GracefulClose closes the connection and waits for its goroutines.
func (w *PeerConnection) GracefulClose() error { return w.end(w.PeerConnection.GracefulClose) }

// correlated tells a call and its outcome.
func (w *PeerConnection) correlated(name string, payload any, do func() (any, error)) {
	corr := w.session.nextCorr()
	tell := func(name string, payload any) {
		w.session.add(&rtc.Record{Kind: rtc.KindCall, Conn: w.label, Name: []byte(name), Corr: corr, Payload: text(payload)})
	}
	tell(name, payload)
	result, err := do()
	if err != nil {
		tell(name+"OnFailure", map[string]string{"name": "Error", "message": err.Error()})
		return
	}
	tell(name+"OnSuccess", result)
}
