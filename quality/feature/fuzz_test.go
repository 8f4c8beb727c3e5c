package feature

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"reflect"
	"runtime"
	"testing"

	"github.com/peerglass/peerglass/internal/recordings"
	"github.com/peerglass/peerglass/rtc"
)

// Whatever records come, features are finite, texts are bounded, no feature
// stands twice, and the same records make the same features.
func FuzzRecords(f *testing.F) {
	for _, name := range []string{"jitsi", "rtcstats"} {
		frames := recordings.Frames(f, name)
		f.Add(name == "jitsi", bytes.Join(frames[:min(60, len(frames))], []byte("\n")))
	}
	f.Add(true, []byte(`["create","PC_0",{"iceServers":[{"urls":[1,null,"turns:x"]}]},1]
["onicecandidate","PC_0",{"candidate":"candidate:1 1 udp 99999999999999999999 x 9 typ"},2]
["replaceTrack","PC_0",[[],["audio",1]],3]
["setVideoType",null,{"ssrc":5,"videoType":"camera"},4]
["getstats","PC_0",{"a":{"type":"inbound-rtp","ssrc":5,"packetsReceived":1e308,"packetsLost":-1e308,"timestamp":5},"t":{"type":"transport","selectedCandidatePairId":"a"}},5]
["getstats","PC_0",{"a":{"packetsReceived":-1e308,"packetsLost":1e308}},6]`))
	f.Fuzz(func(t *testing.T, isJitsi bool, data []byte) {
		name := map[bool]string{true: "jitsi", false: "rtcstats"}[isJitsi]
		run := func() []rtc.Feature {
			e, d := New(), decoderOf(name)
			for frame := range bytes.Lines(data) {
				d.Decode(bytes.Clone(frame), 1_800_000_000_000, e) // what is not understood is passed over
				e.Frame(len(frame))
			}
			return e.Features()
		}
		first := run()
		seen := make(map[[4]string]bool, len(first))
		for _, f := range first {
			key := [4]string{f.Set, f.Scope, f.Subject, f.Name}
			if seen[key] {
				t.Errorf("%v stands twice", key)
			}
			seen[key] = true
			if math.IsInf(f.Number, 0) || math.IsNaN(f.Number) && f.Text == "" {
				t.Errorf("%v says nothing: %v %q", key, f.Number, f.Text)
			}
			if len(f.Text) > maxListed*128+maxPings*200 {
				t.Errorf("%v has %d bytes", key, len(f.Text))
			}
		}
		if !reflect.DeepEqual(texts(first), texts(run())) {
			t.Error("the same records made other features")
		}
	})
}

// texts makes features comparable: NaN is not itself.
func texts(all []rtc.Feature) []string {
	out := make([]string, len(all))
	for i, f := range all {
		out[i] = fmt.Sprintf("%+v", f)
	}
	return out
}

// A dump that never ends and always has something new keeps a bounded memory.
func TestMemoryIsBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("makes a million reports")
	}
	e := New()
	stats := &rtc.Stats{}
	values := []rtc.Value{
		{Member: rtc.StatSsrc, Form: rtc.FormNumber}, {Member: rtc.StatPacketsReceived, Form: rtc.FormNumber, Num: 5},
		{Member: rtc.StatTrackIdentifier, Form: rtc.FormText}, {Member: rtc.StatFrameWidth, Form: rtc.FormNumber}, {Member: rtc.StatFrameHeight, Form: rtc.FormNumber},
		{Member: rtc.StatKind, Form: rtc.FormText, Text: []byte("video")}, {Member: rtc.StatMimeType, Form: rtc.FormText},
	}
	long := bytes.Repeat([]byte("x"), 4000)
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	n := uint32(0)
	for round := range 1000 {
		conn := fmt.Appendf(nil, "PC_%d", round)
		for _, name := range []string{rtc.NameCreate, rtc.NameTrack, "setVideoType", "addIceCandidate"} {
			payload := fmt.Appendf(nil, `{"kind":"video","id":"%d%s","ssrc":%d,"videoType":"%d"}`, round, long, round+1, round)
			r := rtc.Record{Kind: rtc.KindCall, Time: int64(round + 1), Name: []byte(name), Conn: conn, Payload: payload}
			if name == "setVideoType" {
				r.Conn = nil
			}
			e.Record(&r)
		}
		stats.Reset()
		stats.MissingRemoved = round%2 == 0
		for range 1000 {
			n++
			first := len(stats.Values)
			for _, v := range values {
				v.Num += float64(n)
				if v.Text == nil {
					v.Text = long
				}
				stats.Values = append(stats.Values, v)
			}
			stats.Reports = append(stats.Reports, rtc.ReportPatch{ID: binary.BigEndian.AppendUint32(nil, n), Type: rtc.TypeInboundRTP, First: first, Len: len(values)})
		}
		e.Record(&rtc.Record{Kind: rtc.KindStats, Time: int64(round + 1), Conn: conn, Stats: stats})
	}
	stats = nil
	// 4096 reports and 4096 tracks, of at most a few kilobytes each.
	if grown := heap() - min(before, heap()); grown > 64<<20 {
		t.Errorf("after a million reports the extractor keeps %d MiB", grown>>20)
	} else {
		t.Logf("after a million reports the extractor keeps %.1f MiB", float64(grown)/(1<<20))
	}
	if got := len(e.connections); got != maxConnections {
		t.Errorf("%d connections are kept, want %d", got, maxConnections)
	}
	runtime.KeepAlive(e)
}

// keeper copies records, so that a benchmark measures the extractor alone.
type keeper []rtc.Record

func (k *keeper) Record(r *rtc.Record) error {
	c := *r
	c.Conn, c.Name, c.Corr, c.Payload = bytes.Clone(r.Conn), bytes.Clone(r.Name), bytes.Clone(r.Corr), bytes.Clone(r.Payload)
	if r.Stats != nil {
		s := *r.Stats
		s.Reports, s.Values = append([]rtc.ReportPatch(nil), s.Reports...), append([]rtc.Value(nil), s.Values...)
		for i := range s.Reports {
			s.Reports[i].ID = bytes.Clone(s.Reports[i].ID)
		}
		for i := range s.Values {
			s.Values[i].Text, s.Values[i].Name = bytes.Clone(s.Values[i].Text), bytes.Clone(s.Values[i].Name)
		}
		c.Stats = &s
	}
	*k = append(*k, c)
	return nil
}

// The time of a record, without its decoding, and of the features at the end.
func BenchmarkRecord(b *testing.B) {
	for _, name := range []string{"jitsi", "rtcstats"} {
		var records keeper
		d := decoderOf(name)
		for _, frame := range recordings.Frames(b, name) {
			if err := d.Decode(frame, 1_800_000_000_000, &records); err != nil {
				b.Fatal(err)
			}
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				e := New()
				for i := range records {
					e.Record(&records[i])
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(records)), "ns/record")
		})
		b.Run(name+"/features", func(b *testing.B) {
			e := New()
			for i := range records {
				e.Record(&records[i])
			}
			b.ReportAllocs()
			for b.Loop() {
				e.Features()
			}
		})
	}
}
