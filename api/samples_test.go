package api

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"testing"

	"github.com/peerglass/peerglass/query"
	"github.com/peerglass/peerglass/rtc"
)

// TestSamplesWriteThemselves compares with what encoding/json makes of them.
func TestSamplesWriteThemselves(t *testing.T) {
	nan, odd := rtc.Null, "video/\"VP9\" <\u2028\xff"
	for _, s := range []Samples{
		{Series: []Series{}},
		{StepMs: 10_000, Series: []Series{
			{Session: "0a1b", Stream: 7, Kind: "video", Direction: "receive", Times: []int64{1772366400000, 1772366410000}, Intervals: []uint32{9998, 0},
				Values: map[string]Figures{"bitrate": {1234567, nan}, "loss": {0.03125, 0.1}, "height": {-720, 1 << 24}, "jitter": {1e-6, 3e9}},
				Min:    map[string]Figures{"bitrate": {0, nan}}, Max: map[string]Figures{"bitrate": {2.5, nan}},
				Codec: []Run{{From: 1, Value: odd}, {From: 2}}, Limitation: []Run{}, Pair: []Run{{From: 3, Value: "host/udp srflx/udp"}}},
			{Times: []int64{}, Intervals: []uint32{}, Values: map[string]Figures{}, Codec: []Run{}, Limitation: []Run{}, Pair: []Run{}},
		}},
	} {
		var own bytes.Buffer
		if err := s.writeJSON(&own); err != nil {
			t.Fatal(err)
		}
		theirs, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var got, want any
		if err := json.Unmarshal(own.Bytes(), &got); err != nil {
			t.Fatalf("%v in %s", err, own.Bytes())
		}
		if err := json.Unmarshal(theirs, &want); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("it writes\n%s\nencoding/json writes\n%s", own.Bytes(), theirs)
		}
	}
}

// TestSamplesOfSeveralSessions proves that every filter reaches the question.
func TestSamplesOfSeveralSessions(t *testing.T) {
	b := newBench(t)
	path := "/apps/1/calls/" + mine.String() + "/samples"
	if w := b.do("one", "GET", path+"?session="+stay.String()+"&session="+theirStay.String()+"&kind=video&kind=screen&direction=receive&direction=both", ""); w.Code != 200 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	want := query.SampleFilter{Sessions: []rtc.SessionID{stay, theirStay}, Kinds: []rtc.MediaKind{rtc.KindVideo, rtc.KindScreen}, Directions: []rtc.Direction{rtc.Receive, rtc.Both}}
	if got := b.query.samples; !slices.Equal(got.Sessions, want.Sessions) || !slices.Equal(got.Kinds, want.Kinds) || !slices.Equal(got.Directions, want.Directions) {
		t.Errorf("samples were asked with %+v", got)
	}
	run(t, b, []scenario{
		{name: "session", as: "one", path: path + "?session=zzz", status: 404},
		{name: "kind", as: "one", path: path + "?kind=smell", status: 422, has: []string{"query.kind"}},
		{name: "direction", as: "one", path: path + "?direction=up", status: 422, has: []string{"query.direction"}},
	})
}
