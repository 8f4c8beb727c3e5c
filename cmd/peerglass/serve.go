package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/gzhttp"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/sync/errgroup"

	"github.com/peerglass/peerglass/api"
	"github.com/peerglass/peerglass/blob"
	"github.com/peerglass/peerglass/console"
	"github.com/peerglass/peerglass/demo"
	"github.com/peerglass/peerglass/enrich"
	"github.com/peerglass/peerglass/ingest"
	"github.com/peerglass/peerglass/query"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/sdk"
	"github.com/peerglass/peerglass/session"
	"github.com/peerglass/peerglass/settings"
	"github.com/peerglass/peerglass/spool"
	"github.com/peerglass/peerglass/store"
	"github.com/peerglass/peerglass/store/engine"
)

type serveCommand struct {
	Listen      string        `default:":8080" help:"Address to listen on."`
	Data        string        `default:"data" help:"Data folder: settings, spool, engine, dumps." type:"path"`
	ClickHouse  string        `name:"clickhouse" help:"Use a ClickHouse at this address (http://user:password@host:8123/database) in place of the embedded engine." env:"PEERGLASS_CLICKHOUSE"`
	EngineLib   string        `help:"Path of libchdb.so; without it, it is looked for." env:"PEERGLASS_ENGINE_LIB"`
	Memory      int64         `help:"Most memory of the embedded engine, in MiB; 0 takes a quarter of the machine's." default:"0"`
	SpoolBudget int64         `help:"Most disk that waiting records may take, in MiB; 0 means 20 GiB." default:"0"`
	KeepSamples int           `help:"Days that samples are kept after a call's start; 0 keeps them."`
	KeepEvents  int           `help:"Days that events are kept; 0 keeps them."`
	KeepCalls   int           `help:"Days that calls, with their users and streams, are kept; 0 keeps them."`
	DiskCap     int64         `help:"Most disk that stored rows may take, in MiB: beyond it the oldest days of samples go, then those of events; 0 means no cap."`
	Geo         []string      `help:"Database of addresses (GeoLite2-City.mmdb, GeoLite2-ASN.mmdb or the like), which tells users' regions and carriers; may be given several times." env:"PEERGLASS_GEO" type:"existingfile" sep:","`
	Proxies     []string      `help:"Networks of reverse proxies, such as 10.0.0.0/8, whose X-Forwarded-For says where clients are." env:"PEERGLASS_PROXIES" sep:","`
	Poll        time.Duration `default:"2s" help:"Steady interval of statistics that the browser SDK is asked for."`
	Quiet       bool          `help:"Log warnings and errors only."`
}

func (c serveCommand) Run(ctx context.Context) error {
	level := slog.LevelInfo
	if c.Quiet {
		level = slog.LevelWarn
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))

	data, err := filepath.Abs(c.Data)
	if err != nil {
		return fmt.Errorf("find the data folder: %w", err)
	}
	// The port is taken first: a second program on one machine fails before it
	// touches the data of the first.
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return cannotListen(c.Listen, err)
	}
	defer listener.Close()
	claimed, err := claimFolder(data)
	if err != nil {
		return err
	}
	defer claimed.Close()

	set, err := settings.Open(ctx, settings.Options{Dir: data, MasterKey: os.Getenv("PEERGLASS_MASTER_KEY")})
	if err != nil {
		return err
	}
	defer set.Close()
	storeOptions := store.Options{URL: c.ClickHouse, Policy: c.policy, Log: log}
	if c.ClickHouse == "" {
		eng, err := engine.Start(ctx, engine.Options{Dir: filepath.Join(data, "engine"), Lib: c.EngineLib, MemoryLimit: c.Memory << 20, Log: log})
		if err != nil {
			return err
		}
		defer func() {
			if err := eng.Close(); err != nil {
				log.Warn("close the engine", "err", err)
			}
		}()
		storeOptions.Engine = eng
	}
	st, err := store.Open(ctx, storeOptions)
	if err != nil {
		if c.ClickHouse != "" {
			return fmt.Errorf("%w; --clickhouse names the server", err)
		}
		return err
	}
	// Rows that were handed over are in the spool too: a store that does not
	// answer must not keep the program from ending.
	defer func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		if err := st.Close(end); err != nil {
			log.Warn("close the store", "err", err)
		}
	}()

	sp, err := spool.Open(spool.Options{Dir: filepath.Join(data, "spool"), Budget: c.SpoolBudget << 20, Log: log})
	if err != nil {
		return err
	}
	defer sp.Close()
	blobs, err := blob.OpenFolder(filepath.Join(data, "blob"))
	if err != nil {
		return err
	}
	metrics := newMetrics(st)
	asks := query.New(st.Client(), time.Now)
	judge := session.NewJudge(st, session.JudgeOptions{Earlier: asks.Judged, Log: log})
	rooms := session.NewRooms(judge, rand.Uint64)
	if err := restoreCalls(ctx, st, asks, sp, rooms); err != nil {
		return err
	}
	geography, err := enrich.Open(c.Geo...)
	if err != nil {
		return err
	}
	defer geography.Close()
	proxies, err := networks(c.Proxies)
	if err != nil {
		return err
	}
	in, err := ingest.New(ingest.Options{Place: geography.Of, Proxies: proxies, Spool: sp, Store: st, Judge: judge, Rooms: rooms, Access: set, Blob: blobs, Metrics: metrics, Log: log, Thresholds: set.Thresholds, Fault: set.Log, PollMs: int(c.Poll.Milliseconds())})
	if err != nil {
		return err
	}
	rest := api.New(api.Options{
		Settings: set, Query: api.FromStore(asks), Blob: blobs, Import: in.Import, Version: version, Log: log,
		Health: health(set, st, sp),
	})

	mux := http.NewServeMux()
	// A long call's charts are megabytes of digits.
	compress, err := gzhttp.NewWrapper(gzhttp.ContentTypes([]string{"application/json", "text/html", "text/css", "text/javascript", "image/svg+xml"}))
	if err != nil {
		return fmt.Errorf("set up compression: %w", err)
	}
	mux.Handle(api.Prefix+"/", compress(rest.Handler()))
	mux.Handle("GET /metrics", promhttp.HandlerFor(metrics, promhttp.HandlerOpts{}))
	for _, file := range []string{"sdk.js", "sdk.js.map", "callstats.js", "callstats.min.js", "callstats.js.map"} {
		mux.Handle("GET /"+file, sdk.Handler())
	}
	mux.Handle("GET /sdk-watch.mjs", sdk.Handler())
	mux.Handle("GET /sdk-watch.mjs.map", sdk.Handler())
	demos := demo.Handler(demo.Options{Key: func() string { return demoKey(ctx, set) }, Console: "/"})
	mux.Handle("/demo", demos)
	mux.Handle("/demo/", demos)
	mux.Handle("/", compress(api.Secure(console.Handler())))
	measurements := in.Handler()
	server := &http.Server{
		// A mux answers an address with a double slash by a redirect, which pages
		// of other origins may not follow.
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/ingest/") {
				measurements.ServeHTTP(w, r)
				return
			}
			mux.ServeHTTP(w, r)
		}),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug), // what clients do wrong at the transport
	}

	// When nothing can fail any more: the password is printed once.
	first, err := set.Bootstrap(ctx)
	if err != nil {
		return err
	}

	group, running := errgroup.WithContext(ctx)
	server.BaseContext = func(net.Listener) context.Context { return running }
	group.Go(func() error { return in.Run(running) })
	group.Go(func() error { return set.Run(running) })
	group.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		<-running.Done()
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if err := server.Shutdown(end); err != nil {
			return server.Close() // live streams of the console do not end by themselves
		}
		return nil
	})
	greet(listener.Addr(), first, demoKey(ctx, set))
	err = group.Wait()
	if ctx.Err() != nil && (err == nil || errors.Is(err, context.Canceled)) {
		log.Info("stopped; sessions go on when the program starts again")
		return nil
	}
	return err
}

// health are the parts of the program that may be ill.
func health(set *settings.Settings, st *store.Store, sp *spool.Spool) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"settings": set.Ping,
		"store": func(ctx context.Context) error {
			if err := st.Client().Ping(ctx); err != nil {
				return err
			}
			// A store on a full disk lets itself be asked, but takes nothing in.
			if _, err := st.Trouble(); err != nil {
				return fmt.Errorf("%w: %w", api.Ill("rows cannot be stored at the moment and are kept for a repetition; the cause is in the server's log"), err)
			}
			return nil
		},
		"spool": func(context.Context) error {
			if err := sp.Usage().Full; err != nil {
				return api.Ill(err.Error())
			}
			return nil
		},
	}
}

// policy says how long rows are kept. By default they all are: a recording of
// years ago that is imported must not vanish.
func (c serveCommand) policy(context.Context) (store.Policy, error) {
	const day = 24 * time.Hour
	return store.Policy{
		Default: store.Keep{Samples: time.Duration(c.KeepSamples) * day, Events: time.Duration(c.KeepEvents) * day, Calls: time.Duration(c.KeepCalls) * day},
		DiskCap: c.DiskCap << 20,
	}, nil
}

// restoreCalls makes calls known to rooms that were in progress when the
// program stopped: their sessions come back from the spool, and those that
// nobody comes back to end at their last leave. Calls that had ended are made
// known too where one of their sessions is still in the spool: its replay
// writes the call's row again, which must count the others as well.
func restoreCalls(ctx context.Context, st *store.Store, asks *query.Query, spooled *spool.Spool, rooms *session.MemoryRooms) error {
	open, err := st.OpenCalls(ctx)
	if err != nil {
		return err
	}
	type key struct {
		app  rtc.AppID
		call rtc.CallID
	}
	known := make(map[key]bool, len(open))
	for _, call := range open {
		known[key{call.App, call.ID}] = true
	}
	logs, err := spooled.Logs()
	if err != nil {
		return err
	}
	for _, log := range logs {
		meta := log.Meta()
		k := key{meta.App, meta.Call}
		if meta.Call == 0 || known[k] {
			continue
		}
		known[k] = true
		call, err := asks.Call(ctx, meta.App, meta.Call)
		switch {
		case errors.Is(err, query.ErrNotFound): // not written before the program stopped
		case err != nil:
			return fmt.Errorf("take up call %s: %w", meta.Call, err)
		default:
			open = append(open, call)
		}
	}
	for _, call := range open {
		stays, err := asks.Sessions(ctx, call.App, call.ID)
		if err != nil {
			return fmt.Errorf("take up call %s: %w", call.ID, err)
		}
		last := call.Start
		for _, stay := range stays {
			for _, t := range []time.Time{stay.Start, stay.End} {
				if t.After(last) {
					last = t
				}
			}
		}
		rooms.Restore(call, last, stays...)
	}
	return nil
}

// demoKey is the newest ingest key that pages of this server may use, of the
// first app that is enabled.
func demoKey(ctx context.Context, set *settings.Settings) string {
	apps, err := set.Apps(ctx)
	if err != nil {
		return ""
	}
	for _, app := range apps {
		if !app.Enabled {
			continue
		}
		keys, err := set.IngestKeys(ctx, app.ID)
		if err != nil {
			return ""
		}
		for _, k := range keys {
			if k.Revoked.IsZero() && (slices.Contains(k.Origins, settings.SelfOrigin) || slices.Contains(k.Origins, settings.AnyOrigin)) {
				return k.Key
			}
		}
	}
	return ""
}

// greet prints what a newcomer needs. The one-time password is shown this once
// and is in no log.
func greet(addr net.Addr, first *settings.First, key string) {
	base := address(addr)
	var b strings.Builder
	fmt.Fprintf(&b, "\n  Peerglass %s is running.\n\n", version)
	fmt.Fprintf(&b, "  Console:     %s\n", base)
	if first != nil {
		fmt.Fprintf(&b, "  Account:     %s\n", first.Account)
		fmt.Fprintf(&b, "  Password:    %s   (one-time: shown this once, to be changed at the first log-in)\n", first.Password)
	}
	if key != "" {
		fmt.Fprintf(&b, "  Ingest key:  %s\n", key)
		fmt.Fprintf(&b, "  Demo call:   %s/demo   (open it in two tabs, join in both)\n\n", base)
		fmt.Fprintf(&b, "  One line in your page:\n  <script src=%q data-key=%q></script>\n", base+"/sdk.js", key)
		if first != nil {
			fmt.Fprintf(&b, "  The key lets pages of localhost in. Add the origin of yours to it: %s/apps\n", base)
		}
	}
	fmt.Println(b.String())
}

func address(addr net.Addr) string {
	host, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		return "http://" + addr.String()
	}
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() || ip.IsLoopback() {
		host = "localhost"
	}
	return (&url.URL{Scheme: "http", Host: net.JoinHostPort(host, port)}).String()
}

// networks reads networks in CIDR form, or single addresses.
func networks(texts []string) ([]netip.Prefix, error) {
	var all []netip.Prefix
	for _, text := range texts {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			a, single := netip.ParseAddr(text)
			if single != nil {
				return nil, fmt.Errorf("--proxies: %q is no network such as 10.0.0.0/8: %w", text, err)
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		all = append(all, p.Masked())
	}
	return all, nil
}
