package rtcstats

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/peerglass/peerglass/protocol/protocoltest"
	"github.com/peerglass/peerglass/rtc"
)

// world is the reports of a connection as a session holds them.
type world map[string]map[string]string

func (w world) lay(s *rtc.Stats, id func(string) string) {
	named := make(map[string]bool)
	for i := range s.Reports {
		p := &s.Reports[i]
		name := id(string(p.ID))
		named[name] = true
		if p.Removed {
			delete(w, name)
			continue
		}
		report := w[name]
		if report == nil || s.Full {
			typ := report["type"]
			report = map[string]string{}
			if typ != "" {
				report["type"] = typ
			}
			w[name] = report
		}
		if p.Type != 0 {
			report["type"] = p.Type.String()
		}
		at := p.Time
		if at == 0 {
			at = s.Time
		}
		report["timestamp"] = strconv.FormatFloat(at, 'g', -1, 64)
		for _, v := range s.Of(p) {
			member := string(v.Name)
			if v.Member != 0 {
				member = v.Member.String()
			}
			switch v.Form {
			case rtc.FormNull:
				delete(report, member)
			case rtc.FormText:
				text := string(v.Text)
				if isReference(member) {
					text = id(text)
				}
				report[member] = strconv.Quote(text)
			case rtc.FormJSON:
				report[member] = string(v.Text)
			default:
				report[member] = fmt.Sprint(v.Form, v.Num+0) // JSON has no -0
			}
		}
	}
	if s.MissingRemoved {
		for name := range w {
			if !named[name] {
				delete(w, name)
			}
		}
	}
}

// drawPoll makes a poll of a few reports and members, so that much repeats.
func drawPoll(t *rapid.T) *rtc.Stats {
	s := &rtc.Stats{Time: float64(rapid.Int64Range(1.7e12, 1.8e12).Draw(t, "time")) / 2}
	s.Full = rapid.Bool().Draw(t, "full")
	s.MissingRemoved = rapid.Bool().Draw(t, "missing removed")
	ids := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c", `"d"`, "7", "t"}), 0, 4, rapid.ID[string]).Draw(t, "ids")
	for _, id := range ids {
		p := rtc.ReportPatch{ID: []byte(id), First: len(s.Values)}
		if rapid.IntRange(0, 5).Draw(t, "removed") == 0 {
			p.Removed = true
			s.Reports = append(s.Reports, p)
			continue
		}
		p.Type = rtc.StatsType(rapid.IntRange(0, rtc.StatsTypes-1).Draw(t, "type"))
		if rapid.Bool().Draw(t, "own time") {
			p.Time = s.Time - 1.5
		}
		members := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"packetsReceived", "codecId", "kind", "active",
			"qualityLimitationDurations.cpu", "qualityLimitationDurations.none", "psnrSum.y", "totallyNew", "an odd \n one.x", "perDscp"}), 0, 6, rapid.ID[string]).Draw(t, "members")
		for _, name := range members {
			v := rtc.Value{Member: rtc.LookupMember([]byte(name))}
			if v.Member == 0 {
				v.Name = []byte(name)
			}
			nested := strings.Contains(name, ".")
			switch v.Form = rapid.SampledFrom([]rtc.Form{rtc.FormNumber, rtc.FormNumber, rtc.FormText, rtc.FormBool, rtc.FormNull, rtc.FormJSON}).Draw(t, "form"); v.Form {
			case rtc.FormNumber:
				v.Num = rapid.OneOf(rapid.SampledFrom([]float64{0, 1, -1, 0.004, 1e-9, 1e21, 1<<53 + 2, -2.5, math.MaxFloat64, math.SmallestNonzeroFloat64}), rapid.Float64()).Draw(t, "number")
			case rtc.FormText:
				v.Text = []byte(rapid.SampledFrom([]string{"", "a", "b", "z", "a \"quoted\"\\ \u2028 text\x01\n"}).Draw(t, "text"))
			case rtc.FormBool:
				v.Num = float64(rapid.IntRange(0, 1).Draw(t, "bool"))
			case rtc.FormJSON:
				v.Text = []byte(`[1,{"a":null}]`)
				if nested {
					v.Form, v.Text = rtc.FormNull, nil
				}
			}
			s.Values = append(s.Values, v)
		}
		p.Len = len(s.Values) - p.First
		s.Reports = append(s.Reports, p)
	}
	return s
}

// Whatever polls are encoded, the decoder's patches make the same reports.
func TestPollsSurvive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e, d := NewEncoder(EncoderOptions{}), NewDecoder()
		before, after := world{}, world{}
		number := func(id string) string { return strconv.Itoa(e.conns["PC_0"].numberOf(id)) }
		same := func(id string) string { return id }
		for i := range rapid.IntRange(1, 6).Draw(t, "polls") {
			s := drawPoll(t)
			rec := rtc.Record{Kind: rtc.KindStats, Time: 1.7e12 + int64(i)*1000, Conn: []byte("PC_0"), Stats: s}
			frame, err := e.Append(nil, &rec)
			if err != nil {
				t.Fatal(err)
			}
			before.lay(s, number)
			if err := d.Decode(frame, 0, protocoltest.Func(func(r *rtc.Record) error {
				if r.Time != rec.Time || string(r.Conn) != "PC_0" {
					t.Fatalf("%+v", r)
				}
				after.lay(r.Stats, same)
				return nil
			})); err != nil {
				t.Fatalf("%s: %v", frame, err)
			}
			// Reports that a poll does not name keep the time of the last that
			// did, on both sides, but what is unchanged is not named.
			for _, w := range []world{before, after} {
				for _, report := range w {
					delete(report, "timestamp")
				}
			}
			if !reflect.DeepEqual(before, after) {
				t.Fatalf("poll %d: %s\n is %v\nwas %v", i, frame, after, before)
			}
		}
	})
}

// Whatever a description is, packing it can be undone exactly.
func TestDescriptionsSurvive(t *testing.T) {
	section := rapid.SampledFrom([]string{"v=0\r\no=- 1", "m=audio 9\r\na=mid:0", "m=video 9\r\na=mid:1", "m=video 0", "m=", "v=", "", " m=x ", "a\nm=b"})
	rapid.Check(t, func(t *rapid.T) {
		base := join(rapid.SliceOfN(section, 0, 4).Draw(t, "base"))
		sdp := join(rapid.SliceOfN(section, 0, 4).Draw(t, "sdp"))
		if rapid.Bool().Draw(t, "no line break at the end") {
			sdp = strings.TrimRight(sdp, "\r\n")
		}
		packed, did := pack(base, sdp)
		if !did {
			return
		}
		if whole, ok := expand(base, packed); !ok || whole != sdp {
			t.Fatalf("%q on %q was packed as %q and comes out as %q", sdp, base, packed, whole)
		}
	})
}

func TestRecordsOfEveryKind(t *testing.T) {
	for _, c := range []struct {
		rec  rtc.Record
		want string
	}{
		{rtc.Record{Kind: rtc.KindOpen, Payload: []byte(`{"user":"a"}`)}, `["identity",null,{"user":"a"},5]`},
		{rtc.Record{Kind: rtc.KindOpen, Name: []byte("create"), Payload: []byte(`{}`)}, `[39,null,{},5]`},
		{rtc.Record{Kind: rtc.KindCall, Name: []byte("createOffer"), Conn: []byte("PC_0"), Corr: []byte("2-0")}, `[2,"PC_0",null,"2-0",5]`},
		{rtc.Record{Kind: rtc.KindCall, Name: []byte("MediaStreamTrack.stop"), Corr: []byte("track 60-0"), Payload: []byte("[\n1]")}, `[70,null,[1],"track","60-0",5]`},
		{rtc.Record{Kind: rtc.KindCall, Name: []byte("navigator.mediaDevices.getDisplayMediaOnFailure")}, `["navigator.mediaDevices.getDisplayMediaOnFailure",null,null,5]`},
		{rtc.Record{Kind: rtc.KindState, Name: []byte("onsignalingstatechange"), Conn: []byte("PC_0"), Payload: []byte(`"stable"`)}, `[23,"PC_0","stable",5]`},
		{rtc.Record{Kind: rtc.KindEvent, Name: []byte("mute"), Payload: []byte(`{"kind":"audio"}`)}, `[":mute",null,{"kind":"audio"},5]`},
		{rtc.Record{Kind: rtc.KindEvent, Name: []byte("log"), Payload: []byte(`1`)}, `["::log",null,1,5]`},
		{rtc.Record{Kind: rtc.KindEvent, Name: []byte(":odd")}, `[":::odd",null,null,5]`},
		{rtc.Record{Kind: rtc.KindFeedback, Payload: []byte(`{"overall":4}`)}, `[":feedback",null,{"overall":4},5]`},
		{rtc.Record{Kind: rtc.KindLog, Name: []byte("error"), Payload: []byte(`"x"`)}, `[":log",null,"x","error",5]`},
		{rtc.Record{Kind: rtc.KindClose, Payload: []byte(`{"code":1001}`)}, `["close",null,1001,5]`},
		{rtc.Record{Kind: rtc.KindClose, Payload: []byte(`{"reason":"leave"}`)}, `[":close",null,{"reason":"leave"},5]`},
		{rtc.Record{Kind: rtc.KindClose}, `[":close",null,null,5]`},
	} {
		e, d := NewEncoder(EncoderOptions{}), NewDecoder()
		first, err := e.Append(nil, &rtc.Record{Kind: rtc.KindEvent, Name: []byte("x"), Time: 1.7e12})
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Decode(first, 0, &protocoltest.Count{}); err != nil {
			t.Fatal(err)
		}
		c.rec.Time = 1.7e12 + 5
		frame, err := e.Append(nil, &c.rec)
		if err != nil || string(frame) != c.want {
			t.Errorf("%s, %v; want %s", frame, err, c.want)
			continue
		}
		err = d.Decode(frame, 0, protocoltest.Func(func(r *rtc.Record) error {
			if r.Kind != c.rec.Kind || string(r.Conn) != string(c.rec.Conn) || string(r.Corr) != string(c.rec.Corr) || r.Time != c.rec.Time {
				t.Errorf("%s comes out as %+v", frame, r)
			}
			return nil
		}))
		if err != nil {
			t.Errorf("%s: %v", frame, err)
		}
	}
}

// A client's encoder leaves out what a client leaves out.
func TestAsClientLeavesOut(t *testing.T) {
	s := &rtc.Stats{Time: 1.7e12, Reports: []rtc.ReportPatch{
		{ID: []byte("cert"), Type: rtc.TypeCertificate, First: 0, Len: 1},
		{ID: []byte("in"), Type: rtc.TypeInboundRTP, First: 1, Len: 2},
		{ID: []byte("T"), Type: rtc.TypeTransport, First: 3, Len: 2},
	}, Values: []rtc.Value{
		{Member: rtc.StatFingerprint, Form: rtc.FormText, Text: []byte("AB")},
		{Member: rtc.StatMediaType, Form: rtc.FormText, Text: []byte("audio")},
		{Member: rtc.StatPacketsReceived, Form: rtc.FormNumber, Num: 5},
		{Member: rtc.StatLocalCertificateId, Form: rtc.FormText, Text: []byte("cert")},
		{Member: rtc.StatDtlsState, Form: rtc.FormText, Text: []byte("new")},
	}}
	rec := rtc.Record{Kind: rtc.KindStats, Time: 1.7e12, Conn: []byte("PC_0"), Stats: s}
	frame, err := NewEncoder(EncoderOptions{AsClient: true}).Append(nil, &rec)
	if err != nil {
		t.Fatal(err)
	}
	if want := `["g","PC_0",{"0":{"type":1,"14":5},"1":{"type":5,"123":"new"},"t":1700000000000},1700000000000]`; string(frame) != want {
		t.Errorf("%s, want %s", frame, want)
	}
}
