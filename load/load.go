package load

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"text/tabwriter"
	"time"
)

// ErrNotLoopback is returned for a server that is not on this machine.
var ErrNotLoopback = errors.New("load runs against a server on this machine only: give a loopback address such as http://127.0.0.1:8080")

// Options of a run.
type Options struct {
	Server   string        // base address, "http://127.0.0.1:8080"; must be loopback
	Key      string        // public ingest key, pgk_…
	Protocol string        // jitsi, rtcstats or native
	File     string        // recorded session, plain or gzip, a frame a line; "" means the one that is built in
	Clients  int           // clients at a time; 0 means 100
	Duration time.Duration // how long frames are sent; 0 means 60 s
	// Rate is the frames/s to send over all clients, evenly; 0 sends as fast
	// as the server takes them, at most Window unacknowledged by each client.
	Rate   float64
	Window int    // 0 means 100
	Repeat int    // times that a session goes through the recording; 0 means 10
	Room   string // prefix of the rooms, two clients in each; "" means load-<random>
	// Idle opens Clients connections that send nothing, and measures memory only.
	Idle bool
	// PID of the server, for its processor time and memory; 0: the process
	// that listens on its port.
	PID int
	// APIKey, pga_…, lets the run ask the API what is in the store afterwards;
	// "" does without.
	APIKey string
	// Progress, which may be nil, is told about once a second.
	Progress io.Writer
}

// Result is what a run measured.
type Result struct {
	Protocol         string  `json:"protocol"`
	Connections      int     `json:"connections"`
	Sessions         uint64  `json:"sessions"`
	Seconds          float64 `json:"seconds"`
	Frames           uint64  `json:"frames"` // sent, each once
	Bytes            uint64  `json:"bytes"`
	FramesPerSecond  float64 `json:"framesPerSecond"`
	Records          uint64  `json:"records"` // in those frames
	RecordsPerSecond float64 `json:"recordsPerSecond"`
	Acknowledged     uint64  `json:"acknowledged"`   // frames; 0 where the protocol has no acknowledgement
	Spooled          uint64  `json:"spooled"`        // frames that the server counted into its spool
	Stored           uint64  `json:"stored"`         // records that the server decoded and derived rows from
	Found            *uint64 `json:"found"`          // records in the store, as the API tells; null without an API key
	SettledSeconds   float64 `json:"settledSeconds"` // from the last frame sent until all were taken
	AckP50Ms         float64 `json:"ackP50Ms"`       // from the time a frame was due until its acknowledgement
	AckP99Ms         float64 `json:"ackP99Ms"`       //
	AckMaxMs         float64 `json:"ackMaxMs"`       //
	Errors           uint64  `json:"errors"`         // connections refused or lost
	FirstError       string  `json:"firstError,omitempty"`
	ServerCPUSeconds float64 `json:"serverCPUSeconds"`
	EngineCPUSeconds float64 `json:"engineCPUSeconds"`             // of the server's children
	CPUPerThousand   float64 `json:"cpuSecondsPerThousandRecords"` // both
	ResidentBefore   int64   `json:"residentBytesBefore"`
	ResidentBytes    int64   `json:"residentBytes"`
	EngineResident   int64   `json:"engineResidentBytes"`
	PerConnection    int64   `json:"residentBytesPerConnection"` // growth from before the first connection
}

// run is a run under way.
type run struct {
	Options
	base      *url.URL
	recording *recording

	frames, bytes, records, acked, errors, sessions atomic.Uint64
	connected                                       atomic.Int64
	first                                           atomic.Pointer[string]
	delays                                          histogram
}

// Run does it. It ends when Duration is over, when ctx ends, or with an error
// when the server cannot be reached at all.
func Run(ctx context.Context, o Options) (*Result, error) {
	o.Clients = cmp.Or(o.Clients, 100)
	o.Duration = cmp.Or(o.Duration, time.Minute)
	o.Repeat = cmp.Or(o.Repeat, 10)
	o.Window = cmp.Or(o.Window, 100)
	o.Room = cmp.Or(o.Room, fmt.Sprintf("load-%06x", rand.Uint32N(1<<24)))
	base, err := loopback(ctx, o.Server)
	if err != nil {
		return nil, err
	}
	r := &run{Options: o, base: base}
	if r.recording, err = open(o.Protocol, o.File); err != nil {
		return nil, err
	}
	server, err := findServer(base, o.PID)
	if err != nil {
		return nil, err
	}
	before, err := scrape(ctx, base, o.Protocol)
	if err != nil {
		return nil, err
	}
	usedBefore, engineBefore, err := server.usage()
	if err != nil {
		return nil, err
	}

	began := time.Now()
	if o.Idle {
		err = r.idle(ctx)
	} else {
		err = r.send(ctx)
	}
	if err != nil {
		return nil, err
	}
	seconds := min(time.Since(began), o.Duration).Seconds()
	result := &Result{Protocol: o.Protocol, Connections: o.Clients, Seconds: seconds}
	if o.Idle {
		result.Connections = int(r.connected.Load())
	}
	after, settled, err := r.settle(ctx, before)
	if err != nil {
		return nil, err
	}
	used, engine, err := server.usage()
	if err != nil {
		return nil, err
	}
	r.fill(result, before, after)
	result.SettledSeconds = settled
	result.ServerCPUSeconds = used.cpu - usedBefore.cpu
	result.EngineCPUSeconds = engine.cpu - engineBefore.cpu
	result.EngineResident = engine.resident
	result.ResidentBefore, result.ResidentBytes = usedBefore.resident, used.resident
	result.PerConnection = (used.resident - usedBefore.resident) / int64(max(result.Connections, 1))
	if result.Records > 0 {
		result.CPUPerThousand = (result.ServerCPUSeconds + result.EngineCPUSeconds) / float64(result.Records) * 1000
	}
	if o.APIKey != "" && !o.Idle {
		found, err := r.found(ctx)
		if err != nil {
			return nil, err
		}
		result.Found = &found
	}
	return result, nil
}

func (r *run) fill(result *Result, before, after counters) {
	result.Sessions = r.sessions.Load()
	result.Frames, result.Bytes, result.Records = r.frames.Load(), r.bytes.Load(), r.records.Load()
	result.FramesPerSecond = float64(result.Frames) / result.Seconds
	result.RecordsPerSecond = float64(result.Records) / result.Seconds
	result.Acknowledged = r.acked.Load()
	result.Spooled, result.Stored = after.frames-before.frames, after.records-before.records
	result.AckP50Ms, result.AckP99Ms, result.AckMaxMs = r.delays.quantile(0.5), r.delays.quantile(0.99), r.delays.quantile(1)
	result.Errors = r.errors.Load()
	if first := r.first.Load(); first != nil {
		result.FirstError = *first
	}
}

// loopback parses the server's address and makes sure that it is this machine.
func loopback(ctx context.Context, server string) (*url.URL, error) {
	base, err := url.Parse(server)
	if err != nil || base.Scheme != "http" || base.Host == "" {
		return nil, fmt.Errorf("%q: %w", server, ErrNotLoopback)
	}
	host := base.Hostname()
	if a, err := netip.ParseAddr(host); err == nil {
		if !a.IsLoopback() {
			return nil, fmt.Errorf("%q: %w", server, ErrNotLoopback)
		}
		return base, nil
	}
	// A name is taken only where every address of it is loopback.
	addresses, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil || len(addresses) == 0 {
		return nil, fmt.Errorf("%q: %w", server, ErrNotLoopback)
	}
	for _, a := range addresses {
		if !a.Unmap().IsLoopback() {
			return nil, fmt.Errorf("%q: %w", server, ErrNotLoopback)
		}
	}
	// The address itself from here on: the name must not change its mind.
	base.Host = net.JoinHostPort(addresses[0].Unmap().String(), cmp.Or(base.Port(), "80"))
	return base, nil
}

const dialAtOnce = 64

// send runs the clients until the time is over.
func (r *run) send(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, r.Duration)
	defer cancel()
	dial := make(chan struct{}, dialAtOnce)
	var clients sync.WaitGroup
	for i := range r.Clients {
		clients.Go(func() { r.client(ctx, i, dial) })
	}
	r.watch(ctx)
	clients.Wait() // for the last acknowledgements
	if r.frames.Load() == 0 && r.errors.Load() > 0 {
		return fmt.Errorf("no client could send: %s", *r.first.Load())
	}
	return nil
}

// watch reports progress once a second until ctx ends.
func (r *run) watch(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	last := uint64(0)
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if r.Progress == nil {
			continue
		}
		now := r.frames.Load()
		fmt.Fprintf(r.Progress, "%d connections, %d frames/s, acknowledged %d of %d, p99 %.0f ms, errors %d\n",
			r.connected.Load(), now-last, r.acked.Load(), now, r.delays.quantile(0.99), r.errors.Load())
		last = now
	}
}

// fault notes what went wrong with a client.
func (r *run) fault(err error) {
	r.errors.Add(1)
	text := err.Error()
	r.first.CompareAndSwap(nil, &text)
}

// settle waits until the server has taken what was sent, for at most a minute.
func (r *run) settle(ctx context.Context, before counters) (counters, float64, error) {
	began := time.Now()
	for {
		now, err := scrape(ctx, r.base, r.Protocol)
		if err != nil {
			return now, 0, err
		}
		passed := time.Since(began)
		if now.frames-before.frames >= r.frames.Load() && now.behind == 0 || passed > time.Minute || ctx.Err() != nil {
			return now, passed.Seconds(), nil
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// WriteText prints the result as a table.
func (r *Result) WriteText(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(name, format string, values ...any) {
		fmt.Fprintf(t, "%s\t%s\n", name, fmt.Sprintf(format, values...))
	}
	line("protocol", "%s", r.Protocol)
	line("connections", "%d", r.Connections)
	if r.Frames > 0 {
		line("sessions", "%d", r.Sessions)
		line("time", "%.1f s", r.Seconds)
		line("frames", "%d (%.0f a second, %.0f bytes each)", r.Frames, r.FramesPerSecond, float64(r.Bytes)/float64(r.Frames))
		line("records", "%d (%.0f a second)", r.Records, r.RecordsPerSecond)
		if r.Acknowledged > 0 {
			line("frames acknowledged", "%d", r.Acknowledged)
			line("acknowledgement", "p50 %.0f ms, p99 %.0f ms, longest %.0f ms", r.AckP50Ms, r.AckP99Ms, r.AckMaxMs)
		}
		line("frames in the spool", "%d, settled %.1f s after the last", r.Spooled, r.SettledSeconds)
		line("records derived", "%d", r.Stored)
		if r.Found != nil {
			line("records in the store", "%d", *r.Found)
		} else {
			line("records in the store", "– (--api-key lets it ask)")
		}
		line("processor time", "server %.2f s, engine %.2f s; together %.4f s per 1,000 records", r.ServerCPUSeconds, r.EngineCPUSeconds, r.CPUPerThousand)
	}
	const mib = 1 << 20
	line("resident memory", "server %.1f MiB (%.1f before), engine %.1f MiB", float64(r.ResidentBytes)/mib, float64(r.ResidentBefore)/mib, float64(r.EngineResident)/mib)
	line("memory per connection", "%.1f KiB", float64(r.PerConnection)/1024)
	line("errors", "%d %s", r.Errors, strings.TrimSpace(r.FirstError))
	if err := t.Flush(); err != nil {
		return fmt.Errorf("print the result: %w", err)
	}
	return nil
}
