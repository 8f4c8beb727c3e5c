package statsjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/rtc"
)

// tree is a Stats as encoding/json would have built it, so that the two can be
// compared.
func tree(s *rtc.Stats) map[string]any {
	out := map[string]any{}
	for i := range s.Reports {
		p := &s.Reports[i]
		report := map[string]any{}
		if p.Type != 0 {
			report["type"] = p.Type.String()
		}
		if p.Time != 0 {
			report["timestamp"] = p.Time
		}
		for _, v := range s.Of(p) {
			name := v.Member.String()
			if v.Member == 0 {
				name = string(v.Name)
			}
			switch v.Form {
			case rtc.FormNumber:
				report[name] = v.Num
			case rtc.FormText:
				report[name] = string(v.Text)
			case rtc.FormBool:
				report[name] = v.Num == 1
			case rtc.FormNull:
				report[name] = nil
			case rtc.FormJSON:
				var any any
				if err := json.Unmarshal(v.Text, &any); err != nil {
					any = err
				}
				report[name] = any
			default:
				report[name] = fmt.Errorf("form %d", v.Form)
			}
		}
		if p.Removed {
			out[string(p.ID)] = nil
		} else {
			out[string(p.ID)] = report
		}
	}
	return out
}

// expected is what tree should give for src, or false where encoding/json does
// not take it or this package takes it otherwise: doubled names.
func expected(src []byte) (map[string]any, float64, bool) {
	var top map[string]any
	if !json.Valid(src) || json.Unmarshal(src, &top) != nil || top == nil || doubled(src) {
		return nil, 0, false
	}
	time, _ := top["timestamp"].(float64)
	for id, value := range top {
		report, ok := value.(map[string]any)
		if !ok {
			delete(top, id)
			continue
		}
		if t, ok := report["timestamp"].(float64); ok && (t == 0 || t == time) {
			delete(report, "timestamp")
		}
		if report["id"] == id {
			delete(report, "id")
		}
		if name, ok := report["type"].(string); ok {
			if t := rtc.LookupStatsType([]byte(name)); t != 0 {
				report["type"] = t.String()
			}
		}
		if n, ok := report["type"].(float64); ok {
			report["type"] = fmt.Sprint(n)
		}
		for name, value := range report {
			if inner, ok := value.(map[string]any); ok && name == "qualityLimitationDurations" {
				delete(report, name)
				for leaf, v := range inner {
					report[name+"."+leaf] = v
				}
			}
		}
	}
	return top, time, true
}

// doubled reports whether an object within src has a name twice.
func doubled(src []byte) bool {
	d := json.NewDecoder(bytes.NewReader(src))
	var names []map[string]bool
	var isName []bool
	for {
		token, err := d.Token()
		if err != nil {
			return false
		}
		top := len(names) - 1
		switch t := token.(type) {
		case json.Delim:
			if t == '{' || t == '[' {
				if top >= 0 {
					isName[top] = names[top] != nil
				}
				var set map[string]bool
				if t == '{' {
					set = map[string]bool{}
				}
				names, isName = append(names, set), append(isName, t == '{')
			} else {
				names, isName = names[:top], isName[:top]
			}
			continue
		case string:
			if top >= 0 && isName[top] {
				if names[top][t] {
					return true
				}
				names[top][t], isName[top] = true, false
				continue
			}
		}
		if top >= 0 {
			isName[top] = names[top] != nil
		}
	}
}

var samples = []string{
	`{}`,
	` { "R1" : { "timestamp" : 0 , "type" : "inbound-rtp" , "packetsReceived" : 12 } , "timestamp" : 1795219660439.5 } `,
	`{"R1":{"timestamp":1795219660439.5,"id":"R1","type":"mystery","kind":"video","isRemote":false,"active":true,"jitter":0.004,"decoderImplementation":null},"timestamp":1795219660439.5}`,
	`{"R":{"qualityLimitationDurations":{"none":1.5,"cpu":0,"new":7,"deep":{"a":1}},"other":{"none":1},"list":[1,"two",[3]],"qualityLimitationReason":"none"}}`,
	`{"qualityLimitationDurations":{"qualityLimitationDurations":{}}}`,
	`{"a\"b\\c\/d\u00e9\ud83d\ude00\n":{"kind":"\t\b\f\r","\u006bind":"x","new\u0020name":"y"}}`,
	`{"lone":{"kind":"\ud83d","mid":"\ude00\ud83dx"}}`,
	`{"n":{"packetsLost":-3,"jitter":1e-7,"priority":9115038255631187000,"ssrc":4294967295,"qpSum":0.1,"x":1.7976931348623157e308,"y":5e-324,"z":123456789012345678901234567890,"w":-0.0,"v":1E+2}}`,
	`{"timestamp":null,"gone":null,"odd":5,"text":"x","list":[{}],"true":true}`,
	`{"":{"":1,"type":5,"timestamp":"then","id":"other"}}`,
}

func TestReadAgreesWithEncodingJSON(t *testing.T) {
	r := NewReader(Options{})
	var s rtc.Stats
	for _, src := range samples {
		if err := r.Read([]byte(src), &s); err != nil {
			t.Errorf("%s: %v", src, err)
			continue
		}
		want, time, ok := expected([]byte(src))
		if got := tree(&s); ok && (!reflect.DeepEqual(got, want) || s.Time != time) {
			t.Errorf("%s:\n got %v at %v\nwant %v at %v", src, got, s.Time, want, time)
		}
	}
}

func TestWhatIsNoReportIsCounted(t *testing.T) {
	r := NewReader(Options{})
	var s rtc.Stats
	if err := r.Read([]byte(samples[8]), &s); err != nil || len(s.Reports) != 0 || r.Passed() != 5 {
		t.Errorf("%v, %d reports, %d passed over", err, len(s.Reports), r.Passed())
	}
}

func TestReadList(t *testing.T) {
	var s rtc.Stats
	s.Reset()
	r := NewReader(Options{})
	in := NewScanner([]byte(`[{"type":"codec","id":"C","timestamp":5,"payloadType":96},7,{"ssrc":1,"id":"a\u0062"},{"kind":"audio"}][{"state":"failed"}]`))
	if !r.ReadList(&in, &s, 0) || !r.ReadList(&in, &s, rtc.TypeCandidatePair) || !in.End() {
		t.Fatal(in.Err())
	}
	var got []string
	for i := range s.Reports {
		p := &s.Reports[i]
		got = append(got, fmt.Sprintf("%s %s %d", p.ID, p.Type, p.Len))
	}
	want := []string{"C codec 1", fmt.Sprintf("ab %s 1", rtc.StatsType(0)), fmt.Sprintf(" %s 1", rtc.StatsType(0)), " candidate-pair 1"}
	if !reflect.DeepEqual(got, want) || r.Passed() != 1 {
		t.Errorf("got %q, passed %d; want %q, passed 1", got, r.Passed(), want)
	}
	many := "[" + strings.Repeat(`{"id":"a"},`, protocol.MaxReports) + `{"id":"a"}]`
	for _, bad := range []string{`{"id":"a"}`, `[{"id":"a"}`, `[{"id":"` + strings.Repeat("i", protocol.MaxName+1) + `"}]`, many} {
		s.Reset()
		in := NewScanner([]byte(bad))
		if r.ReadList(&in, &s, 0) && in.End() {
			t.Errorf("%.40s was taken", bad)
		}
	}
}

func TestAnotherSpelling(t *testing.T) {
	names := map[string]string{"1": "packetsReceived", "2": "type", "t": "timestamp", "q": "qualityLimitationDurations"}
	r := NewReader(Options{
		NullRemoves: true,
		Member: func(wire []byte) (rtc.Member, []byte) {
			if name, ok := names[string(wire)]; ok {
				return rtc.LookupMember([]byte(name)), []byte(name)
			}
			return 0, wire
		},
		Type: func(wire []byte) rtc.StatsType {
			if string(wire) == "1" {
				return rtc.TypeInboundRTP
			}
			return rtc.LookupStatsType(wire)
		},
	})
	var s rtc.Stats
	if err := r.Read([]byte(`{"7":{"1":5,"2":1,"q":{"cpu":2}},"8":{"2":"codec","t":4},"9":null,"t":99.5}`), &s); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"7": map[string]any{"type": "inbound-rtp", "packetsReceived": 5.0, "qualityLimitationDurations.cpu": 2.0},
		"8": map[string]any{"type": "codec", "timestamp": 4.0},
		"9": nil,
	}
	if got := tree(&s); !reflect.DeepEqual(got, want) || s.Time != 99.5 || r.Passed() != 0 {
		t.Errorf("got %v at %v, want %v", got, s.Time, want)
	}
}

func TestFaults(t *testing.T) {
	deep := strings.Repeat(`{"a":`, protocol.MaxDepth+1)
	for src, code := range map[string]string{
		``:                          protocol.CodeMalformed,
		`[]`:                        protocol.CodeMalformed,
		`{`:                         protocol.CodeMalformed,
		`{"a"`:                      protocol.CodeMalformed,
		`{"a":`:                     protocol.CodeMalformed,
		`{"a":{`:                    protocol.CodeMalformed,
		`{"a":{}`:                   protocol.CodeMalformed,
		`{"a":{},}`:                 protocol.CodeMalformed,
		`{"a":{}}x`:                 protocol.CodeMalformed,
		`{"a":{} "b":{}}`:           protocol.CodeMalformed,
		`{,"a":{}}`:                 protocol.CodeMalformed,
		`{a:{}}`:                    protocol.CodeMalformed,
		`{"a":{"b":}}`:              protocol.CodeMalformed,
		`{"a":{"b":tru}}`:           protocol.CodeMalformed,
		`{"a":{"b":truex}}`:         protocol.CodeMalformed,
		`{"a":{"b":-}}`:             protocol.CodeMalformed,
		`{"a":{"b":01}}`:            protocol.CodeMalformed,
		`{"a":{"b":1.}}`:            protocol.CodeMalformed,
		`{"a":{"b":1e}}`:            protocol.CodeMalformed,
		`{"a":{"b":.5}}`:            protocol.CodeMalformed,
		`{"a":{"b":1e400}}`:         protocol.CodeMalformed,
		`{"a":{"b":"\x"}}`:          protocol.CodeMalformed,
		`{"a":{"b":"\u12"}}`:        protocol.CodeMalformed,
		"{\"a\":{\"b\":\"\n\"}}":    protocol.CodeMalformed,
		"{\"a\":{\"b\":[\"\t\"]}}":  protocol.CodeMalformed,
		"{\"a\":{\"b\":\"\xff\"}}":  protocol.CodeMalformed,
		`{"a":{"b":[1,]}}`:          protocol.CodeMalformed,
		`{"a":{"b":{"c" 1}}}`:       protocol.CodeMalformed,
		deep:                        protocol.CodeLimit,
		`{"a":{"b":` + deep + `1}}`: protocol.CodeLimit,
		`{"timestamp":true}`:        "",
		`{"a":{"qualityLimitationDurations":{` + `"cpu":}}}`: protocol.CodeMalformed,
	} {
		var s rtc.Stats
		err := NewReader(Options{}).Read([]byte(src), &s)
		var fault *protocol.Error
		switch {
		case code == "" && err != nil && !errors.As(err, &fault):
			t.Errorf("%.60s: %v is not a protocol.Error", src, err)
		case code != "" && (!errors.As(err, &fault) || fault.Code != code):
			t.Errorf("%.60s: %v, want code %s", src, err, code)
		}
		for i := range s.Reports {
			_ = s.Of(&s.Reports[i]) // within bounds even after a fault
		}
	}
}

func TestNumbersAreTheNearest(t *testing.T) {
	for _, text := range []string{"0", "-0", "1", "9007199254740993", "0.1", "0.30000000000000004", "1795219660439.4897", "123456789.123456789",
		"1e22", "1e23", "1e-22", "1e-23", "4.9e-324", "2.2250738585072011e-308", "18446744073709551615", "18446744073709551616",
		"0.000001", "99999999999999999999e-5", "1234567890123456789", "0.1234567890123456789", "7e0", "100E-2"} {
		var want float64
		if err := json.Unmarshal([]byte(text), &want); err != nil {
			t.Fatal(err)
		}
		in := NewScanner([]byte(text))
		got, digits, ok := in.Number()
		if !ok || !in.End() || math.Float64bits(got) != math.Float64bits(want) || string(digits) != text {
			t.Errorf("%s is read as %v (%s), want %v", text, got, digits, want)
		}
	}
}

// poll returns an object of so many reports with so many members each.
func poll(reports, members int) []byte {
	var b bytes.Buffer
	b.WriteByte('{')
	for i := range reports {
		fmt.Fprintf(&b, `"IT01V%d":{"timestamp":0,"type":"inbound-rtp"`, i)
		for j := range members {
			fmt.Fprintf(&b, `,%q:%d.25`, rtc.Member(j%(rtc.Members-1)+1), j)
		}
		b.WriteString("},")
	}
	b.WriteString(`"timestamp":1795219661439.5}`)
	return b.Bytes()
}

func TestReadDoesNotAllocate(t *testing.T) {
	escaped := []byte(samples[5])
	for name, src := range map[string][]byte{"few": poll(3, 3), "many": poll(200, 200), "escaped": escaped, "nested": []byte(samples[3])} {
		r := NewReader(Options{})
		var s rtc.Stats
		if n := testing.AllocsPerRun(10, func() {
			if err := r.Read(src, &s); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func TestLimits(t *testing.T) {
	for name, src := range map[string][]byte{
		"reports": poll(protocol.MaxReports+1, 0),
		"values":  poll(protocol.MaxReports, protocol.MaxValues/protocol.MaxReports+1),
		"id":      []byte(`{"` + strings.Repeat("x", protocol.MaxName+1) + `":{}}`),
		"name":    []byte(`{"a":{"` + strings.Repeat("x", protocol.MaxName+1) + `":1}}`),
	} {
		var s rtc.Stats
		var fault *protocol.Error
		if err := NewReader(Options{}).Read(src, &s); !errors.As(err, &fault) || fault.Code != protocol.CodeLimit {
			t.Errorf("%s: %v, want a limit", name, err)
		}
	}
	var s rtc.Stats
	if err := NewReader(Options{}).Read(poll(protocol.MaxReports, protocol.MaxValues/protocol.MaxReports), &s); err != nil {
		t.Errorf("at the limits: %v", err)
	}
}

func FuzzStats(f *testing.F) {
	for _, src := range samples {
		f.Add([]byte(src))
	}
	f.Add(poll(3, 20))
	f.Fuzz(func(t *testing.T, src []byte) {
		var s rtc.Stats
		err := NewReader(Options{}).Read(src, &s)
		var fault *protocol.Error
		if err != nil {
			if !errors.As(err, &fault) {
				t.Fatalf("%v is not a protocol.Error", err)
			}
			if fault.Code != protocol.CodeMalformed {
				return
			}
		}
		want, time, ok := expected(src)
		if !ok {
			return
		}
		if err != nil {
			if _, err := json.Marshal(want); err == nil && bytes.ContainsRune(src, '\uFFFD') == false && json.Valid(src) && validUTF8(src) {
				t.Fatalf("refused: %v", err)
			}
			return
		}
		if got := tree(&s); !reflect.DeepEqual(got, want) || s.Time != time {
			t.Fatalf("%s:\n got %v at %v\nwant %v at %v", src, got, s.Time, want, time)
		}
	})
}

func validUTF8(b []byte) bool { return bytes.Equal(bytes.ToValidUTF8(b, nil), b) }

func BenchmarkRead(b *testing.B) {
	src := poll(20, 8)
	r := NewReader(Options{})
	var s rtc.Stats
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		if err := r.Read(src, &s); err != nil {
			b.Fatal(err)
		}
	}
}

// Reports in a list have their ids in them.
func TestAppendFrom(t *testing.T) {
	in := NewScanner([]byte(`[{"kind":"audio","id":"I\u0031","timestamp":5},{"id":"T","type":"transport","id2":1},{"kind":"nobody"},{"id":7}]`))
	var s rtc.Stats
	r := NewReader(Options{})
	in.Want('[')
	for first := true; in.More(&first, ']'); {
		if !r.AppendFrom(&in, &s, rtc.TypeInboundRTP) {
			t.Fatal(in.Err())
		}
	}
	if !in.End() || len(s.Reports) != 2 || len(s.Values) != 2 {
		t.Fatalf("%v, %+v", in.Err(), s)
	}
	if p := s.Reports[0]; string(p.ID) != "I1" || p.Type != rtc.TypeInboundRTP || p.Time != 5 || p.Len != 1 {
		t.Errorf("%+v", p)
	}
	if p := s.Reports[1]; string(p.ID) != "T" || p.Type != rtc.TypeTransport || string(s.Of(&p)[0].Name) != "id2" {
		t.Errorf("%+v", p)
	}
	long := NewScanner([]byte(`{"id":"` + strings.Repeat("x", protocol.MaxName+1) + `"}`))
	if s.Reset(); r.AppendFrom(&long, &s, 0) || long.Err() == nil {
		t.Error("an id of any length is taken")
	}
}
