package session

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
)

// t0 is when the calls of these tests begin, on the server's clock.
const t0 = int64(1_780_000_000_000)

// script feeds records to one session and keeps what it derives.
type script struct {
	t     testing.TB
	out   *Collect
	rooms *MemoryRooms
	s     *Session
	now   int64 // both clocks, unless skew is set
	skew  int64 // client's clock minus the server's
	stats rtc.Stats
}

func counter() func() uint64 {
	n := uint64(0)
	return func() uint64 { n++; return n }
}

func newScript(t testing.TB, change func(*Options)) *script {
	out := &Collect{}
	p := &script{t: t, out: out, rooms: NewRooms(out, counter()), now: t0}
	p.open(1, change)
	return p
}

// open begins another session with the same rooms and sink.
func (p *script) open(id rtc.SessionID, change func(*Options)) {
	opt := Options{App: 7, ID: id, Protocol: "native", Start: p.now, Rooms: p.rooms, Sink: p.out}
	if change != nil {
		change(&opt)
	}
	p.s = New(opt)
}

// tell feeds a record of any kind but statistics.
func (p *script) tell(kind rtc.Kind, conn, name, payload string) error {
	return p.s.Record(&rtc.Record{Kind: kind, Time: p.now + p.skew, Received: p.now,
		Conn: []byte(conn), Name: []byte(name), Payload: []byte(payload)})
}

// join tells who it is and that a peer connection was made.
func (p *script) join(room, user string) {
	p.must(p.tell(rtc.KindOpen, "", "", fmt.Sprintf(`{"room":%q,"user":%q}`, room, user)))
	p.must(p.tell(rtc.KindCall, "PC_0", rtc.NameCreate, `{}`))
}

func (p *script) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// poll feeds statistics, a report a line: "id type member=value …"; a value
// that is no number is a text, null takes the member away, and "id gone" the
// report. A number after @ is the report's own time relative to the poll's, in
// ms. The first line may hold flags: full, missing-removed.
func (p *script) poll(lines string) error {
	return p.s.Record(p.record(lines))
}

func (p *script) record(lines string) *rtc.Record {
	p.t.Helper()
	st := &p.stats
	st.Reset()
	st.Time = float64(p.now + p.skew)
	for line := range strings.Lines(lines) {
		words := strings.Fields(line)
		switch {
		case len(words) == 0:
		case words[0] == "full":
			st.Full = true
		case words[0] == "missing-removed":
			st.MissingRemoved = true
		case words[0] == "frozen-time":
			st.Time = float64(t0 + p.skew)
		default:
			p.report(words)
		}
	}
	return &rtc.Record{Kind: rtc.KindStats, Time: p.now + p.skew, Received: p.now, Conn: []byte("PC_0"), Stats: st}
}

func (p *script) report(words []string) {
	p.t.Helper()
	st := &p.stats
	r := rtc.ReportPatch{ID: []byte(words[0]), First: len(st.Values)}
	for _, word := range words[1:] {
		name, value, member := strings.Cut(word, "=")
		var n float64
		switch {
		case word == "gone":
			r.Removed = true
			continue
		case strings.HasPrefix(word, "@"):
			fmt.Sscan(word[1:], &n)
			r.Time = st.Time + n
			continue
		case !member:
			if r.Type = rtc.LookupStatsType([]byte(word)); r.Type == 0 {
				p.t.Fatalf("no such type: %s", word)
			}
			continue
		}
		v := rtc.Value{Member: rtc.LookupMember([]byte(name)), Name: []byte(name)}
		_, err := fmt.Sscan(value, &n)
		if isText := v.Member != 0 && v.Member.Info().Form == rtc.Text; isText && value != "null" {
			v.Form, v.Text = rtc.FormText, []byte(value)
		} else if err == nil && value[0] < 'A' {
			v.Form, v.Num = rtc.FormNumber, n
		} else if value == "null" {
			v.Form = rtc.FormNull
		} else if value == "true" || value == "false" {
			v.Form = rtc.FormBool
			if value == "true" {
				v.Num = 1
			}
		} else {
			v.Form, v.Text = rtc.FormText, []byte(value)
		}
		st.Values = append(st.Values, v)
		r.Len++
	}
	st.Reports = append(st.Reports, r)
}

// after lets time pass.
func (p *script) after(d time.Duration) *script {
	p.now += d.Milliseconds()
	return p
}

// settle lets the timer release what is held at the beginning.
func (p *script) settle() { p.s.Tick(p.now + settleFor) }

// last returns the value of a metric in the newest sample of a stream.
func (p *script) last(stream rtc.StreamID, m *quality.Metric) float64 {
	p.t.Helper()
	for i := len(p.out.Samples) - 1; i >= 0; i-- {
		if s := &p.out.Samples[i]; s.Stream == stream {
			return float64(s.Values[m.Index()])
		}
	}
	p.t.Fatalf("stream %d has no sample", stream)
	return 0
}

// expect compares the newest value of a metric; rtc.Null stands for not measured.
func (p *script) expect(stream rtc.StreamID, m *quality.Metric, want float64) {
	p.t.Helper()
	got := p.last(stream, m)
	if want != want && got != got {
		return
	}
	if diff := got - want; !(diff < 1e-3 && diff > -1e-3) {
		p.t.Errorf("%s of stream %d = %v, want %v", m.ID, stream, got, want)
	}
}

func (p *script) samples(stream rtc.StreamID) (n int) {
	for i := range p.out.Samples {
		if p.out.Samples[i].Stream == stream {
			n++
		}
	}
	return n
}

func (p *script) event(name string) *rtc.Event {
	p.t.Helper()
	for i := range p.out.Events {
		if p.out.Events[i].Name == name {
			return &p.out.Events[i]
		}
	}
	p.t.Fatalf("no event %q among %d", name, len(p.out.Events))
	return nil
}
