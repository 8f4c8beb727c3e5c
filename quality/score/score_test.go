package score

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/peerglass/peerglass/internal/golden"
	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
)

// stream is what every sample of a received stream tells.
type stream struct {
	kind   rtc.MediaKind
	codec  string
	values map[*quality.Metric]float64
}

// voice is a clean stream of Opus, camera one of 640×480.
func voice(change map[*quality.Metric]float64) stream {
	return stream{rtc.KindAudio, "audio/opus", with(map[*quality.Metric]float64{
		quality.AudioTime: 1000, quality.AudioStutterTime: 0, quality.Concealment: 0, quality.Loss: 0, quality.Delay: 80, quality.LagTime: 0,
		quality.Bitrate: 32_000, quality.PacketRate: 50, quality.AudioMOS: 4.4,
	}, change)}
}

func camera(change map[*quality.Metric]float64) stream {
	return stream{rtc.KindVideo, "video/VP8", with(map[*quality.Metric]float64{
		quality.VideoTime: 1000, quality.VideoStutterTime: 0, quality.FpsDecoded: 30, quality.Delay: 80, quality.LagTime: 0,
		quality.Bitrate: 1_000_000, quality.Width: 640, quality.Height: 480, quality.Qp: 30, quality.VideoMOS: 4.1,
	}, change)}
}

func with(values, change map[*quality.Metric]float64) map[*quality.Metric]float64 {
	for m, v := range change {
		values[m] = v
	}
	return values
}

var (
	nan   = math.NaN()
	start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
)

// sample fills s with the stream's values over the second that ends at.
func (s stream) sample(id rtc.StreamID, at time.Time) *rtc.Sample {
	row := rtc.Sample{Stream: id, Time: at, Interval: time.Second, Kind: s.kind, Direction: rtc.Receive, Codec: s.codec, Values: make([]float32, len(quality.Catalogue()))}
	for i := range row.Values {
		row.Values[i] = rtc.Null
	}
	for m, v := range s.values {
		row.Values[m.Index()] = float32(v)
	}
	return &row
}

// phase is how long, in s, which streams were received.
type phase struct {
	seconds int
	streams []stream
}

func outcome(phases ...phase) rtc.Outcome {
	w, at := New(), start
	for _, p := range phases {
		for range p.seconds {
			at = at.Add(time.Second)
			for i, s := range p.streams {
				w.Sample(s.sample(rtc.StreamID(i+1), at))
			}
		}
	}
	var o rtc.Outcome
	w.Result(&o, false)
	return o
}

func ids(o rtc.Outcome) (list []string) {
	for _, r := range o.Reasons {
		list = append(list, r.ID)
	}
	return list
}

func bad(m *quality.Metric, v float64) map[*quality.Metric]float64 {
	return map[*quality.Metric]float64{m: v}
}

// cases are sessions of a minute and more with their streams.
var cases = []struct {
	name   string
	phases []phase
}{
	{"clean", []phase{{60, []stream{voice(nil), camera(nil)}}}},
	{"clean, audio alone", []phase{{60, []stream{voice(nil)}}}},
	{"nothing received", nil},
	{"picture stood still 6.1 %", []phase{{57, []stream{camera(nil)}}, {3, []stream{camera(bad(quality.VideoStutterTime, 1220))}}}},
	{"picture stood still 10 %", []phase{{54, []stream{voice(nil), camera(nil)}}, {6, []stream{voice(nil), camera(bad(quality.VideoStutterTime, 1000))}}}},
	{"speech broke off 5 %", []phase{{57, []stream{voice(nil), camera(nil)}}, {3, []stream{voice(map[*quality.Metric]float64{
		quality.AudioStutterTime: 1000, quality.Concealment: 1, quality.AudioMOS: 1}), camera(nil)}}}},
	{"1 % of speech concealed", []phase{{60, []stream{voice(bad(quality.Concealment, 0.01)), camera(nil)}}}},
	{"5 % of speech concealed", []phase{{60, []stream{voice(bad(quality.Concealment, 0.05)), camera(nil)}}}},
	{"5 % lost, concealment not told", []phase{{60, []stream{voice(map[*quality.Metric]float64{quality.Concealment: nan, quality.Loss: 0.05})}}}},
	{"half a second late", []phase{{60, []stream{voice(map[*quality.Metric]float64{quality.Delay: 500, quality.LagTime: 1000}), camera(map[*quality.Metric]float64{quality.Delay: 500, quality.LagTime: 1000})}}}},
	{"speech at 12 kbit/s", []phase{{60, []stream{voice(bad(quality.Bitrate, 6_000))}}}},
	{"8 frames a second", []phase{{60, []stream{voice(nil), camera(bad(quality.FpsDecoded, 8))}}}},
	{"coarse picture", []phase{{60, []stream{voice(nil), camera(bad(quality.Qp, 110))}}}},
	{"coarse picture, quantiser not told", []phase{{60, []stream{voice(nil), camera(map[*quality.Metric]float64{quality.Qp: nan, quality.Bitrate: 40_000})}}}},
	{"a screen with one frame a second", []phase{{60, []stream{voice(nil), {rtc.KindScreen, "video/VP8", camera(map[*quality.Metric]float64{quality.FpsDecoded: 1, quality.Bitrate: 5000}).values}}}}},
	{"blackout of 15 s in a minute", []phase{{45, []stream{voice(nil), camera(nil)}}, {15, []stream{
		voice(map[*quality.Metric]float64{quality.AudioStutterTime: 1000, quality.Concealment: 1, quality.Delay: nan, quality.LagTime: nan, quality.AudioMOS: 1}),
		camera(map[*quality.Metric]float64{quality.VideoStutterTime: 1000, quality.FpsDecoded: 0, quality.Delay: nan, quality.LagTime: nan, quality.VideoMOS: 1}),
	}}}},
	{"all of it black", []phase{{60, []stream{
		voice(map[*quality.Metric]float64{quality.AudioStutterTime: 1000, quality.Concealment: 1}),
		camera(map[*quality.Metric]float64{quality.VideoStutterTime: 1000, quality.FpsDecoded: 0}),
	}}}},
	{"no speech, perfect picture", []phase{{60, []stream{voice(map[*quality.Metric]float64{quality.AudioStutterTime: 1000, quality.Concealment: 1}), camera(nil)}}}},
	{"bad picture for 10 s of ten minutes of speech", []phase{{10, []stream{voice(nil), camera(bad(quality.VideoStutterTime, 1000))}}, {590, []stream{voice(nil)}}}},
	{"one of four streams is bad", []phase{{60, []stream{voice(nil), voice(nil), voice(nil), voice(bad(quality.Concealment, 0.1))}}}},
}

// The scores of a version never change: with other coefficients comes another
// version, which has a file of its own.
func TestGoldenScores(t *testing.T) {
	var b strings.Builder
	for _, c := range cases {
		o := outcome(c.phases...)
		fmt.Fprintf(&b, "%s\n  score %v audio %v video %v\n", c.name, o.Score, o.AudioScore, o.VideoScore)
		fmt.Fprintf(&b, "  video %v stutter %v, audio %v stutter %v, lag %v, bad %v ms\n", o.VideoTime, o.VideoStutter, o.AudioTime, o.AudioStutter, o.LagTime, o.BadTime)
		for _, r := range o.Reasons {
			fmt.Fprintf(&b, "  -%.1f %s: %s\n", r.Points, r.ID, r.Text)
		}
	}
	path := filepath.Join("testdata", fmt.Sprintf("v%d.txt", Version))
	want, err := os.ReadFile(path)
	if golden.Update() && os.IsNotExist(err) {
		want, err = []byte(b.String()), os.WriteFile(path, []byte(b.String()), 0o644)
	}
	if err != nil {
		t.Fatalf("%v: write it with go test ./quality/score -update", err)
	}
	if b.String() != string(want) {
		t.Errorf("the scores are not those of version %d: raise Version and write its file with -update.\n%s", Version, b.String())
	}
}

// Null where nothing was measured, and 10 without a reason where nothing was
// wrong.
func TestNothingMeasuredNothingWrong(t *testing.T) {
	var o rtc.Outcome
	w := New()
	w.Sample(&rtc.Sample{Kind: rtc.KindAudio, Direction: rtc.Send, Values: make([]float32, len(quality.Catalogue()))})
	w.Sample(&rtc.Sample{Kind: rtc.KindTransport, Direction: rtc.Both, Values: make([]float32, len(quality.Catalogue()))})
	w.Sample(stream{kind: rtc.KindAudio}.sample(1, start))
	w.Result(&o, false)
	for name, v := range map[string]float32{
		"score": o.Score, "audio": o.AudioScore, "video": o.VideoScore, "video time": o.VideoTime, "video stutter": o.VideoStutter,
		"audio time": o.AudioTime, "audio stutter": o.AudioStutter, "lag": o.LagTime, "bad": o.BadTime,
	} {
		if !rtc.IsNull(v) {
			t.Errorf("%s = %v though nothing was received", name, v)
		}
	}
	if o.ScoreVersion != 0 || o.Reasons != nil {
		t.Errorf("version %d, reasons %v without a score", o.ScoreVersion, o.Reasons)
	}

	o = outcome(phase{60, []stream{voice(nil), camera(nil)}})
	if o.Score != 10 || o.ScoreVersion != Version || len(o.Reasons) != 0 || o.BadTime != 0 {
		t.Errorf("a clean call: %+v", o)
	}

	// Time alone, without any figure of quality, is no score.
	o = outcome(phase{60, []stream{{rtc.KindAudio, "", bad(quality.AudioTime, 1000)}}})
	if !rtc.IsNull(o.Score) || o.AudioTime != 60_000 {
		t.Errorf("nothing but the time was measured: %+v", o)
	}
}

// Who was to send and of whom nothing went out has no score, whatever they
// received. Of what was to be received one stream without anything says nothing:
// it may have been switched off.
func TestScoreByWhatWasTried(t *testing.T) {
	w := New()
	for i := range 60 {
		w.Sample(voice(nil).sample(1, start.Add(time.Duration(i)*time.Second)))
	}
	for _, c := range []struct {
		name                           string
		pushed, toPush, pulled, toPull uint32
		denied                         bool
		score                          float32
	}{
		{"both ways", 2, 2, 2, 2, false, 10},
		{"listens only", 0, 0, 2, 2, false, 10},
		{"denied, and sends nothing", 0, 0, 2, 2, true, rtc.Null},
		{"denied a camera, but is heard", 1, 1, 2, 2, true, 10},
		{"nothing goes out", 0, 2, 2, 2, false, rtc.Null},
		{"one of two goes out", 1, 2, 2, 2, false, 10},
		{"one of two comes", 2, 2, 1, 2, false, 10},
	} {
		o := rtc.Outcome{PushOK: c.pushed, PushTried: c.toPush, PullOK: c.pulled, PullTried: c.toPull}
		w.Result(&o, c.denied)
		if o.Score != c.score && !(rtc.IsNull(o.Score) && rtc.IsNull(c.score)) || o.Reasons != nil {
			t.Errorf("%s: %v, reasons %v", c.name, o.Score, o.Reasons)
		}
		if o.AudioScore != 10 {
			t.Errorf("%s: what was heard is %v", c.name, o.AudioScore)
		}
		if rtc.IsNull(o.Score) != (o.ScoreVersion == 0) {
			t.Errorf("%s: version %d", c.name, o.ScoreVersion)
		}
	}
}

// Each cause is named, and only it.
func TestReasons(t *testing.T) {
	for _, c := range []struct {
		streams []stream
		want    string
	}{
		{[]stream{voice(map[*quality.Metric]float64{quality.AudioStutterTime: 100, quality.Concealment: 0.1})}, "[audio_stutter]"},
		{[]stream{voice(bad(quality.Concealment, 0.05))}, "[audio_loss]"},
		{[]stream{voice(bad(quality.Delay, 500))}, "[audio_delay]"},
		{[]stream{voice(bad(quality.Bitrate, 7000))}, "[audio_bitrate]"},
		{[]stream{voice(bad(quality.Bitrate, 1000))}, "[]"}, // a pause, not a codec
		{[]stream{camera(bad(quality.VideoStutterTime, 60))}, "[video_stutter]"},
		{[]stream{camera(map[*quality.Metric]float64{quality.VideoStutterTime: 1000, quality.FpsDecoded: 0})}, "[video_stutter]"},
		{[]stream{{rtc.KindAudio, "", voice(bad(quality.Concealment, 0.05)).values}}, "[audio_loss]"}, // codec not told
		{[]stream{camera(bad(quality.FpsDecoded, 8))}, "[video_frame_rate]"},
		{[]stream{camera(bad(quality.Qp, 100))}, "[video_picture]"},
		{[]stream{camera(map[*quality.Metric]float64{quality.VideoStutterTime: 1000, quality.FpsDecoded: 0, quality.Qp: nan, quality.Bitrate: 0})}, "[video_stutter]"},
		{[]stream{camera(bad(quality.Delay, 500))}, "[video_delay]"},
		{[]stream{voice(bad(quality.Concealment, 0.05)), camera(bad(quality.VideoStutterTime, 40))}, "[audio_loss video_stutter]"},
	} {
		o := outcome(phase{60, c.streams})
		if got := fmt.Sprint(ids(o)); got != c.want {
			t.Errorf("%v, want %s (score %v)", o.Reasons, c.want, o.Score)
		}
	}
}

// Bad seconds count once however many streams are bad, and not the good ones.
func TestBadTime(t *testing.T) {
	poor := voice(map[*quality.Metric]float64{quality.AudioStutterTime: 300, quality.AudioMOS: 2})
	frozen := camera(bad(quality.VideoStutterTime, 700))
	o := outcome(
		phase{10, []stream{voice(nil), camera(nil)}},
		phase{3, []stream{poor, frozen}},
		phase{2, []stream{voice(nil), frozen}},
		phase{1, []stream{voice(bad(quality.AudioMOS, 3)), camera(nil)}},
	)
	if o.BadTime != 6000 {
		t.Errorf("bad for %v ms, want 6000", o.BadTime)
	}
}

// random draws the values of a stream.
func random(t *rapid.T, kind rtc.MediaKind) stream {
	some := func(name string, low, high float64) float64 {
		if rapid.IntRange(0, 9).Draw(t, name+" told") == 0 {
			return nan
		}
		return rapid.Float64Range(low, high).Draw(t, name)
	}
	change := map[*quality.Metric]float64{
		quality.Delay: some("delay", 0, 2000), quality.Loss: some("loss", 0, 1), quality.Bitrate: some("bitrate", 0, 2e6),
	}
	if kind == rtc.KindAudio {
		change[quality.Concealment] = some("concealment", 0, 1)
		change[quality.AudioStutterTime] = some("stutter", 0, 1500)
		change[quality.Bitrate] = some("bitrate", 0, 1e5)
		s := voice(change)
		s.codec = rapid.SampledFrom([]string{"audio/opus", "audio/PCMU", "audio/G722", "audio/ilbc"}).Draw(t, "codec")
		return s
	}
	change[quality.VideoStutterTime] = some("stutter", 0, 1500)
	change[quality.FpsDecoded] = some("fps", 0, 60)
	change[quality.Qp] = some("qp", 0, 255)
	s := camera(change)
	s.codec = rapid.SampledFrom([]string{"video/VP8", "video/VP9", "video/H265"}).Draw(t, "codec")
	return s
}

func kinds(t *rapid.T) rtc.MediaKind {
	return rapid.SampledFrom([]rtc.MediaKind{rtc.KindAudio, rtc.KindVideo}).Draw(t, "kind")
}

// Whatever is received: the score is on its scale, and the reasons, worst
// first, add up to what is missing.
func TestReasonsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var phases []phase
		for range rapid.IntRange(1, 4).Draw(t, "phases") {
			var streams []stream
			for range rapid.IntRange(1, 3).Draw(t, "streams") {
				streams = append(streams, random(t, kinds(t)))
			}
			phases = append(phases, phase{rapid.IntRange(1, 20).Draw(t, "seconds"), streams})
		}
		o := outcome(phases...)
		if rtc.IsNull(o.Score) {
			if len(o.Reasons) > 0 {
				t.Fatalf("reasons without a score: %v", o.Reasons)
			}
			return
		}
		if o.Score < 0 || o.Score > 10 {
			t.Fatalf("score %v", o.Score)
		}
		sum := 0
		for i, r := range o.Reasons {
			points := int(math.Round(10 * r.Points))
			if points <= 0 || r.Points != float64(points)/10 || r.ID == "" || r.Text == "" {
				t.Fatalf("reason %+v", r)
			}
			if i > 0 && r.Points > o.Reasons[i-1].Points {
				t.Fatalf("not worst first: %v", o.Reasons)
			}
			sum += points
		}
		if sum != 100-int(math.Round(10*float64(o.Score))) {
			t.Fatalf("%v does not add up to 10 − %v", o.Reasons, o.Score)
		}
	})
}

// More loss, delay, stutter, fewer frames, coarser pictures: never a better
// score, of the kind or in all.
func TestScoreIsMonotone(t *testing.T) {
	worsenings := map[rtc.MediaKind][]struct {
		m         *quality.Metric
		low, high float64 // towards high is worse
	}{
		rtc.KindAudio: {{quality.Concealment, 0, 1}, {quality.Loss, 0, 1}, {quality.Delay, 0, 3000}, {quality.AudioStutterTime, 0, 2000}, {quality.Bitrate, 1e5, 6001}},
		rtc.KindVideo: {{quality.Delay, 0, 3000}, {quality.VideoStutterTime, 0, 2000}, {quality.FpsDecoded, 60, 0}, {quality.Qp, 0, 255}},
	}
	rapid.Check(t, func(t *rapid.T) {
		kind := kinds(t)
		changed, beside, other := random(t, kind), random(t, kind), random(t, kinds(t))
		w := rapid.SampledFrom(worsenings[kind]).Draw(t, "what")
		from := rapid.Float64Range(0, 1).Draw(t, "from")
		to := rapid.Float64Range(from, 1).Draw(t, "to")
		seconds, rest := rapid.IntRange(1, 20).Draw(t, "seconds"), rapid.IntRange(0, 20).Draw(t, "rest")
		score := func(at float64) rtc.Outcome {
			changed.values[w.m] = w.low + at*(w.high-w.low)
			return outcome(phase{seconds, []stream{changed, other}}, phase{rest, []stream{beside, other}})
		}
		before, after := score(from), score(to)
		for name, v := range map[string][2]float32{
			"score": {before.Score, after.Score}, "audio": {before.AudioScore, after.AudioScore}, "video": {before.VideoScore, after.VideoScore},
		} {
			if v[1] > v[0] {
				t.Fatalf("%s rises from %v to %v with %s from %v to %v", name, v[0], v[1], w.m.ID, w.low+from*(w.high-w.low), w.low+to*(w.high-w.low))
			}
		}
		if after.BadTime < before.BadTime {
			t.Fatalf("bad time falls from %v to %v", before.BadTime, after.BadTime)
		}
	})
}

func TestTogether(t *testing.T) {
	for _, c := range []struct {
		parts []Part
		want  float32
	}{
		{nil, rtc.Null},
		{[]Part{{rtc.Null, 100}}, rtc.Null},
		{[]Part{{7, 0}}, rtc.Null},
		{[]Part{{7.3, 100}}, 7.3},
		{[]Part{{7, 100}, {7, 1}, {rtc.Null, 1000}}, 7},
		{[]Part{{10, 9}, {2, 1}}, 7.5}, // nine had nothing to complain of
		{[]Part{{10, 3600}, {0, 60}}, 8.7},
	} {
		for _, got := range []float32{Call(c.parts), User(c.parts)} {
			if got != c.want && !(rtc.IsNull(got) && rtc.IsNull(c.want)) {
				t.Errorf("%v: %v, want %v", c.parts, got, c.want)
			}
		}
	}
	part := PartOf(&rtc.Outcome{Score: 8, AudioTime: 60_000, VideoTime: rtc.Null})
	if part != (Part{8, 60_000}) {
		t.Errorf("part %+v", part)
	}

	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Part {
			return Part{rapid.Float32Range(0, 10).Draw(t, "score"), rapid.Float64Range(1, 1e6).Draw(t, "time")}
		}), 1, 10).Draw(t, "parts")
		before := Call(parts)
		i := rapid.IntRange(0, len(parts)-1).Draw(t, "which")
		parts[i].Score = rapid.Float32Range(0, parts[i].Score).Draw(t, "lower")
		if after := Call(parts); after > before || after < 0 {
			t.Fatalf("the call rises from %v to %v when a part falls", before, after)
		}
	})
}

// A poll of a session has about ten streams; the watch may not allocate.
func BenchmarkPoll(b *testing.B) {
	var poll []*rtc.Sample
	for i := range 5 {
		poll = append(poll,
			voice(map[*quality.Metric]float64{quality.Concealment: 0.02, quality.Delay: 220, quality.AudioStutterTime: 210}).sample(rtc.StreamID(2*i+1), start),
			camera(map[*quality.Metric]float64{quality.Delay: 220, quality.FpsDecoded: 12, quality.Qp: nan}).sample(rtc.StreamID(2*i+2), start))
	}
	w := New()
	b.ReportAllocs()
	for b.Loop() {
		for _, s := range poll {
			s.Time = s.Time.Add(time.Second)
			w.Sample(s)
		}
	}
}

func TestSampleDoesNotAllocate(t *testing.T) {
	w, s := New(), voice(bad(quality.AudioStutterTime, 210)).sample(1, start)
	v := camera(bad(quality.VideoStutterTime, 700)).sample(2, start)
	if n := testing.AllocsPerRun(100, func() { w.Sample(s); w.Sample(v) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
