package api

import (
	"cmp"
	"context"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/peerglass/peerglass/quality/match"
	"github.com/peerglass/peerglass/query"
	"github.com/peerglass/peerglass/rtc"
)

// Basis is what tells who sends a received stream.
type Basis string

// StreamName names one stream of a call.
type StreamName struct {
	Session string `json:"session"`
	Stream  uint32 `json:"stream" doc:"Number within the session"`
}

// MatchSender is who sends a received stream.
type MatchSender struct {
	Session string   `json:"session"`
	Streams []uint32 `json:"streams" doc:"Of that session: its layers, or what may be it; none where the sender tells nothing of what it sends"`
}

// MatchTrial is what was looked at in vain.
type MatchTrial struct {
	Basis       Basis    `json:"basis" enum:"ssrc,track,mid,mapping,connection,only_other"`
	Fits        int      `json:"fits" doc:"How many sessions fit: none, or too many to tell; one where something else contradicts it"`
	Sessions    []string `json:"sessions" doc:"The first of them"`
	Contradicts bool     `json:"contradicts" doc:"Another trial of the same stream names somebody else"`
}

// Match is one received stream and who sends it.
type Match struct {
	Receiver StreamName   `json:"receiver"`
	Kind     MediaKind    `json:"kind" enum:"audio,video,screen"`
	Sender   *MatchSender `json:"sender" doc:"null where nothing tells, and where the user told of sent no data"`
	User     string       `json:"user" doc:"Who sends it: the id of a user, or the name of one without; empty where not known, and of an anonymous one"`
	Basis    Basis        `json:"basis" enum:",ssrc,track,mid,mapping,connection,only_other" doc:"What tells so: the same SSRC, track or (peer to peer) mid at both ends, the application (mapping), a connection between the two, or that nobody else was there. Empty: nothing does"`
	ByTime   bool         `json:"byTime" doc:"Several sessions fitted, and only one sent at that time"`
	Tried    []MatchTrial `json:"tried" doc:"Where no session was found: what did not tell"`
}

// MatchList is a page of matches by session and stream of the receiver.
type MatchList struct {
	Items []Match `json:"items"`
	Next  *string `json:"next" doc:"Cursor of the next page; null on the last"`
}

// MatrixUser is a row and a column of the matrix.
type MatrixUser struct {
	User     string   `json:"user"`
	UserName string   `json:"userName"`
	Sessions []string `json:"sessions" doc:"In the order of joining; none of a user who was told of and sent no data"`
}

// MatrixPart is how well what one user sends comes to another, of one kind.
type MatrixPart struct {
	Level        string       `json:"level" enum:"good,fair,poor,none,muted,unknown" doc:"none: it was due and nothing came. muted: nothing was sent, or it was not to be played all the time. unknown: not measured"`
	Reason       string       `json:"reason" doc:"Why it is not good"`
	StutterShare *float64     `json:"stutterShare" doc:"Share of its time in stutters, 0 to 1"`
	Loss         *float64     `json:"loss" doc:"Share of packets that did not come, 0 to 1"`
	Bitrate      *float64     `json:"bitrate" doc:"bit/s, mean"`
	Delay        *float64     `json:"delay" doc:"ms, mean"`
	MeasuredMs   float64      `json:"measuredMs" doc:"Time that the figures are of, over all its streams"`
	Streams      []StreamName `json:"streams" doc:"The received streams"`
	Basis        Basis        `json:"basis" enum:",ssrc,track,mid,mapping,connection,only_other" doc:"What tells that they are this user's; of several streams the weakest"`
}

// MatrixCell is what one user receives of another.
type MatrixCell struct {
	Receiver        int         `json:"receiver" doc:"Place in users"`
	Sender          int         `json:"sender" doc:"Place in users"`
	ReceiverSession string      `json:"receiverSession" doc:"The stay in which most of it was received"`
	SenderSession   string      `json:"senderSession" doc:"The stay that sent it; empty where that sent no data"`
	Audio           *MatrixPart `json:"audio" doc:"null: no such stream"`
	Video           *MatrixPart `json:"video"`
	Screen          *MatrixPart `json:"screen"`
}

// MatrixStream is a received stream of which is not known who sends it.
type MatrixStream struct {
	Receiver int        `json:"receiver" doc:"Place in users"`
	Match    Match      `json:"match"`
	Part     MatrixPart `json:"part"`
}

// MatrixPair is what one user receives of another, of one kind.
type MatrixPair struct {
	Receiver        MatrixUser `json:"receiver"`
	Sender          MatrixUser `json:"sender"`
	ReceiverSession string     `json:"receiverSession"`
	SenderSession   string     `json:"senderSession"`
	Kind            MediaKind  `json:"kind" enum:"audio,video,screen"`
	Part            MatrixPart `json:"part"`
}

// MatrixLimit is from where on a figure is no longer good, and from where it is
// poor.
type MatrixLimit struct {
	Fair float64  `json:"fair"`
	Poor *float64 `json:"poor" doc:"null: it makes nothing poor by itself"`
}

// MatrixThresholds are what the levels rest on.
type MatrixThresholds struct {
	AudioStutterShare MatrixLimit `json:"audioStutterShare" doc:"At or above"`
	VideoStutterShare MatrixLimit `json:"videoStutterShare" doc:"At or above; also of screens"`
	Loss              MatrixLimit `json:"loss" doc:"Fair above, poor at or above"`
	Delay             MatrixLimit `json:"delay" doc:"ms; fair above"`
}

// Matrix is who hears and sees whom.
type Matrix struct {
	Users      []MatrixUser     `json:"users" doc:"Those of the call as asked for, then users whom they receive and who sent no data"`
	Total      int              `json:"total" doc:"Users in the call"`
	Cells      []MatrixCell     `json:"cells" doc:"By receiver and sender; no cell: nothing was received"`
	Unmatched  []MatrixStream   `json:"unmatched" doc:"Streams that these users received, of which is not known whose they are: the first 200"`
	Loose      int              `json:"unmatchedTotal" doc:"How many of these there are"`
	Worst      []MatrixPair     `json:"worst" doc:"Only with worst: what is not good among all users of the call, the worst first"`
	Thresholds MatrixThresholds `json:"thresholds"`
}

type matchesInput struct {
	CallPath
	Sessions []string `query:"session,explode" maxItems:"500" doc:"Only what these sessions received; may be repeated"`
	Limit    int      `query:"limit" minimum:"1" maximum:"10000" default:"10000"`
	Cursor   string   `query:"cursor" maxLength:"64"`
}

type matrixInput struct {
	CallPath
	TimeRange
	Sessions []string `query:"session,explode" maxItems:"30" doc:"Only the users of these sessions; may be repeated"`
	Order    string   `query:"order" enum:"join,worst" default:"join" doc:"Which users, where there are more than limit: those who joined first, or those with the worst reception"`
	Limit    int      `query:"limit" minimum:"1" maximum:"30" default:"30"`
	Worst    int      `query:"worst" minimum:"0" maximum:"200" default:"0" doc:"Also so many of the worst pairs of all users"`
}

func sessionIDs(texts []string) ([]rtc.SessionID, error) {
	var ids []rtc.SessionID
	for _, t := range texts {
		id, err := rtc.ParseID(t)
		if err != nil {
			return nil, errNotFound("The session")
		}
		ids = append(ids, rtc.SessionID(id))
	}
	return ids, nil
}

func (a *API) matchRoutes() {
	const tag = "calls"
	answer(a, route(http.MethodGet, "/apps/{app}/calls/{call}/matches", "listMatches", tag, "Who sends what is received, and what tells so"), a.matches)
	answer(a, route(http.MethodGet, "/apps/{app}/calls/{call}/matrix", "getMatrix", tag, "Who hears and sees whom, and how well"), a.matrix)
}

func (a *API) matches(ctx context.Context, in *matchesInput) (MatchList, error) {
	list := MatchList{Items: []Match{}}
	app, call, err := in.scope(ctx)
	if err != nil {
		return list, err
	}
	receivers, err := sessionIDs(in.Sessions)
	if err == nil {
		_, err = a.Query.Call(ctx, app, call)
	}
	if err != nil {
		return list, err
	}
	all, err := a.Query.Matches(ctx, app, call, receivers)
	if err != nil {
		return list, err
	}
	if in.Cursor != "" {
		after, err := streamRef(in.Cursor)
		if err != nil {
			return list, query.ErrCursor
		}
		first := 0
		for first < len(all) && cmp.Or(cmp.Compare(all[first].Session, after.Session), cmp.Compare(all[first].Stream, after.Stream)) <= 0 {
			first++
		}
		all = all[first:]
	}
	if len(all) > in.Limit {
		all = all[:in.Limit]
		last := &all[in.Limit-1]
		list.Next = next(last.Session.String() + "." + strconv.FormatUint(uint64(last.Stream), 10))
	}
	list.Items = each(all, matchOf)
	return list, nil
}

// streamRef reads session.number.
func streamRef(text string) (query.StreamRef, error) {
	session, number, _ := strings.Cut(text, ".")
	id, err := rtc.ParseID(session)
	if err != nil {
		return query.StreamRef{}, err
	}
	n, err := strconv.ParseUint(number, 10, 32)
	return query.StreamRef{Session: rtc.SessionID(id), Stream: rtc.StreamID(n)}, err
}

func matchOf(m *match.Match) Match {
	out := Match{
		Receiver: StreamName{Session: m.Session.String(), Stream: uint32(m.Stream)}, Kind: MediaKind(m.Kind.String()),
		User: m.User, Basis: Basis(m.Basis), ByTime: m.ByTime, Tried: each(m.Tried, trialOf),
	}
	if m.Sender != 0 {
		out.Sender = &MatchSender{Session: m.Sender.String(), Streams: make([]uint32, 0, len(m.Sent))}
		for _, s := range m.Sent {
			out.Sender.Streams = append(out.Sender.Streams, uint32(s.ID))
		}
	}
	return out
}

func trialOf(t *match.Trial) MatchTrial {
	return MatchTrial{Basis: Basis(t.Basis), Fits: t.Fits, Sessions: each(t.Who, sessionText), Contradicts: t.Others}
}

func sessionText(s *rtc.SessionID) string { return s.String() }

func (a *API) matrix(ctx context.Context, in *matrixInput) (Matrix, error) {
	app, call, err := in.scope(ctx)
	if err != nil {
		return Matrix{}, err
	}
	sessions, err := sessionIDs(in.Sessions)
	if err == nil {
		_, err = a.Query.Call(ctx, app, call)
	}
	if err != nil {
		return Matrix{}, err
	}
	m, err := a.Query.Matrix(ctx, app, call, query.MatrixFilter{
		Sessions: sessions, From: in.From.Time, To: in.To.Time, Limit: in.Limit, WorstFirst: in.Order == "worst", Worst: in.Worst,
	})
	return Matrix{
		Users: each(m.Users, matrixUserOf), Total: m.Total, Cells: each(m.Cells, matrixCellOf), Loose: m.Loose,
		Unmatched: each(m.Unmatched, matrixStreamOf), Worst: each(m.Worst, matrixPairOf), Thresholds: matrixThresholds,
	}, err
}

var matrixThresholds = MatrixThresholds{
	AudioStutterShare: limitOf(match.AudioStutter), VideoStutterShare: limitOf(match.VideoStutter),
	Loss: limitOf(match.LossLimits), Delay: limitOf(match.DelayLimits),
}

func limitOf(l match.Limits) MatrixLimit {
	return MatrixLimit{Fair: l.Fair, Poor: measuredFigure(l.Poor)}
}

func matrixUserOf(u *query.MatrixUser) MatrixUser {
	return MatrixUser{User: u.User, UserName: u.Name, Sessions: each(u.Sessions, sessionText)}
}

func matrixCellOf(c *query.MatrixCell) MatrixCell {
	return MatrixCell{
		Receiver: c.Receiver, Sender: c.Sender, ReceiverSession: sessionOrNone(c.ReceiverSession), SenderSession: sessionOrNone(c.SenderSession),
		Audio: matrixPartOf(c.Parts[rtc.KindAudio]), Video: matrixPartOf(c.Parts[rtc.KindVideo]), Screen: matrixPartOf(c.Parts[rtc.KindScreen]),
	}
}

func sessionOrNone(s rtc.SessionID) string {
	if s == 0 {
		return ""
	}
	return s.String()
}

func matrixPartOf(p *query.MatrixPart) *MatrixPart {
	if p == nil {
		return nil
	}
	return &MatrixPart{
		Level: string(p.Level), Reason: p.Why, StutterShare: roundedFigure(p.StutterShare(), 1e-4), Loss: roundedFigure(p.Loss(), 1e-4),
		Bitrate: roundedFigure(p.Bitrate, 100), Delay: roundedFigure(p.Delay, 1), MeasuredMs: p.Measured,
		Basis: Basis(p.Basis), Streams: each(p.Streams, streamNameOf),
	}
}

func streamNameOf(r *query.StreamRef) StreamName {
	return StreamName{Session: r.Session.String(), Stream: uint32(r.Stream)}
}

func matrixStreamOf(s *query.MatrixStream) MatrixStream {
	part := query.MatrixPart{Reception: s.Reception, Level: s.Level, Why: s.Why, Basis: s.Basis, Streams: []query.StreamRef{{Session: s.Session, Stream: s.Stream}}}
	return MatrixStream{Receiver: s.Receiver, Match: matchOf(&s.Match), Part: *matrixPartOf(&part)}
}

func matrixPairOf(p *query.WorstPair) MatrixPair {
	return MatrixPair{
		Receiver: matrixUserOf(&p.Receiver), Sender: matrixUserOf(&p.Sender), ReceiverSession: sessionOrNone(p.ReceiverSession), SenderSession: sessionOrNone(p.SenderSession),
		Kind: MediaKind(p.Kind.String()), Part: *matrixPartOf(p.Part),
	}
}

// measuredFigure makes null of what was not measured.
func measuredFigure(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

// roundedFigure leaves out digits that say nothing.
func roundedFigure(v, step float64) *float64 {
	if step < 1 {
		per := math.Round(1 / step)
		return measuredFigure(math.Round(v*per) / per)
	}
	return measuredFigure(math.Round(v/step) * step)
}
