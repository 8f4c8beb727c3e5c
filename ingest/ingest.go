package ingest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/peerglass/peerglass/blob"
	"github.com/peerglass/peerglass/enrich"
	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/session"
	"github.com/peerglass/peerglass/settings"
	"github.com/peerglass/peerglass/spool"
)

// Store is where derived rows go. Package store implements it; Discard throws
// them away.
type Store interface {
	session.Sink
	// Flush returns when every row handed over before is stored.
	Flush(ctx context.Context) error
	// Durable returns when what was flushed survives a loss of power.
	Durable(ctx context.Context) error
	// Backlog is the bytes of rows that wait to be stored.
	Backlog() int64
}

// Rooms is what ingest asks of the rooms beside what sessions ask;
// *session.MemoryRooms implements it.
type Rooms interface {
	session.Rooms
	// Restore makes a call known that was in progress when the program stopped.
	Restore(call rtc.Call, lastSeen time.Time, stays ...rtc.Session)
	// Tick ends calls that nobody is in any more.
	Tick(now int64)
}

// Access answers who may send, from memory; *settings.Settings implements it.
type Access interface {
	// IngestKey returns the app that a public ingest key names.
	IngestKey(ctx context.Context, key string) (settings.App, error)
	// CheckOrigin refuses a page whose origin may not use the key; host is the
	// header of that name, by which pages of this server are known.
	CheckOrigin(ctx context.Context, key, origin, host string) error
	// IngestApp returns an app that may take in measurements, with its default
	// configuration.
	IngestApp(ctx context.Context, app rtc.AppID) (settings.App, error)
	// AppSecret returns the secret that an app's tokens are signed with.
	AppSecret(ctx context.Context, app rtc.AppID) (string, error)
	// VerifyToken returns what a token of an app says, or why it is refused: a
	// *settings.Error whose code begins with token_.
	VerifyToken(ctx context.Context, app rtc.AppID, token string) (settings.Claims, error)
	// SpendToken refuses a one-time token that another session has used.
	SpendToken(ctx context.Context, claims settings.Claims, session string) error
}

var _ Access = (*settings.Settings)(nil)

// Options of a Server. Spool, Store, Rooms, Access and Blob are required.
type Options struct {
	Spool   *spool.Spool
	Store   Store
	Judge   *session.Judge // writes to Store what sessions and rooms tell; nil: calls are not judged
	Rooms   Rooms          // writes to Judge, or to Store
	Access  Access
	Blob    blob.Store
	Metrics prometheus.Registerer // nil: not registered
	Now     func() time.Time      // nil: time.Now
	Random  func() uint64         // nil: math/rand/v2
	Log     *slog.Logger          // nil: slog.Default()
	Limits  Limits
	// Thresholds are those that an app set for itself, by name; nil: none did.
	Thresholds func(rtc.AppID) map[string]float64
	// Place tells where an address is and whose network; nil: it is not known.
	Place func(netip.Addr) enrich.Place
	// Proxies are those whose word is taken for whom they speak for
	// (X-Forwarded-For).
	Proxies []netip.Prefix
	// Fault is told what went wrong for a client of an app, and must return at
	// once; nil: nobody is.
	Fault  func(rtc.AppID, settings.Fault)
	PollMs int // steady interval of getStats that browsers are asked for; 0: 2000
}

// Limits bound what one client can cost. Zero members mean the defaults.
type Limits struct {
	Frame           int     // bytes of one frame: protocol.MaxFrame
	BytesPerSecond  float64 // of one connection, or of a session's requests, sustained: 4 MiB
	BytesBurst      float64 // 32 MiB
	FramesPerSecond float64 // so, and of the records in them: 1000
	FramesBurst     float64 // 10,000: a client that comes back sends its whole buffer
	PerApp          int64   // connections of one app at a time: 50,000
	Sessions        int64   // sessions of one app in progress, those included whose clients are away: 100,000
	BeginPerSecond  float64 // sessions of one app that clients of one public network (24 bits of IPv4, 48 of IPv6) begin, sustained: 50
	BeginBurst      float64 // 5,000: a whole company joins
	StoreBacklog    int64   // bytes of waiting rows from where frames are only spooled: 256 MiB
}

func (l *Limits) defaults() {
	l.Frame = cmp.Or(l.Frame, protocol.MaxFrame)
	l.BytesPerSecond = cmp.Or(l.BytesPerSecond, 4<<20)
	l.BytesBurst = cmp.Or(l.BytesBurst, 32<<20)
	l.FramesPerSecond = cmp.Or(l.FramesPerSecond, 1000)
	l.FramesBurst = cmp.Or(l.FramesBurst, 10_000)
	l.PerApp = cmp.Or(l.PerApp, 50_000)
	l.Sessions = cmp.Or(l.Sessions, 100_000)
	l.BeginPerSecond = cmp.Or(l.BeginPerSecond, 50)
	l.BeginBurst = cmp.Or(l.BeginBurst, 5_000)
	l.StoreBacklog = cmp.Or(l.StoreBacklog, 256<<20)
}

// Server takes what clients send.
type Server struct {
	opts    Options
	sink    session.Sink // the judge, or the store
	log     *slog.Logger
	metrics *metrics
	mux     *http.ServeMux
	seed    maphash.Seed
	shards  [64]shard
	apps    sync.Map // rtc.AppID -> *atomic.Int64: open connections
	stays   sync.Map // rtc.AppID -> *atomic.Int64: sessions in progress
	begun   beginnings

	upgraders sync.Map // subprotocol -> *gws.Upgrader
	running   atomic.Bool
	lagging   atomic.Bool // the store is behind: frames are only spooled
	arrivals  atomic.Uint64
	readers   sync.WaitGroup // goroutines of connections
	behind    *queue         // sessions to be derived from the spool
	finishing *queue         // sessions that ended

	clearEvery, bodyFor time.Duration // tests shorten them
}

// shard is a part of the sessions and connections, so that no lock is shared
// by all of them.
type shard struct {
	mu    sync.Mutex
	byKey map[liveKey]*live       // resumable sessions by the client's own id
	lives map[*live]struct{}      // every session in progress
	conns map[*conn]struct{}      // every open connection
	past  map[liveKey]pastSession // ended not long ago
}

type liveKey struct {
	app    rtc.AppID
	wire   string
	client string
}

// pastSession is what is remembered of a session that ended, so that a client
// which comes back late does not send again what is there already.
type pastSession struct {
	seq   uint64
	left  int64 // client's clock, Unix ms: when it said goodbye; 0 where that is not known
	until int64
}

// New returns a server for o. Its handler refuses everything until Run.
func New(o Options) (*Server, error) {
	if o.Spool == nil || o.Store == nil || o.Rooms == nil || o.Access == nil || o.Blob == nil {
		return nil, errors.New("ingest needs a spool, a store, rooms, access and a blob store")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Random == nil {
		o.Random = rand.Uint64
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	o.Limits.defaults()
	s := &Server{
		opts: o, log: o.Log, mux: http.NewServeMux(), seed: maphash.MakeSeed(),
		behind: newQueue(), finishing: newQueue(), clearEvery: clearEvery, bodyFor: bodyFor,
	}
	s.sink = o.Store
	if o.Judge != nil {
		s.sink = o.Judge
	}
	s.metrics = newMetrics(s, o.Metrics)
	for i := range s.shards {
		s.shards[i] = shard{
			byKey: make(map[liveKey]*live), lives: make(map[*live]struct{}),
			conns: make(map[*conn]struct{}), past: make(map[liveKey]pastSession),
		}
	}
	for _, w := range wires {
		for _, pattern := range w.traits().patterns {
			s.mux.HandleFunc(pattern, func(rw http.ResponseWriter, r *http.Request) { s.serve(rw, r, w) })
		}
	}
	s.mux.HandleFunc("/ingest/", s.unknown)
	return s, nil
}

// Handler serves /ingest/. Slashes that stand double are one: an address that
// was set with a slash at its end is joined so to what the client asks for, and
// the redirect that http.ServeMux would answer stops pages of other origins.
func (s *Server) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.EscapedPath()
		for strings.Contains(path, "//") {
			path = strings.ReplaceAll(path, "//", "/")
		}
		if plain, err := url.PathUnescape(path); err == nil && path != r.URL.EscapedPath() {
			u := *r.URL
			u.Path, u.RawPath = plain, path
			r = r.WithContext(r.Context())
			r.URL = &u
		}
		s.mux.ServeHTTP(w, r)
	})
}

// Run takes up what the spool holds and works until ctx ends; then it closes
// the connections (clients come back and resume) and returns. Sessions stay in
// the spool for the next start. What the spool holds is derived beside what
// arrives: a long replay does not keep clients out.
func (s *Server) Run(ctx context.Context) error {
	if err := s.restore(); err != nil {
		return fmt.Errorf("take up the spool: %w", err)
	}
	s.running.Store(true)
	var work sync.WaitGroup
	work.Go(func() { s.tick(ctx) })
	work.Go(func() { s.catchUp(ctx) })
	work.Go(func() { s.finish(ctx) })
	if s.opts.Judge != nil {
		work.Go(func() { s.opts.Judge.Run(ctx) })
	}
	<-ctx.Done()
	s.running.Store(false)
	s.closeAll()
	s.readers.Wait()
	work.Wait()
	return nil
}

func (s *Server) now() int64 { return s.opts.Now().UnixMilli() }

func (s *Server) shard(client string) *shard {
	return &s.shards[maphash.String(s.seed, client)%uint64(len(s.shards))]
}

// wires are the protocols spoken, by name.
var wires = map[string]wire{
	"callstats":   callstatsWire{},
	"native":      nativeWire{},
	"jitsi":       jitsiWire{},
	"rtcstats":    rtcstatsWire{},
	"observertc":  observertcWire{},
	"peermetrics": peermetricsWire{},
	"watchrtc":    watchrtcWire{},
}

// Discard is a Store that keeps nothing: for benchmarks of everything before it.
type Discard struct{}

var _ Store = Discard{}

// Call implements session.Sink.
func (Discard) Call(*rtc.Call) {}

// Session implements session.Sink.
func (Discard) Session(*rtc.Session) {}

// Connection implements session.Sink.
func (Discard) Connection(*rtc.Connection) {}

// Stream implements session.Sink.
func (Discard) Stream(*rtc.Stream) {}

// Sample implements session.Sink.
func (Discard) Sample(*rtc.Sample) {}

// Event implements session.Sink.
func (Discard) Event(*rtc.Event) {}

// Issue implements session.Sink.
func (Discard) Issue(*rtc.Issue) {}

// Outcome implements session.Sink.
func (Discard) Outcome(*rtc.Outcome) {}

// Verdict implements session.Sink.
func (Discard) Verdict(*rtc.Verdict) {}

// Features implements session.Sink.
func (Discard) Features([]rtc.Feature) {}

// Flush implements Store.
func (Discard) Flush(context.Context) error { return nil }

// Durable implements Store.
func (Discard) Durable(context.Context) error { return nil }

// Backlog implements Store.
func (Discard) Backlog() int64 { return 0 }

// thresholds are those of an app, nil for the defaults.
func (s *Server) thresholds(app rtc.AppID) *session.Thresholds {
	if s.opts.Thresholds == nil {
		return nil
	}
	return session.ThresholdsOf(s.opts.Thresholds(app))
}
