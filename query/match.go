package query

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/quality/match"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/store"
	"github.com/peerglass/peerglass/store/clickhouse"
)

// Matches returns who sends what is received in a call, by session and stream:
// of all sessions, or of those of receivers. A session of another call has
// none.
func (q *Query) Matches(ctx context.Context, app rtc.AppID, call rtc.CallID, receivers []rtc.SessionID) ([]match.Match, error) {
	rows, err := q.matchRows(ctx, app, call, receivers)
	if err != nil {
		return nil, fmt.Errorf("match the streams of call %s: %w", call, err)
	}
	return match.Find(rows.sessions, rows.connections, rows.streams), nil
}

// Everything that was sent may be what one of them received.
var matchStreams = "SELECT " + list(streamFields) + ` FROM streams FINAL
	WHERE app = {app:UInt32} AND call = {call:UInt64} AND kind IN ('audio', 'video', 'screen')
	AND (direction = 'send' OR direction = 'receive' AND (empty({receivers:Array(UInt64)}) OR has({receivers:Array(UInt64)}, session)))`

type matchRows struct {
	sessions    []rtc.Session
	connections []rtc.Connection
	streams     []rtc.Stream
}

func (q *Query) matchRows(ctx context.Context, app rtc.AppID, call rtc.CallID, receivers []rtc.SessionID) (*matchRows, error) {
	rows := new(matchRows)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) { rows.sessions, err = q.Sessions(ctx, app, call); return err })
	group.Go(func() (err error) { rows.connections, err = q.Connections(ctx, app, call, 0); return err })
	group.Go(func() (err error) {
		params := append(ofCall(app, call), clickhouse.Uints("receivers", receivers))
		rows.streams, err = ask(ctx, q.db, clickhouse.Question{SQL: matchStreams, Params: params, Cheap: true, Settings: newest}, streamFields)
		return explain(err)
	})
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return rows, nil
}

// MatrixFilter says which part of a call's matrix is wanted.
type MatrixFilter struct {
	Sessions   []rtc.SessionID // the users of these; empty: the first ones
	From, To   time.Time       // [From, To); zero: from the first, to the last
	Limit      int             // how many users at most
	WorstFirst bool            // the users with the worst reception, instead of those who joined first
	Worst      int             // how many of the worst pairs of all users; 0: none
}

// Matrix is who hears and sees whom. Users are numbered by their place.
type Matrix struct {
	Users     []MatrixUser
	Total     int // users in the call
	Cells     []MatrixCell
	Unmatched []MatrixStream // received by the users, of whom is not known: the first
	Loose     int            // how many of these there are
	Worst     []WorstPair    // of all users of the call
}

// MatrixUser is a row and a column.
type MatrixUser struct {
	User, Name string
	Sessions   []rtc.SessionID // in the order of joining; none: one who was told of and sent no data
}

// MatrixCell is what one user receives of another.
type MatrixCell struct {
	Receiver, Sender               int           // places in Users
	ReceiverSession, SenderSession rtc.SessionID // those of most of it; the sender's 0 without data of theirs
	Parts                          [rtc.KindScreen + 1]*MatrixPart
}

// MatrixPart is what of one kind.
type MatrixPart struct {
	match.Reception
	Level   match.Level
	Why     string
	Basis   match.Basis // the weakest of its streams
	Streams []StreamRef // of the receiver
}

// MatrixStream is a received stream by itself.
type MatrixStream struct {
	match.Match
	match.Reception
	Receiver int
	Level    match.Level
	Why      string
}

// WorstPair is a part that is not good, with whose it is.
type WorstPair struct {
	Receiver, Sender               MatrixUser
	ReceiverSession, SenderSession rtc.SessionID
	Kind                           rtc.MediaKind
	Part                           *MatrixPart
}

// strangers bounds the users who were told of and sent no data; loose bounds
// the streams without a sender that are told.
const (
	strangers = 30
	loose     = 200
)

// Matrix tells how well what each user sends came to each other one, over the
// whole call or a part of it. Figures are those that the receivers measured.
func (q *Query) Matrix(ctx context.Context, app rtc.AppID, call rtc.CallID, f MatrixFilter) (Matrix, error) {
	m, err := q.matrix(ctx, app, call, f)
	if err != nil {
		return Matrix{}, fmt.Errorf("tell who hears whom in call %s: %w", call, err)
	}
	return m, nil
}

func (q *Query) matrix(ctx context.Context, app rtc.AppID, call rtc.CallID, f MatrixFilter) (Matrix, error) {
	sessions, err := q.Sessions(ctx, app, call)
	if err != nil {
		return Matrix{}, err
	}
	users := matrixUsers(sessions)
	chosen := chooseUsers(users, f)
	var of []rtc.SessionID // empty: of all
	if len(chosen) < len(users) && !f.WorstFirst && f.Worst == 0 {
		for _, u := range chosen {
			of = append(of, u.Sessions...)
		}
	}
	var rows *matchRows
	var came map[StreamRef]*match.Reception
	group, within := errgroup.WithContext(ctx)
	group.Go(func() (err error) { rows, err = q.matchRows(within, app, call, of); return err })
	group.Go(func() (err error) { came, err = q.receptions(within, app, call, of, f.From, f.To); return err })
	if err := group.Wait(); err != nil {
		return Matrix{}, err
	}
	b := &matrixBuilder{whole: f.From.IsZero() && f.To.IsZero(), came: came, cells: make(map[[2]string]*pairCell)}
	for i := range users {
		b.people(&users[i])
	}
	b.add(match.Find(rows.sessions, rows.connections, rows.streams))
	if f.WorstFirst && len(f.Sessions) == 0 {
		chosen = b.worstUsers(users, f.Limit)
	}
	m := b.matrix(chosen)
	m.Total = len(users)
	if f.Worst > 0 {
		m.Worst = b.worst(f.Worst)
	}
	return m, nil
}

// matrixUsers are the users of a call in the order of joining.
func matrixUsers(sessions []rtc.Session) []MatrixUser {
	var users []MatrixUser
	for _, u := range usersOf(sessions, nil, time.Time{}) {
		m := MatrixUser{User: u.User, Name: u.Name}
		for _, s := range u.Stays {
			m.Sessions = append(m.Sessions, s.Session)
		}
		users = append(users, m)
	}
	return users
}

// chooseUsers are those of the sessions named, else the first.
func chooseUsers(users []MatrixUser, f MatrixFilter) []MatrixUser {
	if len(f.Sessions) > 0 {
		users = slices.DeleteFunc(slices.Clone(users), func(u MatrixUser) bool {
			return !slices.ContainsFunc(u.Sessions, func(s rtc.SessionID) bool { return slices.Contains(f.Sessions, s) })
		})
	}
	return users[:min(len(users), f.Limit)]
}

// reception is the sums of one stream over a time.
type reception struct {
	ref StreamRef
	r   match.Reception
}

// receptionFields are sums over all samples of a stream; NaN where nothing was
// measured.
var receptionFields = []field[reception]{
	fromUint64("session", func(r *reception, v uint64) { r.ref.Session = rtc.SessionID(v) }),
	fromUint64("stream", func(r *reception, v uint64) { r.ref.Stream = rtc.StreamID(v) }),
	fromFloat64("sum(interval)", func(r *reception, v float64) { r.r.Measured = v }),
	fromFloat64(total(quality.Packets), func(r *reception, v float64) { r.r.Packets = v }),
	fromFloat64(total(quality.PacketsMissing), func(r *reception, v float64) { r.r.Missing = v }),
	fromFloat64(total(quality.PacketsExpected), func(r *reception, v float64) { r.r.Expected = v }),
	fromFloat64(total(quality.AudioTime, quality.VideoTime), func(r *reception, v float64) { r.r.Playing = v }),
	fromFloat64(total(quality.AudioStutterTime, quality.VideoStutterTime), func(r *reception, v float64) { r.r.Stuttered = v }),
	fromFloat64(mean(quality.Bitrate), func(r *reception, v float64) { r.r.Bitrate = v }),
	fromFloat64(mean(quality.Delay), func(r *reception, v float64) { r.r.Delay = v }),
}

// total is the sum of metrics of which a stream has one.
func total(of ...*quality.Metric) string {
	sum, any := "", ""
	for i, m := range of {
		n := store.MetricColumn(m)
		if i > 0 {
			sum, any = sum+" + ", any+" OR "
		}
		sum += fmt.Sprintf("toFloat64(sum(%s)) * %g", store.MetricSteps(n), m.Step)
		any += n + " != 0"
	}
	return "if(max(" + any + "), " + sum + ", nan)"
}

// mean is weighted by the length of the intervals.
func mean(m *quality.Metric) string {
	n := store.MetricColumn(m)
	return fmt.Sprintf("sum(toFloat64(%s) * interval) / sumIf(interval, %s != 0) * %g", store.MetricSteps(n), n, m.Step)
}

const inReceptions = inSamples + `
	AND kind IN ('audio', 'video', 'screen')
	GROUP BY session, stream`

// receptions sums up the samples of streams over a time: of all sessions, or of
// those given and of all that is sent.
func (q *Query) receptions(ctx context.Context, app rtc.AppID, call rtc.CallID, sessions []rtc.SessionID, from, to time.Time) (map[StreamRef]*match.Reception, error) {
	first, last := span(from, to)
	of := narrowed(app, call, SampleFilter{Sessions: sessions})
	rows, err := ask(ctx, q.db, clickhouse.Question{SQL: "SELECT " + list(receptionFields) + " FROM samples FINAL" + of.text + inReceptions,
		Params: append(of.params, stretch{first, last}.params()...), Settings: newest}, receptionFields)
	if err != nil {
		return nil, explain(err)
	}
	came := make(map[StreamRef]*match.Reception, len(rows))
	for i := range rows {
		rows[i].r.Sent = math.NaN()
		came[rows[i].ref] = &rows[i].r
	}
	return came, nil
}

// matrixBuilder puts what was received together by pairs of users.
type matrixBuilder struct {
	whole  bool // the whole call
	came   map[StreamRef]*match.Reception
	users  map[string]*MatrixUser // by key: the first session's id, or the name of one without
	keys   map[rtc.SessionID]string
	byName map[string]string // of users with data
	cells  map[[2]string]*pairCell
	order  []*pairCell
	loose  []MatrixStream
}

// pairCell is a cell under construction.
type pairCell struct {
	receiver, sender string // keys
	parts            [rtc.KindScreen + 1]*MatrixPart
	most             float64 // ms of measuring of the streams that name the sessions
	sessions         [2]rtc.SessionID
}

func (b *matrixBuilder) people(u *MatrixUser) {
	if b.users == nil {
		b.users, b.keys, b.byName = make(map[string]*MatrixUser), make(map[rtc.SessionID]string), make(map[string]string)
	}
	key := u.Sessions[0].String()
	b.users[key] = u
	for _, s := range u.Sessions {
		b.keys[s] = key
	}
	for _, name := range []string{u.User, u.Name} {
		if name != "" && b.byName[name] == "" {
			b.byName[name] = key
		}
	}
}

// stranger is the key of a user who was told of: of one with data, or a name by
// itself.
func (b *matrixBuilder) stranger(user string) string {
	if key := b.byName[user]; key != "" {
		return key
	}
	key := "?" + user
	if b.users[key] == nil {
		b.users[key] = &MatrixUser{User: user}
	}
	return key
}

func (b *matrixBuilder) add(all []match.Match) {
	for i := range all {
		m := &all[i]
		ref := StreamRef{m.Session, m.Stream}
		r := b.came[ref]
		if r == nil && !b.whole {
			continue // it was at another time
		}
		var came match.Reception
		if r != nil {
			came = *r
		} else {
			nan := math.NaN()
			came = match.Reception{Packets: nan, Missing: nan, Expected: nan, Playing: nan, Stuttered: nan, Bitrate: nan, Delay: nan}
		}
		came.Sent = b.sent(m)
		key := b.keys[m.Session]
		if key == "" {
			continue // joined between two questions
		}
		if m.Basis == match.Unmatched {
			s := MatrixStream{Match: *m, Reception: came}
			s.Level, s.Why = came.Judge(m.Kind)
			b.loose = append(b.loose, s)
			continue
		}
		sender := b.keys[m.Sender]
		if sender == "" {
			sender = b.stranger(m.User)
		}
		b.cell(key, sender).add(m, &came)
	}
	for _, c := range b.order {
		for kind, p := range c.parts {
			if p != nil {
				p.Level, p.Why = p.Judge(rtc.MediaKind(kind))
			}
		}
	}
}

// sent is how many packets of it the sender sent meanwhile; NaN if not known.
func (b *matrixBuilder) sent(m *match.Match) float64 {
	sum := math.NaN()
	for _, o := range m.Sent {
		if r := b.came[StreamRef{o.Session, o.ID}]; r != nil && r.Packets == r.Packets {
			if sum != sum {
				sum = 0
			}
			sum += r.Packets
		}
	}
	return sum
}

func (b *matrixBuilder) cell(receiver, sender string) *pairCell {
	k := [2]string{receiver, sender}
	c := b.cells[k]
	if c == nil {
		c = &pairCell{receiver: receiver, sender: sender, most: -1}
		b.cells[k] = c
		b.order = append(b.order, c)
	}
	return c
}

// strength orders bases, the surest first.
var strength = map[match.Basis]int{match.SSRC: 0, match.Track: 1, match.MID: 2, match.Mapping: 3, match.Connection: 4, match.OnlyOther: 5}

func (c *pairCell) add(m *match.Match, r *match.Reception) {
	if r.Measured > c.most {
		c.most, c.sessions = r.Measured, [2]rtc.SessionID{m.Session, m.Sender}
	}
	p := c.parts[m.Kind]
	if p == nil {
		c.parts[m.Kind] = &MatrixPart{Reception: *r, Basis: m.Basis, Streams: []StreamRef{{m.Session, m.Stream}}}
		return
	}
	p.Add(r)
	p.Streams = append(p.Streams, StreamRef{m.Session, m.Stream})
	if strength[m.Basis] > strength[p.Basis] {
		p.Basis = m.Basis
	}
}

// matrix is the part of the users chosen, and of those without data whom they
// receive.
func (b *matrixBuilder) matrix(chosen []MatrixUser) Matrix {
	m := Matrix{Users: slices.Clone(chosen)}
	place := make(map[string]int)
	for i := range chosen {
		place[b.keys[chosen[i].Sessions[0]]] = i
	}
	var more []string
	for _, c := range b.order {
		if _, shown := place[c.receiver]; shown && c.sender[0] == '?' && !slices.Contains(more, c.sender) && len(more) < strangers {
			more = append(more, c.sender)
		}
	}
	slices.Sort(more)
	for _, key := range more {
		place[key] = len(m.Users)
		m.Users = append(m.Users, *b.users[key])
	}
	for _, c := range b.order {
		receiver, ok := place[c.receiver]
		sender, there := place[c.sender]
		if ok && there {
			m.Cells = append(m.Cells, MatrixCell{Receiver: receiver, Sender: sender, ReceiverSession: c.sessions[0], SenderSession: c.sessions[1], Parts: c.parts})
		}
	}
	slices.SortFunc(m.Cells, func(a, b MatrixCell) int {
		return cmp.Or(cmp.Compare(a.Receiver, b.Receiver), cmp.Compare(a.Sender, b.Sender))
	})
	for _, s := range b.loose {
		receiver, shown := place[b.keys[s.Session]]
		if !shown {
			continue
		}
		m.Loose++
		if s.Receiver = receiver; len(m.Unmatched) < loose {
			m.Unmatched = append(m.Unmatched, s)
		}
	}
	return m
}

// worst are the parts that are not good, the worst first.
func (b *matrixBuilder) worst(n int) []WorstPair {
	var all []WorstPair
	for _, c := range b.order {
		for kind, p := range c.parts {
			if p != nil && match.Worse(p.Level, match.Good) {
				all = append(all, WorstPair{Receiver: *b.users[c.receiver], Sender: *b.users[c.sender], ReceiverSession: c.sessions[0], SenderSession: c.sessions[1], Kind: rtc.MediaKind(kind), Part: p})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b WorstPair) int { return comparePart(b.Part, a.Part) })
	return all[:min(len(all), n)]
}

// comparePart orders parts by how bad they are, the good ones first.
func comparePart(a, b *MatrixPart) int {
	if a.Level != b.Level {
		if match.Worse(a.Level, b.Level) {
			return 1
		}
		return -1
	}
	return cmp.Compare(badness(a), badness(b))
}

func badness(p *MatrixPart) float64 {
	sum := 0.0
	for _, v := range [...]float64{p.StutterShare(), p.Loss()} {
		if v == v {
			sum += v
		}
	}
	return sum
}

// worstUsers are the users with the most that is not good, as receivers or as
// senders.
func (b *matrixBuilder) worstUsers(users []MatrixUser, n int) []MatrixUser {
	bad := make(map[string]float64)
	for _, c := range b.order {
		for _, p := range c.parts {
			if p == nil || !match.Worse(p.Level, match.Good) {
				continue
			}
			weight := 1 + badness(p)
			if p.Level != match.Fair {
				weight *= 3
			}
			bad[c.receiver] += weight
			bad[c.sender] += weight
		}
	}
	sorted := slices.Clone(users)
	slices.SortStableFunc(sorted, func(x, y MatrixUser) int {
		return cmp.Compare(bad[b.keys[y.Sessions[0]]], bad[b.keys[x.Sessions[0]]])
	})
	return sorted[:min(len(sorted), n)]
}
