package dump

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/peerglass/peerglass/internal/recordings"
	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/protocol/native"
	"github.com/peerglass/peerglass/protocol/rtcstats"
	"github.com/peerglass/peerglass/rtc"
)

// fixture returns the frames of a recorded session of this repository.
func fixture(t testing.TB, protocolName string) [][]byte {
	t.Helper()
	if protocolName == ProtocolNative {
		return nativeFixture(t)
	}
	return recordings.Frames(t, protocolName)
}

// nativeFixture is the session of rtcstats as native batches of five records.
func nativeFixture(t testing.TB) (batches [][]byte) {
	t.Helper()
	d, e, n := rtcstats.NewDecoder(), native.NewEncoder(), 0
	sink := sinkFunc(func(r *rtc.Record) error {
		if n++; n%5 == 0 {
			batches = append(batches, e.Close(nil, r.Time))
		}
		return e.Add(r)
	})
	for _, f := range fixture(t, ProtocolRTCStats) {
		if err := d.Decode(f, 0, sink); err != nil {
			t.Fatal(err)
		}
	}
	return append(batches, e.Close(nil, 0))
}

const start = 1795251455000

// raw writes frames as a raw dump, 20 ms apart.
func raw(t testing.TB, h Header, frames [][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := NewWriter(&b, h)
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range frames {
		if err := w.Frame(start+int64(i)*20, f); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pack(data string) []byte {
	var b bytes.Buffer
	gz := gzip.NewWriter(&b)
	gz.Write([]byte(data))
	gz.Close()
	return b.Bytes()
}

func unpack(t testing.TB, data []byte) []byte {
	t.Helper()
	gz, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(gz)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var sessions = map[string]Header{
	ProtocolJitsi:    {Protocol: ProtocolJitsi, Subprotocol: "3.1_STANDARD"},
	ProtocolRTCStats: {Protocol: ProtocolRTCStats},
	ProtocolNative:   {Protocol: ProtocolNative},
}

// A raw dump gives back its header, its frames and when they came; rewritten
// as RTCStatsDump it says the same.
func TestRawDump(t *testing.T) {
	for name, h := range sessions {
		t.Run(name, func(t *testing.T) {
			frames := fixture(t, name)
			h.App, h.Session, h.Call, h.Start = 7, 8, 9, start
			h.Room, h.UserAgent, h.Address = "room", "agent", "192.0.2.0"
			h.Identity = &rtc.Identity{User: "alice", Keys: map[string]string{"plan": "free"}}
			data := raw(t, h, frames)
			src, err := Open(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			if got, _ := json.Marshal(src.Header()); true {
				if want, _ := json.Marshal(h); string(got) != string(want) {
					t.Errorf("header %s, want %s", got, want)
				}
			}
			k := newKeeper(false)
			var sizes []int
			src.Sizes(func(n int) { sizes = append(sizes, n) })
			if err := src.Replay(k); err != nil {
				t.Fatal(err)
			}
			if !slices.EqualFunc(sizes, frames, func(n int, f []byte) bool { return n == len(f) }) {
				t.Errorf("sizes %d are not those of the frames", sizes)
			}
			sum := src.Summary()
			if sum.Records < int64(len(frames)) || sum.Polls == 0 || sum.Connections != 1 || sum.Faults != 0 {
				t.Errorf("%+v of %d frames", sum, len(frames))
			}
			if want := start + int64(len(frames)-1)*20; sum.First != start || sum.Last != want {
				t.Errorf("from %d to %d, want %d to %d", sum.First, sum.Last, start, want)
			}
			if want := `{"room":"room","user":"alice","userAgent":"agent","keys":{"plan":"free"}}`; k.header != want {
				t.Errorf("the header tells %s, want %s", k.header, want)
			}
			if src.Notes() != nil {
				t.Errorf("notes %q", src.Notes())
			}
			roundTrip(t, data)
		})
	}
}

// What a session's client sent as rtcstats stands in its RTCStatsDump as it
// was sent.
func TestV3KeepsFramesOfRTCStats(t *testing.T) {
	frames := fixture(t, ProtocolRTCStats)
	odd := append(frames[:len(frames):len(frames)], []byte("[not a frame"), []byte("[\n 23, \"PC_0\", \"stable\",\n 5]"))
	src, err := Open(bytes.NewReader(raw(t, Header{Protocol: ProtocolRTCStats, UserAgent: "agent"}, odd)))
	if err != nil {
		t.Fatal(err)
	}
	var v3 bytes.Buffer
	if err := WriteV3(&v3, src); err != nil {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSuffix(v3.Bytes(), []byte("\n")), []byte("\n"))
	want := append(frames[:len(frames):len(frames)], []byte(`[23,"PC_0","stable",5]`))
	if len(lines) != len(want)+2 {
		t.Fatalf("%d lines, want %d", len(lines), len(want)+2)
	}
	for i, f := range want {
		if !bytes.Equal(lines[i+2], f) {
			t.Fatalf("line %d\n is %s\nwas %s", i+3, lines[i+2], f)
		}
	}
}

// A dump of another protocol has the structure of the public sample: its
// name, a header with the version, and frames that begin with numbers and end
// with time differences.
func TestV3Structure(t *testing.T) {
	sample, err := os.ReadFile(filepath.Join(recordings.Dir(t), "rtcstats__rtcstats/dump-importer/test/data/rtcstats/gumonly.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	src, err := Open(bytes.NewReader(raw(t, sessions[ProtocolJitsi], fixture(t, ProtocolJitsi))))
	if err != nil {
		t.Fatal(err)
	}
	var v3 bytes.Buffer
	if err := WriteV3(&v3, src); err != nil {
		t.Fatal(err)
	}
	codes := make(map[string]int)
	for name, text := range map[string]string{"sample": string(sample), "ours": v3.String()} {
		lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
		if lines[0] != "RTCStatsDump" {
			t.Fatalf("%s: line 1 is %q", name, lines[0])
		}
		var header map[string]any
		if err := json.Unmarshal([]byte(lines[1]), &header); err != nil || header["fileFormat"] != 3.0 {
			t.Fatalf("%s: line 2 is %s (%v)", name, lines[1], err)
		}
		for _, member := range []string{"startTime", "remoteAddresses"} {
			if header[member] == nil {
				t.Errorf("%s: the header has no %s", name, member)
			}
		}
		now := 0.0
		for i, line := range lines[2:] {
			var frame []any
			if err := json.Unmarshal([]byte(line), &frame); err != nil || len(frame) < 4 {
				t.Fatalf("%s: line %d is %.200s (%v)", name, i+3, line, err)
			}
			delta, ok := frame[len(frame)-1].(float64)
			if !ok || i == 0 && delta < 1e12 || i > 0 && (delta < -1e6 || delta > 1e6) {
				t.Fatalf("%s: line %d ends with %v", name, i+3, frame[len(frame)-1])
			}
			now += delta
			if name == "ours" {
				codes[fmt.Sprint(frame[0])]++
				if _, isText := frame[1].(string); !isText && frame[1] != nil {
					t.Fatalf("line %d: connection %v", i+3, frame[1])
				}
				if frame[0] == "g" {
					for id, report := range frame[2].(map[string]any) {
						if id != "t" && strings.Trim(id, "0123456789") != "" {
							t.Fatalf("line %d: report %q has no number", i+3, id)
						}
						if r, ok := report.(map[string]any); ok && r["type"] != nil {
							if _, isText := r["type"].(string); isText {
								t.Errorf("line %d: type %v has no number", i+3, r["type"])
							}
						}
					}
				}
			}
		}
	}
	for _, code := range []string{"g", "39", "60", "61", "3", "6", "7", "8", "20", "25"} { // create, getUserMedia, offers, states …
		if codes[code] == 0 {
			t.Errorf("no frame has the number %s: %v", code, codes)
		}
	}
	if codes["g"] < 2 {
		t.Error("no polls")
	}
}

// The public viewer fails on statistics of a connection that it has not heard
// of.
func TestV3NamesConnectionsBeforeTheirStatistics(t *testing.T) {
	poll := `["g","PC_0",{"0":{"type":1,"14":1},"t":1758602115670},%d]` + "\n"
	for name, file := range map[string]string{
		"rtcstats": "RTCStatsDump\n{\"fileFormat\":3}\n[60,null,{},1758602115670]\n" + fmt.Sprintf(poll, 5) + fmt.Sprintf(poll, 6),
		"jitsi":    `["getstats","PC_0",{"IT":{"type":"inbound-rtp","packetsReceived":1,"timestamp":0},"timestamp":1758602115670},1758602115671]` + "\n",
	} {
		src, err := Open(strings.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		var v3 bytes.Buffer
		if err := WriteV3(&v3, src); err != nil {
			t.Fatal(err)
		}
		create, stats := strings.Index(v3.String(), `[39,"PC_0",null,`), strings.Index(v3.String(), `["g","PC_0"`)
		if create < 0 || create > stats || strings.Count(v3.String(), "[39,") != 1 {
			t.Errorf("%s: %s", name, v3.String())
		}
	}
}

func TestFaultyFiles(t *testing.T) {
	frames := fixture(t, ProtocolRTCStats)
	whole := raw(t, Header{Protocol: ProtocolRTCStats}, frames)
	plain := unpack(t, whole)
	text := "RTCStatsDump\n{\"fileFormat\":3}\n" + string(bytes.Join(frames, []byte("\n"))) + "\n"
	changed := bytes.Clone(whole)
	changed[len(changed)-6] ^= 0xff // the checksum
	for name, c := range map[string]struct {
		data       []byte
		code, what string // of Open or Replay; "" for none
		records    bool   // some came before
	}{
		"empty":                  {nil, protocol.CodeMalformed, "the file is empty", false},
		"gzip of nothing":        {pack(""), protocol.CodeMalformed, "the file is empty", false},
		"white space":            {[]byte(" \n\t"), protocol.CodeMalformed, "the file is empty", false},
		"gzip header cut off":    {whole[:5], protocol.CodeMalformed, "cut off", false},
		"gzip cut off":           {whole[:len(whole)*2/3], protocol.CodeMalformed, "cut off", true},
		"gzip checksum":          {changed, protocol.CodeMalformed, "damaged", true},
		"raw cut off":            {plain[:len(plain)*2/3], protocol.CodeMalformed, "cut off", true},
		"raw without its end":    {plain[:len(plain)-2], protocol.CodeMalformed, "cut off", true},
		"raw without a header":   {[]byte(rawMagic), protocol.CodeMalformed, "cut off", false},
		"raw, header no JSON":    {[]byte(rawMagic + "x\n"), protocol.CodeMalformed, "header is damaged", false},
		"raw of the future":      {[]byte("PeerglassDump 2\n{}\n"), protocol.CodeUnsupported, "version", false},
		"raw, unknown protocol":  {[]byte(rawMagic + "{\"protocol\":\"x\"}\n"), protocol.CodeUnsupported, `protocol "x"`, false},
		"raw, impossible length": {[]byte(rawMagic + "{\"protocol\":\"rtcstats\"}\n\x00\xff\xff\xff\xff\xff\x7f"), protocol.CodeMalformed, "impossible length", false},
		"raw, time overflows":    {[]byte(rawMagic + "{\"protocol\":\"rtcstats\"}\n" + strings.Repeat("\xff", 12)), protocol.CodeMalformed, "damaged", false},
		"raw, long frame cut":    {[]byte(rawMagic + "{\"protocol\":\"rtcstats\"}\n\x00\xff\xff\xff\x00abc"), protocol.CodeMalformed, "cut off", false},
		"raw, no records":        {raw(t, Header{Protocol: ProtocolRTCStats}, nil), "", "", false},
		"no header":              {[]byte("RTCStatsDump"), protocol.CodeMalformed, "cut off", false},
		"header no JSON":         {[]byte("RTCStatsDump\nx\n"), protocol.CodeMalformed, "header", false},
		"header no version":      {[]byte("RTCStatsDump\n{}\n"), protocol.CodeMalformed, "version", false},
		"header of the future":   {[]byte("RTCStatsDump\n{\"fileFormat\":4}\n"), protocol.CodeUnsupported, "version 4", false},
		"last line cut off":      {[]byte(text[:len(text)-100]), "", "", true},
		"no records":             {[]byte("RTCStatsDump\n{\"fileFormat\":3}\n"), "", "", false},
		"nothing but faults":     {[]byte("RTCStatsDump\n{\"fileFormat\":3}\n[\n[\n"), protocol.CodeMalformed, "none of the 2 entries", false},
		"Jitsi, all faults":      {[]byte(`["a",null,` + "\n"), protocol.CodeMalformed, "none of the 1 entries", false},
		"a page":                 {[]byte("<!DOCTYPE html><html>"), protocol.CodeUnsupported, "web page", false},
		"a capture":              {[]byte("\xd4\xc3\xb2\xa1\x02\x00"), protocol.CodeUnsupported, "pcap", false},
		"an archive":             {[]byte("PK\x03\x04aaaa"), protocol.CodeUnsupported, "ZIP", false},
		"gzip twice":             {pack(string(pack("x"))), protocol.CodeUnsupported, "gzip within a gzip", false},
		"binary":                 {[]byte{0, 1, 2, 3}, protocol.CodeUnsupported, "binary data", false},
		"words":                  {[]byte("täglich"), protocol.CodeUnsupported, `text that begins with "täglich"`, false},
		"JSON cut off":           {[]byte(`{"a":{"b":`), protocol.CodeMalformed, "JSON document", false},
		"export cut off":         {[]byte(`{"PeerConnections":{"1-1":{"url":"x","upd`), protocol.CodeMalformed, "cut off or damaged", false},
		"list of texts":          {[]byte(`["a","b"]`), "", "", false}, // could be a line; see below
		"list of numbers":        {[]byte(`[1,2]`), protocol.CodeUnsupported, "numbers", false},
		"empty list":             {[]byte(`[]`), protocol.CodeUnsupported, "empty JSON list", false},
		"empty object":           {[]byte(`{}`), protocol.CodeUnsupported, "JSON document", false},
		"bomb":                   {bomb(t), protocol.CodeTooLarge, "expands more than", false},
	} {
		t.Run(name, func(t *testing.T) {
			var sum Summary
			src, err := Open(bytes.NewReader(c.data))
			if err == nil {
				err = src.Replay(discard{})
				sum = src.Summary()
			}
			if name == "list of texts" {
				c.code, c.what = protocol.CodeMalformed, "none of the 1 entries"
			}
			if c.code == "" {
				if err != nil {
					t.Fatal(err)
				}
				if len(src.Notes()) == 0 {
					t.Error("nothing is noted")
				}
				return
			}
			var fault *protocol.Error
			if !errors.As(err, &fault) || fault.Code != c.code || !strings.Contains(fault.Error(), c.what) {
				t.Fatalf("error %v, want %s with %q", err, c.code, c.what)
			}
			if (sum.Records > 0) != c.records {
				t.Errorf("%d records came before the fault, want some: %v", sum.Records, c.records)
			}
		})
	}
}

// bomb is an RTCStatsDump of 200 MiB of spaces in 200 KiB.
func bomb(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	gz, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	gz.Write([]byte("RTCStatsDump\n{\"fileFormat\":3}\n"))
	spaces := bytes.Repeat([]byte(" "), 1<<20)
	for range 200 {
		gz.Write(spaces)
	}
	gz.Close()
	return b.Bytes()
}

// A line that is too long is passed over, and what follows is read.
func TestLongLine(t *testing.T) {
	var b bytes.Buffer
	b.WriteString("RTCStatsDump\n{\"fileFormat\":3}\n[23,\"PC_0\",\"stable\",1795219709950]\n[\"")
	b.Write(bytes.Repeat([]byte("x"), 3*protocol.MaxFrame))
	b.WriteString("\"]\r\n\r\n[23,\"PC_0\",\"closed\",1]\r\n")
	src, err := Open(&b)
	if err != nil {
		t.Fatal(err)
	}
	if err := src.Replay(discard{}); err != nil {
		t.Fatal(err)
	}
	if sum := src.Summary(); sum.Records != 2 || sum.Faults != 1 || !strings.Contains(sum.Fault.Error(), "entry 2 is longer than") {
		t.Errorf("%+v", sum)
	}
}

type discard struct{}

func (discard) Record(*rtc.Record) error { return nil }

type failing struct{ after int }

var errSink = errors.New("the sink is full")

func (f *failing) Record(*rtc.Record) error {
	if f.after--; f.after < 0 {
		return errSink
	}
	return nil
}

// Errors of the sink end the replay and are returned as they are.
func TestSinkFails(t *testing.T) {
	for name, h := range sessions {
		data := raw(t, h, fixture(t, name))
		for _, after := range []int{0, 5} {
			src, err := Open(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			if err := src.Replay(&failing{after}); err != errSink {
				t.Errorf("%s: error %v", name, err)
			}
			if f := src.Summary().Faults; f != 0 {
				t.Errorf("%s: %d faults of the file", name, f)
			}
		}
	}
}

type brokenReader struct {
	r   io.Reader
	err error
}

func (b *brokenReader) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if err == io.EOF {
		err = b.err
	}
	return n, err
}

// A disk that fails is no fault of the file.
func TestReaderFails(t *testing.T) {
	data := raw(t, sessions[ProtocolJitsi], fixture(t, ProtocolJitsi))
	want := errors.New("input/output error")
	for _, n := range []int{0, 1, 15, len(data) / 2} {
		src, err := Open(&brokenReader{bytes.NewReader(data[:n]), want})
		if err == nil {
			err = src.Replay(discard{})
		}
		var fault *protocol.Error
		if !errors.Is(err, want) || errors.As(err, &fault) {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
}

// A server's clock that is far from the client's dates the records.
func TestStartDatesRecordsOfAWrongClock(t *testing.T) {
	file := "RTCStatsDump\n{\"startTime\":%d,\"fileFormat\":3}\n[23,\"PC_0\",\"stable\",1758602115670]\n[23,\"PC_0\",\"closed\",100]\n"
	for _, c := range []struct{ start, first int64 }{
		{1758602115600, 1758602115670}, // delay
		{1790138115670, 1790138115670}, // a year
		{0, 1758602115670},
	} {
		src, err := Open(strings.NewReader(fmt.Sprintf(file, c.start)))
		if err != nil {
			t.Fatal(err)
		}
		if err := src.Replay(discard{}); err != nil {
			t.Fatal(err)
		}
		if sum := src.Summary(); sum.First != c.first || sum.Last != c.first+100 {
			t.Errorf("start %d: received from %d to %d, want from %d", c.start, sum.First, sum.Last, c.first)
		}
	}
}

// Versions 1 and 2 are what the first rtcstats-server wrote: a header and bare
// arrays with absolute times, where a report that is not named is unchanged.
func TestOldRTCStatsDump(t *testing.T) {
	lines := `["create","PC_0",{"iceServers":[]},1454005459012]
["getstats","PC_0",{"IT01":{"type":"inbound-rtp","ssrc":1,"packetsReceived":5,"timestamp":0},"P":{"type":"peer-connection","dataChannelsOpened":0,"timestamp":0},"timestamp":1454005460000},1454005460012]
["getstats","PC_0",{"IT01":{"packetsReceived":9,"timestamp":0},"timestamp":1454005461000},1454005461012]
`
	header := `{"path":"/room","origin":"https://example.org","userAgent":"Mozilla/5.0","fileFormat":2}` + "\n"
	for name, file := range map[string]string{"named": "RTCStatsDump\n" + header + lines, "bare": header + lines} {
		t.Run(name, func(t *testing.T) {
			src, err := Open(strings.NewReader(file))
			if err != nil {
				t.Fatal(err)
			}
			if src.Format() != FormatRTCStats || src.Header().Path != "/room" {
				t.Errorf("%s, %+v", src.Format(), src.Header())
			}
			k := newKeeper(false)
			if err := src.Replay(k); err != nil {
				t.Fatal(err)
			}
			last := k.records[len(k.records)-1]
			if last.Reports["IT01"].Values["packetsReceived"] != "9" || last.Reports["P"].Values["dataChannelsOpened"] != "0" {
				t.Errorf("%+v", last)
			}
		})
	}
}

func TestWriterRefusesWhatHasNoFrames(t *testing.T) {
	for _, p := range []string{"", "internals", "x"} {
		if _, err := NewWriter(io.Discard, Header{Protocol: p}); err == nil {
			t.Errorf("frames of %q can be kept", p)
		}
	}
}

func BenchmarkReplay(b *testing.B) {
	for name, h := range sessions {
		b.Run(name, func(b *testing.B) {
			data := raw(b, h, fixture(b, name))
			b.SetBytes(int64(len(unpack(b, data))))
			b.ReportAllocs()
			for b.Loop() {
				src, err := Open(bytes.NewReader(data))
				if err != nil {
					b.Fatal(err)
				}
				if err := src.Replay(discard{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func FuzzOpen(f *testing.F) {
	f.Add([]byte("RTCStatsDump\n{\"fileFormat\":3}\n[23,\"PC_0\",\"stable\",1758602115670]\n"))
	f.Add([]byte(`{"PeerConnections":{"1-1":{"url":"x","updateLog":[],"stats":{"a-b":{"startTime":"2024-03-12T13:37:21.886Z","values":"[1,2]"}}}}}`))
	f.Add([]byte(`{"path":"/","userAgent":"x","fileFormat":2}` + "\n" + `["create","PC_0",{},1]`))
	f.Add([]byte(rawMagic + "{\"protocol\":\"native\"}\n\x02\x03ab\x00\x00"))
	f.Add([]byte(`["create","PC_0",{},1758602115670]`))
	for name, h := range sessions {
		frames := fixture(f, name)
		f.Add(unpack(f, raw(f, h, frames[:min(len(frames), 12)])))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<20 {
			return
		}
		src, err := Open(bytes.NewReader(data))
		if err != nil {
			return
		}
		var out bytes.Buffer
		var fault *protocol.Error
		if err := WriteV3(&out, src); err != nil && !errors.As(err, &fault) {
			t.Fatal(err)
		}
		again, err := Open(&out)
		if err != nil {
			t.Fatalf("what was written is refused: %v", err)
		}
		if err := again.Replay(discard{}); err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		if f := again.Summary().Fault; f != nil {
			t.Fatalf("what was written has a fault: %v", f)
		}
	})
}
