package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/peerglass/peerglass/query"
)

// How a call in progress is followed. What a client sends is in the store
// within a second and told within another half: less than the 2 s that a page
// may be behind.
const (
	followEvery = 500 * time.Millisecond
	heartbeat   = 10 * time.Second // below the 30 s after which proxies give up on a silent connection
	retryMs     = 1000             // after which a browser connects again

	// Each follower asks the store twice a second.
	maxFollowers = 200
)

type liveInput struct {
	CallPath
	Request
	LastEventID string  `header:"Last-Event-ID" doc:"Id of the last message that was read: what came after it is told"`
	Since       Instant `query:"since" doc:"Samples and events after this; default: from now on"`
}

const liveDescription = `Server-sent events. Each message has a name and JSON data:

* call: a Call, first of all and whenever it changed
* sessions: a SessionList, connections: a ConnectionList, streams: a StreamList: rows that are new or changed, all of them at first
* samples: Samples as they were measured
* events: an EventList
* end: the Call, now over; the server closes, and the client should not come back

After a lost connection the browser sends Last-Event-ID by itself. Some rows may then come again, none is left out: a sample is named by session, stream and time, an event by session and index.`

func (a *API) liveRoutes() {
	op := route(http.MethodGet, "/apps/{app}/calls/{call}/live", "followCall", "calls", "Follow a call in progress (server-sent events)")
	op.Description = liveDescription
	op.Responses = map[string]*huma.Response{"200": {Description: "A stream of messages", Content: map[string]*huma.MediaType{
		"text/event-stream": {Schema: a.liveSchema()},
	}}}
	huma.Register(a.huma, op, func(ctx context.Context, in *liveInput) (*huma.StreamResponse, error) {
		out, err := a.followCall(ctx, in)
		if err != nil {
			return nil, mapped(ctx, a.Log, err)
		}
		return out, nil
	})
}

// liveSchema documents what data can be, so that generated types have it.
func (a *API) liveSchema() *huma.Schema {
	one := &huma.Schema{}
	for _, t := range []any{Call{}, SessionList{}, ConnectionList{}, StreamList{}, Samples{}, EventList{}} {
		one.OneOf = append(one.OneOf, a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeOf(t), true, ""))
	}
	return one
}

func (a *API) followCall(ctx context.Context, in *liveInput) (*huma.StreamResponse, error) {
	app, call, err := in.scope(ctx)
	if err != nil {
		return nil, err
	}
	since := in.Since.Time
	if in.LastEventID != "" {
		ms, err := strconv.ParseInt(in.LastEventID, 10, 64)
		if err != nil {
			return nil, invalid("header.Last-Event-ID", "that is not an id of this stream")
		}
		since = time.UnixMilli(ms)
	}
	if since.IsZero() {
		since = a.Now()
	}
	follower := a.Query.Follow(app, call, since)
	first, err := follower.Next(ctx) // before the answer begins, so that an error is one
	if err != nil {
		return nil, err
	}
	select {
	case a.live <- struct{}{}:
	default:
		return nil, fail(http.StatusTooManyRequests, codeTooMany, "Too many people follow calls at the moment: try again later.")
	}
	return &huma.StreamResponse{Body: func(hctx huma.Context) {
		defer func() { <-a.live }()
		_, w := humago.Unwrap(hctx)
		h := w.Header()
		h.Set("Content-Type", "text/event-stream")
		h.Set("X-Accel-Buffering", "no") // nginx would hold messages back
		teller := &teller{w: w, flush: http.NewResponseController(w).Flush}
		a.follow(ctx, follower, first, teller)
	}}, nil
}

// follow tells updates until the call is over or the reader is gone.
func (a *API) follow(ctx context.Context, f Follower, u query.Update, t *teller) {
	t.text("retry: " + strconv.Itoa(retryMs) + "\n\n")
	ticks, stop := a.Ticks(followEvery)
	defer stop()
	silent := time.Duration(0)
	for {
		over := a.tell(t, &u)
		if silent += followEvery; !u.Empty() {
			silent = 0
		} else if silent >= heartbeat {
			t.text(": still here\n\n")
			silent = 0
		}
		if over || t.done() != nil {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-ticks:
		}
		var err error
		if u, err = f.Next(ctx); err != nil {
			if ctx.Err() != nil || errors.Is(err, query.ErrNotFound) {
				return
			}
			// The browser comes back with Last-Event-ID and misses nothing.
			a.Log.WarnContext(ctx, "follow a call", "error", err)
			return
		}
	}
}

// tell writes one update and reports whether it was the last.
func (a *API) tell(t *teller, u *query.Update) (over bool) {
	t.id = strconv.FormatInt(u.Since.UnixMilli(), 10)
	if len(u.Sessions) > 0 {
		t.message("sessions", SessionList{each(u.Sessions, a.sessionOf)})
	}
	if len(u.Connections) > 0 {
		t.message("connections", ConnectionList{each(u.Connections, connectionOf)})
	}
	if len(u.Streams) > 0 {
		t.message("streams", StreamList{each(u.Streams, streamOf)})
	}
	if len(u.Samples) > 0 {
		t.message("samples", Samples{Series: each(u.Samples, seriesOf)})
	}
	if len(u.Events) > 0 {
		t.message("events", EventList{Items: each(u.Events, eventOf)})
	}
	if u.Call != nil {
		name := "call"
		if over = !u.Call.End.IsZero(); over {
			name = "end"
		}
		t.message(name, a.callOf(*u.Call, nil)) // whoever follows asks for the verdict when it is told of a change
	}
	return over
}

// teller writes server-sent events and remembers the first failure.
type teller struct {
	w     io.Writer
	flush func() error
	id    string
	err   error
}

func (t *teller) message(name string, data any) {
	text, err := json.Marshal(data)
	if err != nil {
		t.err = errors.Join(t.err, err)
		return
	}
	t.text("event: " + name + "\nid: " + t.id + "\ndata: " + strings.ReplaceAll(string(text), "\n", " ") + "\n\n")
}

func (t *teller) text(s string) {
	if t.err == nil {
		_, t.err = io.WriteString(t.w, s)
	}
}

func (t *teller) done() error {
	if t.err == nil {
		t.err = t.flush()
	}
	return t.err
}
