package api

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/peerglass/peerglass/blob"
	"github.com/peerglass/peerglass/quality/match"
	"github.com/peerglass/peerglass/quality/profile"
	"github.com/peerglass/peerglass/query"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/settings"
)

// Prefix is where the API is.
const Prefix = "/api/v1"

// Questions are what the API asks of the store; FromStore makes them of a
// query.Query, the tests make their own.
type Questions interface {
	Calls(context.Context, rtc.AppID, query.CallFilter) (query.CallPage, error)
	Glances(ctx context.Context, app rtc.AppID, calls []rtc.Call, people, slices int) (map[rtc.CallID]query.Glance, error)
	CallChoices(ctx context.Context, app rtc.AppID, from, to time.Time) (query.CallChoices, error)
	Call(context.Context, rtc.AppID, rtc.CallID) (rtc.Call, error)
	Counts(ctx context.Context, apps []rtc.AppID, from, to time.Time) ([]query.AppCount, error)
	Users(context.Context, rtc.AppID, rtc.CallID) ([]query.User, error)
	Sessions(context.Context, rtc.AppID, rtc.CallID) ([]rtc.Session, error)
	Session(context.Context, rtc.AppID, rtc.SessionID) (rtc.Session, error)
	Connections(context.Context, rtc.AppID, rtc.CallID, rtc.SessionID) ([]rtc.Connection, error)
	Streams(context.Context, rtc.AppID, rtc.CallID, rtc.SessionID) ([]rtc.Stream, error)
	Samples(context.Context, rtc.AppID, rtc.CallID, query.SampleFilter) (query.SampleSet, error)
	Events(context.Context, rtc.AppID, rtc.CallID, query.EventFilter) (query.EventPage, error)
	Happenings(context.Context, rtc.AppID, rtc.CallID, query.HappeningFilter) (query.HappeningPage, error)
	Verdicts(context.Context, rtc.AppID, []rtc.CallID) (map[rtc.CallID]rtc.Verdict, error)
	Issues(context.Context, rtc.AppID, rtc.CallID, query.IssueFilter) ([]rtc.Issue, error)
	Outcomes(context.Context, rtc.AppID, rtc.CallID, rtc.SessionID) ([]rtc.Outcome, error)
	Features(ctx context.Context, app rtc.AppID, call rtc.CallID, session rtc.SessionID, set string) ([]rtc.Feature, error)
	Matches(ctx context.Context, app rtc.AppID, call rtc.CallID, receivers []rtc.SessionID) ([]match.Match, error)
	Matrix(context.Context, rtc.AppID, rtc.CallID, query.MatrixFilter) (query.Matrix, error)
	Profile(context.Context, rtc.AppID, rtc.CallID) (*profile.Rows, error)
	Follow(app rtc.AppID, call rtc.CallID, since time.Time) Follower
}

// Follower tells what is new in a call.
type Follower interface {
	Next(context.Context) (query.Update, error)
}

type storeQuestions struct{ *query.Query }

// FromStore returns the questions over q.
func FromStore(q *query.Query) Questions { return storeQuestions{q} }

// Follow implements Questions.
func (s storeQuestions) Follow(app rtc.AppID, call rtc.CallID, since time.Time) Follower {
	return s.Query.Follow(app, call, since)
}

// Options of the API. All but the last five are needed.
type Options struct {
	Settings *settings.Settings
	Query    Questions
	Blob     blob.Store
	// Import reads a file as a finished session of app; ingest.Server.Import.
	Import func(ctx context.Context, app rtc.AppID, name string, r io.Reader, progress func(int64)) (rtc.CallID, error)

	Health  map[string]func(context.Context) error // parts that may be ill
	Version string
	Now     func() time.Time // nil: time.Now
	Ticks   Ticks            // nil: the clock's; what paces followers of a call
	Log     *slog.Logger     // nil: slog.Default()
}

// Ticks returns a channel that tells when every d is over, and a stop.
type Ticks func(d time.Duration) (<-chan time.Time, func())

func clockTicks(d time.Duration) (<-chan time.Time, func()) {
	t := time.NewTicker(d)
	return t.C, t.Stop
}

// API serves /api/v1.
type API struct {
	Options
	huma    huma.API
	mux     *listingMux
	handler http.Handler
	logins  *attempts
	live    chan struct{} // one for each follower of a call
}

// listingMux knows its patterns, so that a test can compare them with the
// OpenAPI document.
type listingMux struct {
	*http.ServeMux
	patterns []string
}

// HandleFunc implements humago.Mux.
func (m *listingMux) HandleFunc(pattern string, handle func(http.ResponseWriter, *http.Request)) {
	m.patterns = append(m.patterns, pattern)
	m.ServeMux.HandleFunc(pattern, handle)
}

// The framework's settings are its package's variables.
var frameworkOnce sync.Once

func configureFramework() {
	frameworkOnce.Do(func() {
		huma.NewError = fromFramework
		huma.NewErrorWithContext = func(_ huma.Context, status int, message string, errs ...error) huma.StatusError {
			return fromFramework(status, message, errs...)
		}
		huma.DefaultArrayNullable = false // lists are empty, never null
	})
}

// New returns the API for o.
func New(o Options) *API {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Ticks == nil {
		o.Ticks = clockTicks
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	configureFramework()
	mux := &listingMux{ServeMux: http.NewServeMux()}
	a := &API{Options: o, mux: mux, logins: newAttempts(), live: make(chan struct{}, maxFollowers)}
	config := huma.DefaultConfig("Peerglass", "1")
	config.Info.Description = description
	config.Info.License = &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"}
	config.Servers = []*huma.Server{{URL: Prefix}}
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"session": {Type: "apiKey", In: "cookie", Name: cookieName, Description: "Console session, from POST /login"},
		"key":     {Type: "http", Scheme: "bearer", Description: "API key, pga_…"},
	}
	config.Security = []map[string][]string{{"session": {}}, {"key": {}}}
	config.DocsPath, config.SchemasPath = "", ""
	config.CreateHooks = nil // no $schema member in answers
	config.Formats = formats()
	a.huma = humago.NewWithPrefix(mux, Prefix, config)
	a.huma.UseMiddleware(a.authenticate)
	a.routes()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		writeError(w, fail(http.StatusNotFound, codeNotFound, "There is no "+r.Method+" "+r.URL.Path+"; "+Prefix+"/openapi.json lists what there is."))
	})
	origins := http.NewCrossOriginProtection()
	origins.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		writeError(w, fail(http.StatusForbidden, codeCrossOrigin, "A page of another origin may not change anything here; scripts use an API key."))
	}))
	a.handler = a.guard(origins.Handler(mux))
	return a
}

const description = `What the console shows, for scripts. Instants are RFC 3339 in UTC; series have Unix milliseconds.
What was not measured is null. Lists that can be long have a cursor: pass next back as cursor, with the same filters.
Errors have one shape: code for machines, message for people.`

// Handler serves everything below Prefix.
func (a *API) Handler() http.Handler { return a.handler }

// guard sets the headers that every answer has, and turns a panic into an
// error that tells the caller nothing.
func (a *API) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store") // answers are of one caller
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("Referrer-Policy", "no-referrer")
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler { //nolint:errorlint // a sentinel panic value, by contract
					panic(p)
				}
				a.Log.ErrorContext(r.Context(), "panic in the API", "panic", p, "path", r.URL.Path, "stack", string(debug.Stack()))
				writeError(w, fail(http.StatusInternalServerError, codeInternal, "The server failed to answer; the cause is in its log."))
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// Secure sets the headers that pages of the console are served with: nothing
// comes from elsewhere, nobody frames it. Styles are set inline by the chart
// and component libraries.
func Secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}

func (a *API) routes() {
	a.accountRoutes()
	a.appRoutes()
	a.keyRoutes()
	a.tokenRoutes()
	a.callRoutes()
	a.assessRoutes()
	a.profileRoutes()
	a.thresholdRoutes()
	a.sampleRoutes()
	a.happeningRoutes()
	a.matchRoutes()
	a.fileRoutes()
	a.liveRoutes()
	a.aboutRoutes()
}

// longestAnswer bounds what a question may take.
const longestAnswer = 30 * time.Second

// body is the output of a handler whose answer is JSON.
type body[T any] struct{ Body T }

// nothing is an input or output without members.
type nothing struct{}

// route declares one endpoint. id becomes the operation's name in generated
// clients.
func route(method, path, id, tag, summary string) huma.Operation {
	op := huma.Operation{Method: method, Path: path, OperationID: id, Tags: []string{tag}, Summary: summary}
	if method == http.MethodDelete {
		op.DefaultStatus = http.StatusNoContent
	}
	return op
}

// answer registers a handler whose answer is JSON; every error passes the one
// mapping.
func answer[I, O any](a *API, op huma.Operation, handle func(context.Context, *I) (O, error)) {
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*body[O], error) {
		if op.Method == http.MethodGet {
			// Nobody looks at a page for longer, and the question ends with it.
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, longestAnswer)
			defer cancel()
		}
		out, err := handle(ctx, in)
		if err != nil {
			return nil, mapped(ctx, a.Log, err)
		}
		return &body[O]{out}, nil
	})
}

// act registers a handler without an answer.
func act[I any](a *API, op huma.Operation, handle func(context.Context, *I) error) {
	op.DefaultStatus = http.StatusNoContent
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*nothing, error) {
		if err := handle(ctx, in); err != nil {
			return nil, mapped(ctx, a.Log, err)
		}
		return nil, nil
	})
}

// The inputs that are embedded are exported: the framework looks into no
// others.

// AppPath is the path of what belongs to an app.
type AppPath struct {
	App uint32 `path:"app" doc:"Id of the app"`
}

// CallPath is the path of what belongs to a call.
type CallPath struct {
	AppPath
	Call string `path:"call" doc:"Id of the call"`
}

// SessionPath is the path of what belongs to a session.
type SessionPath struct {
	CallPath
	Session string `path:"session" doc:"Id of the session"`
}

// scope returns the app where the caller may see it, else that it is not
// found.
func (p *AppPath) scope(ctx context.Context) (rtc.AppID, error) {
	app := rtc.AppID(p.App)
	if !callerOf(ctx).may(app) {
		return 0, errNotFound("The app")
	}
	return app, nil
}

func (p *CallPath) scope(ctx context.Context) (rtc.AppID, rtc.CallID, error) {
	app, err := p.AppPath.scope(ctx)
	if err != nil {
		return 0, 0, err
	}
	id, err := rtc.ParseID(p.Call)
	if err != nil {
		return 0, 0, errNotFound("The call")
	}
	return app, rtc.CallID(id), nil
}

func (p *SessionPath) scope(ctx context.Context) (rtc.AppID, rtc.CallID, rtc.SessionID, error) {
	app, call, err := p.CallPath.scope(ctx)
	if err != nil {
		return 0, 0, 0, err
	}
	id, err := rtc.ParseID(p.Session)
	if err != nil {
		return 0, 0, 0, errNotFound("The session")
	}
	return app, call, rtc.SessionID(id), nil
}

// OpenAPI returns the document as JSON, as the golden file has it.
func (a *API) OpenAPI() ([]byte, error) { return a.huma.OpenAPI().MarshalJSON() }

func public(op huma.Operation) huma.Operation {
	op.Security = []map[string][]string{}
	return op
}

// console is an operation for people who have logged in, not for API keys.
func console(op huma.Operation) huma.Operation {
	op.Security = []map[string][]string{{"session": {}}}
	return op
}

func isPublic(op *huma.Operation) bool { return op.Security != nil && len(op.Security) == 0 }

func consoleOnly(op *huma.Operation) bool {
	return len(op.Security) == 1 && op.Security[0]["session"] != nil
}

func secure(r *http.Request) bool {
	return r.TLS != nil || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https")
}
