package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/query"
	"github.com/peerglass/peerglass/rtc"
)

type samplesInput struct {
	CallPath
	TimeRange
	Sessions   []string    `query:"session,explode" maxItems:"500" doc:"Only those of these sessions; may be repeated"`
	Streams    []string    `query:"stream,explode" maxItems:"500" doc:"Only these streams, each as session.number; may be repeated. Together with session: either"`
	Kinds      []MediaKind `query:"kind,explode" enum:"audio,video,screen,transport,client,unknown" doc:"Only streams of these kinds; may be repeated"`
	Directions []Direction `query:"direction,explode" enum:"send,receive,both" doc:"Only streams of these directions; may be repeated. both is that of a transport"`
	Metrics    []string    `query:"metrics,explode" maxItems:"100" doc:"Only these metrics; may be repeated. See GET /metrics"`
	Width      int         `query:"width" minimum:"0" maximum:"10000" default:"0" doc:"Points that can be shown side by side: the server chooses a resolution that gives no more. 0: every point as it was measured"`
	Extremes   bool        `query:"extremes" doc:"Also the smallest and the largest value within each point"`
}

var (
	mediaKinds = map[MediaKind]rtc.MediaKind{"unknown": rtc.KindUnknown, "audio": rtc.KindAudio, "video": rtc.KindVideo, "screen": rtc.KindScreen, "transport": rtc.KindTransport, "client": rtc.KindClient}
	directions = map[Direction]rtc.Direction{"both": rtc.Both, "send": rtc.Send, "receive": rtc.Receive}
)

func (in *samplesInput) filter() (query.SampleFilter, error) {
	f := query.SampleFilter{From: in.From.Time, To: in.To.Time, Width: in.Width, Extremes: in.Extremes}
	for _, s := range in.Sessions {
		id, err := rtc.ParseID(s)
		if err != nil {
			return f, errNotFound("The session")
		}
		f.Sessions = append(f.Sessions, rtc.SessionID(id))
	}
	for _, k := range in.Kinds {
		f.Kinds = append(f.Kinds, mediaKinds[k])
	}
	for _, d := range in.Directions {
		f.Directions = append(f.Directions, directions[d])
	}
	for _, s := range in.Streams {
		session, number, _ := strings.Cut(s, ".")
		id, err := rtc.ParseID(session)
		n, err2 := strconv.ParseUint(number, 10, 32)
		if err != nil || err2 != nil {
			return f, invalid("query.stream", strconv.Quote(s)+" is not a stream: session and number are expected, as in 0a1b2c3d4e5f6.3")
		}
		f.Streams = append(f.Streams, query.StreamRef{Session: rtc.SessionID(id), Stream: rtc.StreamID(n)})
	}
	for _, list := range in.Metrics {
		for id := range strings.SplitSeq(list, ",") {
			m := quality.Find(id)
			if m == nil {
				return f, invalid("query.metrics", "there is no metric "+strconv.Quote(id)+"; GET "+Prefix+"/metrics lists them")
			}
			f.Metrics = append(f.Metrics, m)
		}
	}
	return f, nil
}

func seriesOf(s *query.Series) Series {
	return Series{
		Session: s.Session.String(), Stream: uint32(s.Stream), Kind: MediaKind(s.Kind.String()), Direction: Direction(s.Direction.String()),
		Times: s.Times, Intervals: s.Intervals, Values: figures(s.Metrics), Min: figures(s.Min), Max: figures(s.Max),
		Codec: each(s.Codec, runOf), Limitation: each(s.Limitation, runOf), Pair: each(s.Pair, runOf),
	}
}

func runOf(r *query.Run) Run { return Run{From: r.From, Value: r.Value} }

func figures(m map[string]query.Values) map[string]Figures {
	out := make(map[string]Figures, len(m))
	for id, v := range m {
		out[id] = Figures(v)
	}
	return out
}

type eventsInput struct {
	OfSession
	TimeRange
	Kinds    []string `query:"kind,explode" enum:"open,call,state,event,feedback,log,close" doc:"Only these kinds; may be repeated"`
	Severity Severity `query:"severity" enum:"info,warning,error" default:"info" doc:"Only those at least so severe"`
	Search   string   `query:"search" maxLength:"256" doc:"Part of the name, upper and lower case alike"`
	Order    string   `query:"order" enum:"asc,desc" default:"asc"`
	Limit    int      `query:"limit" minimum:"1" maximum:"10000" default:"100"`
	Cursor   string   `query:"cursor" maxLength:"1024"`
}

var eventKinds = map[string]rtc.Kind{"open": rtc.KindOpen, "call": rtc.KindCall, "state": rtc.KindState, "event": rtc.KindEvent, "feedback": rtc.KindFeedback, "log": rtc.KindLog, "close": rtc.KindClose}

var severities = map[Severity]rtc.Severity{"": rtc.Info, "info": rtc.Info, "warning": rtc.Warning, "error": rtc.Error}

func eventOf(e *rtc.Event) Event {
	out := Event{
		Session: e.Session.String(), Index: e.Index, Time: e.Time.UTC(), Kind: EventKind(e.Kind.String()), Severity: Severity(e.Severity.String()),
		Connection: uint16(e.Connection), Stream: uint32(e.Stream), Name: e.Name, Corr: e.Corr, Value: json.RawMessage("null"),
	}
	switch {
	case e.Value == "":
	case json.Valid([]byte(e.Value)):
		out.Value = json.RawMessage(e.Value)
	default: // cut where it was too long
		out.Value, _ = json.Marshal(e.Value) // a string always marshals
	}
	return out
}

func (a *API) sampleRoutes() {
	const tag = "calls"
	answer(a, route(http.MethodGet, "/apps/{app}/calls/{call}/samples", "getSamples", tag, "Figures of streams over time"), func(ctx context.Context, in *samplesInput) (Samples, error) {
		app, call, err := in.scope(ctx)
		if err != nil {
			return Samples{}, err
		}
		f, err := in.filter()
		if err != nil {
			return Samples{}, err
		}
		// Side by side: a call without samples need not be one of the app's.
		var set query.SampleSet
		group, asking := errgroup.WithContext(ctx)
		group.Go(func() error { _, err := a.Query.Call(asking, app, call); return err })
		group.Go(func() (err error) { set, err = a.Query.Samples(asking, app, call, f); return err })
		if err := group.Wait(); err != nil {
			return Samples{}, err
		}
		return Samples{StepMs: set.Resolution.Milliseconds(), Series: each(set.Series, seriesOf)}, nil
	})
	answer(a, route(http.MethodGet, "/apps/{app}/calls/{call}/events", "listEvents", tag, "What happened, in the order of time"), func(ctx context.Context, in *eventsInput) (EventList, error) {
		list := EventList{Items: []Event{}}
		app, call, session, err := in.scope(ctx)
		if err == nil {
			_, err = a.Query.Call(ctx, app, call)
		}
		if err != nil {
			return list, err
		}
		f := query.EventFilter{
			Session: session, From: in.From.Time, To: in.To.Time, MinSeverity: severities[in.Severity],
			Search: in.Search, Descending: in.Order == "desc", Limit: in.Limit, Cursor: in.Cursor,
		}
		for _, k := range in.Kinds {
			f.Kinds = append(f.Kinds, eventKinds[k])
		}
		page, err := a.Query.Events(ctx, app, call, f)
		if err != nil {
			return list, err
		}
		return EventList{Items: each(page.Events, eventOf), Next: next(page.Cursor)}, nil
	})
	answer(a, route(http.MethodGet, "/metrics", "listMetrics", "about", "The catalogue of figures"), func(context.Context, *nothing) (MetricList, error) {
		return catalogue(), nil
	})
}

func catalogue() MetricList {
	list := MetricList{Items: []Metric{}}
	for _, m := range quality.Catalogue() {
		out := Metric{
			ID: m.ID, Label: m.Label, Unit: m.Unit.Symbol(), Agg: m.Agg.String(), Step: m.Step,
			Kinds: []MediaKind{}, Directions: []Direction{}, From: []string{}, Help: m.Help,
		}
		for k := rtc.KindAudio; k <= rtc.KindClient; k++ {
			if m.Kinds&(1<<k) != 0 {
				out.Kinds = append(out.Kinds, MediaKind(k.String()))
			}
		}
		for d := rtc.Both; d <= rtc.Receive; d++ {
			if m.Dirs&(1<<d) != 0 {
				out.Directions = append(out.Directions, Direction(d.String()))
			}
		}
		for _, member := range m.From {
			out.From = append(out.From, member.String())
		}
		list.Items = append(list.Items, out)
	}
	return list
}
