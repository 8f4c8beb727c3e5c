package native

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/protocol/protocoltest"
	"github.com/peerglass/peerglass/rtc"
)

// state is what a reader of the records knows: the reports of each connection,
// as "report" → "member" → value in print. It is how session lays patches.
type state map[string]map[string]map[string]string

func (st state) lay(conn string, s *rtc.Stats) {
	reports := st[conn]
	if reports == nil {
		reports = map[string]map[string]string{}
		st[conn] = reports
	}
	named := map[string]bool{}
	for i := range s.Reports {
		p := &s.Reports[i]
		id := string(p.ID)
		named[id] = true
		if p.Removed {
			delete(reports, id)
			continue
		}
		if reports[id] == nil || s.Full {
			reports[id] = map[string]string{}
		}
		if p.Type != 0 {
			reports[id]["type"] = p.Type.String()
		}
		for _, v := range s.Of(p) {
			name := string(v.Name)
			if v.Member != 0 {
				name = v.Member.String()
			}
			if v.Form == rtc.FormNull {
				delete(reports[id], name)
			} else {
				reports[id][name] = print(v)
			}
		}
	}
	if s.MissingRemoved {
		for id := range reports {
			if !named[id] {
				delete(reports, id)
			}
		}
	}
}

// print writes a value with the precision of the wire.
func print(v rtc.Value) string {
	switch v.Form {
	case rtc.FormNumber:
		scale := 1e6
		if v.Member != 0 && scales[v.Member] != 1 {
			scale = scales[v.Member]
		}
		return fmt.Sprint(math.Round(v.Num*scale)/scale + 0) // + 0: there is no -0 on the wire
	case rtc.FormBool:
		return fmt.Sprint(v.Num == 1)
	case rtc.FormJSON:
		return "json " + string(v.Text)
	}
	return "text " + string(v.Text)
}

// What goes through Encoder and Decoder comes out as it went in, whatever the
// polls: the property that all figures rest on.
func TestStatisticsSurviveTheWire(t *testing.T) {
	members := []rtc.Member{rtc.StatPacketsReceived, rtc.StatJitter, rtc.StatTotalAudioEnergy, rtc.StatLastPacketReceivedTimestamp,
		rtc.StatSsrc, rtc.StatKind, rtc.StatMid, rtc.StatActive, rtc.StatQualityLimitationDurationsCpu, 0}
	rapid.Check(t, func(t *rapid.T) {
		enc, dec := NewEncoder(), NewDecoder()
		sent, got := state{}, state{}
		now := int64(1_795_000_000_000)
		for range rapid.IntRange(1, 12).Draw(t, "batches") {
			for range rapid.IntRange(0, 3).Draw(t, "polls") {
				now += rapid.Int64Range(-50, 5000).Draw(t, "step")
				conn := fmt.Sprintf("PC_%d", rapid.IntRange(0, 2).Draw(t, "conn"))
				s := rtc.Stats{Time: float64(now) - rapid.Float64Range(0, 900).Draw(t, "age")}
				s.MissingRemoved = rapid.Bool().Draw(t, "missing removed")
				s.Full = rapid.IntRange(0, 9).Draw(t, "full") == 0
				for _, id := range rapid.SliceOfNDistinct(rapid.IntRange(0, 5), 0, 5, rapid.ID).Draw(t, "reports") {
					p := rtc.ReportPatch{ID: fmt.Appendf(nil, "R%d", id), Type: rtc.StatsType(1 + id), First: len(s.Values)}
					if rapid.IntRange(0, 9).Draw(t, "removed") == 0 {
						if _, known := sent[conn][string(p.ID)]; known {
							p.Removed = true
						}
					}
					if rapid.Bool().Draw(t, "own time") {
						p.Time = s.Time - rapid.Float64Range(0, 5000).Draw(t, "report age")
					}
					if !p.Removed {
						for _, m := range rapid.SliceOfNDistinct(rapid.SampledFrom(members), 0, 6, rapid.ID).Draw(t, "members") {
							s.Values = append(s.Values, drawValue(t, m))
							p.Len++
						}
					}
					s.Reports = append(s.Reports, p)
				}
				sent.lay(conn, &s)
				if err := enc.Add(&rtc.Record{Kind: rtc.KindStats, Conn: []byte(conn), Time: now, Stats: &s}); err != nil {
					t.Fatal(err)
				}
			}
			err := dec.Decode(enc.Close(nil, now), now, protocoltest.Func(func(r *rtc.Record) error {
				got.lay(string(r.Conn), r.Stats)
				return nil
			}))
			if err != nil {
				t.Fatal(err)
			}
			if a, b := fmt.Sprint(sent), fmt.Sprint(got); a != b {
				t.Fatalf("sent %s\n got %s", a, b)
			}
		}
	})
}

func drawValue(t *rapid.T, m rtc.Member) rtc.Value {
	v := rtc.Value{Member: m, Form: rtc.Form(rapid.IntRange(1, 5).Draw(t, "form"))}
	if m == 0 {
		v.Name = []byte("vendorThing")
	}
	switch v.Form {
	case rtc.FormNumber:
		v.Num = rapid.OneOf(rapid.Float64Range(-1e6, 1e6), rapid.Map(rapid.Int64Range(-1<<33, 1<<33), func(i int64) float64 { return float64(i) })).Draw(t, "number")
		if m != 0 && scales[m] == 1 {
			v.Num = math.Round(v.Num)
		}
	case rtc.FormBool:
		v.Num = float64(rapid.IntRange(0, 1).Draw(t, "bool"))
	case rtc.FormText:
		v.Text = []byte(rapid.StringN(0, 20, 60).Draw(t, "text"))
	case rtc.FormJSON:
		v.Text = []byte(`{"a":[1,2,{"b":null}]}`)
	}
	return v
}

func TestOtherRecordsSurviveTheWire(t *testing.T) {
	in := []rtc.Record{
		{Kind: rtc.KindOpen, Time: 1000, Payload: []byte(`{"room":"blue","user":"alice"}`)},
		{Kind: rtc.KindCall, Time: 1002, Conn: []byte("PC_0"), Name: []byte("createOffer"), Corr: []byte("1")},
		{Kind: rtc.KindState, Time: 1001, Conn: []byte("PC_12"), Name: []byte("onsignalingstatechange"), Payload: []byte(`"stable"`)},
		{Kind: rtc.KindLog, Time: 2000, Name: []byte("warn"), Payload: []byte(`"ünïcode"`)},
		{Kind: rtc.KindFeedback, Time: 900, Payload: []byte(`{"overall":4}`)},
		{Kind: rtc.KindClose, Time: 2100},
	}
	enc := NewEncoder()
	for i := range in {
		if err := enc.Add(&in[i]); err != nil {
			t.Fatal(err)
		}
	}
	var out []string
	err := NewDecoder().Decode(enc.Close(nil, 2500), 7, protocoltest.Func(func(r *rtc.Record) error {
		if r.Seq != 1 || r.Received != 7 {
			t.Errorf("seq %d received %d, want 1 and 7", r.Seq, r.Received)
		}
		out = append(out, line(r))
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	for i := range in {
		if want := line(&in[i]); i >= len(out) || out[i] != want {
			t.Fatalf("record %d: got %q, want %q", i, out, want)
		}
	}
}

func line(r *rtc.Record) string {
	return fmt.Sprintf("%s %d %s %s %s %s", r.Kind, r.Time, r.Conn, r.Name, r.Corr, r.Payload)
}

// A member that is told by its name has steps of 1, also where the dictionary
// knows another: the client does not.
func TestMembersByNameHaveStepsOfOne(t *testing.T) {
	frame := AppendHeader(nil, 0, 1, 5)
	for _, record := range []string{
		"\x14\x15\x00\x01\x00\x00\x01\x01\x15\x01c\x01\x00\x07loopLag\x01\x04", // full: loopLag is 2
		"\x04\x08\x00\x01\x00\x00\x01\x00\x01\x02",                             // and one more
	} {
		frame = append(frame, record...)
	}
	var got []rtc.Value
	err := NewDecoder().Decode(frame, 0, protocoltest.Func(func(r *rtc.Record) error {
		got = append(got, r.Stats.Values...)
		return nil
	}))
	if err != nil || len(got) != 2 || got[0].Member != rtc.StatLoopLag || got[0].Num != 2 || got[1].Num != 3 {
		t.Errorf("%+v, %v, want 2 and 3", got, err)
	}
}

// A poll whose base was lost is passed over, and the next full one heals.
func TestDifferencesWithoutABaseArePassedOver(t *testing.T) {
	enc, dec := NewEncoder(), NewDecoder()
	packets := func(n float64) *rtc.Record {
		return &rtc.Record{Kind: rtc.KindStats, Conn: []byte("PC_0"), Time: 5, Stats: &rtc.Stats{
			Reports: []rtc.ReportPatch{{ID: []byte("IT01"), Type: rtc.TypeInboundRTP, Len: 1}},
			Values:  []rtc.Value{{Member: rtc.StatPacketsReceived, Form: rtc.FormNumber, Num: n}},
		}}
	}
	var got []float64
	sink := protocoltest.Func(func(r *rtc.Record) error {
		if r.Stats != nil {
			got = append(got, r.Stats.Values[0].Num)
		} else if r.Kind != rtc.KindEvent || string(r.Name) != "pollWithoutBase" || string(r.Conn) != "PC_0" {
			t.Errorf("in the place of a poll stands %s", line(r))
		}
		return nil
	})
	send := func(n float64) []byte {
		if err := enc.Add(packets(n)); err != nil {
			t.Fatal(err)
		}
		return enc.Close(nil, 5)
	}
	_ = send(1) // never arrives
	if err := dec.Decode(send(2), 0, sink); err != nil || dec.Skipped() != 1 {
		t.Fatalf("err %v, skipped %d; want a poll passed over", err, dec.Skipped())
	}
	enc.Restart()
	for _, n := range []float64{3, 4} {
		if err := dec.Decode(send(n), 0, sink); err != nil {
			t.Fatal(err)
		}
	}
	if err := dec.Decode([]byte{0x10, 9, 9, 3, 9}, 0, sink); err == nil {
		t.Fatal("a broken batch was taken")
	}
	if err := dec.Decode(send(5), 0, sink); err != nil || dec.Skipped() != 2 {
		t.Fatalf("err %v, skipped %d; want the poll after a fault passed over", err, dec.Skipped())
	}
	if fmt.Sprint(got) != "[3 4]" {
		t.Fatalf("got %v, want [3 4]", got)
	}
}

func TestHostileBatches(t *testing.T) {
	stats := func(content ...byte) []byte {
		return append([]byte{0x10, 1, 1, byte(rtc.KindStats) | tagFull, byte(len(content))}, content...)
	}
	bomb := NewEncoder().deflate(make([]byte, protocol.MaxFrame+1))
	tests := map[string]struct {
		frame []byte
		code  string
	}{
		"empty":                          {nil, protocol.CodeMalformed},
		"another version":                {[]byte{0x20, 1, 1}, protocol.CodeUnsupported},
		"flags of the future":            {[]byte{0x14, 1, 1}, protocol.CodeUnsupported},
		"sequence number 0":              {[]byte{0x10, 0, 1}, protocol.CodeMalformed},
		"sequence number too long":       {append([]byte{0x10}, bytes.Repeat([]byte{0xff}, 11)...), protocol.CodeMalformed},
		"time after the end of days":     {append([]byte{0x10, 1}, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1), protocol.CodeMalformed},
		"too large":                      {make([]byte, protocol.MaxFrame+1), protocol.CodeTooLarge},
		"decompression bomb":             {append([]byte{0x11, 1, 1}, bomb...), protocol.CodeTooLarge},
		"not deflate":                    {[]byte{0x11, 1, 1, 0xff, 0xff}, protocol.CodeMalformed},
		"bytes after the deflate stream": {append(append([]byte{0x11, 1, 1}, NewEncoder().deflate([]byte{0xf, 0})...), 7), protocol.CodeMalformed},
		"record longer than the batch":   {[]byte{0x10, 1, 1, 3, 200}, protocol.CodeMalformed},
		"payload that is not JSON":       {[]byte{0x10, 1, 1, byte(rtc.KindEvent) | tagPayload, 3, 0, 1, '{'}, protocol.CodeMalformed},
		"connection 0":                   {[]byte{0x10, 1, 1, byte(rtc.KindCall) | tagConn, 2, 0, 0}, protocol.CodeMalformed},
		"a poll of connection 0":         {stats(0, 0, 0, 0, 0), protocol.CodeMalformed},
		"removes what it does not have":  {stats(0, 1, 0, 1, 0, 0), protocol.CodeMalformed},
		"changes what it does not have":  {stats(0, 1, 0, 0, 1, 0, 1, 2), protocol.CodeMalformed},
		"a hole in the numbers":          {stats(0, 1, 0, 0, 1, 8|headDefine, 1, 1, 'a', 0), protocol.CodeMalformed},
		"a report without an id":         {stats(0, 1, 0, 0, 1, headDefine, 1, 0, 0), protocol.CodeMalformed},
		"a form of the future":           {stats(0, 1, 0, 0, 1, headDefine, 1, 1, 'a', 1, 1, forms, 0), protocol.CodeMalformed},
		"a member beyond all":            {stats(0, 1, 0, 0, 1, headDefine, 1, 1, 'a', 1, 0xff, 0xff, 0x7f, 1, 0), protocol.CodeMalformed},
		"a member without a name":        {stats(0, 1, 0, 0, 1, headDefine, 1, 1, 'a', 1, 0, 0, 1, 0), protocol.CodeMalformed},
		"NaN":                            {stats(0, 1, 0, 0, 1, headDefine, 1, 1, 'a', 1, 1, formDouble, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f), protocol.CodeMalformed},
		"more members than bytes":        {stats(0, 1, 0, 0, 1, headDefine, 1, 1, 'a', 0xff, 0x7f), protocol.CodeMalformed},
		"bytes after a poll":             {stats(0, 1, 0, 0, 0, 9), protocol.CodeMalformed},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			err := NewDecoder().Decode(test.frame, 0, discard)
			var e *protocol.Error
			if !errors.As(err, &e) || e.Code != test.code {
				t.Fatalf("got %v, want code %s", err, test.code)
			}
			if strings.TrimSpace(e.What) == "" {
				t.Error("the error has no sentence")
			}
		})
	}
}

// A client that is newer than the server is understood as far as can be.
func TestDictionariesOfTheFuture(t *testing.T) {
	frame := append([]byte{0x10, 1, 1, byte(rtc.KindStats) | tagFull, 19}, 0, 1, 0, 0, 1, headDefine, 200, 1, 'a', 2, 0xff, 0x7f, formNumber, 6, 1, formNumber, 4)
	frame = append(frame, 0x0f, 3, 9, 9, 9) // and a kind of record that is not known
	frame[4] = 17
	var got rtc.Stats
	err := NewDecoder().Decode(frame, 0, protocoltest.Func(func(r *rtc.Record) error {
		got = *r.Stats
		return nil
	}))
	if err != nil || len(got.Values) != 2 || string(got.Values[0].Name) != "#16383" || got.Values[0].Num != 3 || got.Values[1].Member != rtc.StatPacketsReceived {
		t.Fatalf("got %+v, %v", got, err)
	}
}

// A million streams in one session end in a clear refusal, and memory stays
// within the bound.
func TestBaseIsBounded(t *testing.T) {
	dec := NewDecoder()
	var last error
	for conn := uint32(1); conn < 400 && last == nil; conn++ {
		enc := NewEncoder()
		s := rtc.Stats{}
		for i := range 1000 {
			s.Reports = append(s.Reports, rtc.ReportPatch{ID: fmt.Appendf(nil, "R%d", i), Type: 1, First: i, Len: 1})
			s.Values = append(s.Values, rtc.Value{Member: rtc.StatPacketsSent, Form: rtc.FormNumber, Num: 1})
		}
		if err := enc.Add(&rtc.Record{Kind: rtc.KindStats, Conn: fmt.Appendf(nil, "PC_%d", conn), Stats: &s}); err != nil {
			t.Fatal(err)
		}
		last = dec.Decode(enc.Close(nil, 0), 0, discard)
	}
	var e *protocol.Error
	if !errors.As(last, &e) || e.Code != protocol.CodeLimit {
		t.Fatalf("got %v, want code %s", last, protocol.CodeLimit)
	}
	if dec.slots > maxSlots {
		t.Fatalf("%d members are held; the limit is %d", dec.slots, maxSlots)
	}
}

func TestJSONIsCheckedStrictly(t *testing.T) {
	good := []string{`0`, `-1.5e+3`, `"a\u00e9\n"`, `true`, ` [ ] `, `{"a":{"b":[1,2,{}]},"c":null}`, `[[],[[]]]`, strings.Repeat("[", 32) + strings.Repeat("]", 32)}
	bad := []string{``, ` `, `01`, `1.`, `.5`, `-`, `1e`, `"a`, "\"\n\"", `"\x"`, `"\u12g4"`, "\"\\u\x10\x10\x10\x10\"", `tru`, `[1,]`, `[1 2]`, `{"a"}`, `{"a":}`, `{a:1}`, `{"a":1,}`, `[}`, `]`, `{} {}`, `[1]]`,
		strings.Repeat("[", 33) + strings.Repeat("]", 33)}
	for _, s := range good {
		if !validJSON([]byte(s)) {
			t.Errorf("%q was refused", s)
		}
	}
	for _, s := range bad {
		if validJSON([]byte(s)) {
			t.Errorf("%q was taken", s)
		}
	}
}
