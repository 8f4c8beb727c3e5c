package calls

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Errors name the file and the line, and say what was expected there.
func TestErrorsSayWhatWasExpected(t *testing.T) {
	const head = "case c\ncall alice bob for 20s\n"
	for _, c := range []struct{ src, want string }{
		{"call alice", "t.call:1: expected case and its name, got \"call alice\""},
		{"  case c", "t.call:1: expected case and its name"},
		{"case", "t.call:1: expected the name of the case"},
		{"case c\nalice joins at 1s", "t.call:2: expected call and its users before anything else"},
		{"case c\ncall alice\n", "t.call:1: expected an expect statement in case \"c\""},
		{"case c\ncall alice\nexpect nothing\ncase c\ncall alice\nexpect nothing", "t.call:4: expected a name that no other case"},
		{"case c\ncall\n", "t.call:2: expected 1 to 8 users, got 0"},
		{"case c\ncall alice alice", "t.call:2: expected each user once, got \"alice\" again"},
		{"case c\ncall alice for ever", "t.call:2: expected a time such as 10s, 600ms or 1m30s, got \"ever\""},
		{"case c\ncall alice with cake", "t.call:2: expected with audio, video, screen or nothing, got \"cake\""},
		{head + "call carol", "t.call:3: expected one call statement"},
		{head + "carol joins at 1s", "t.call:3: expected case, call, expect, alice, bob, alice.audio, alice.video, bob.audio, bob.video, got \"carol\""},
		{head + "alice explodes", "t.call:3: expected what happens to a user: "},
		{head + "alice joins", "t.call:3: expected at and a time after \"joins\", got \"\""},
		{head + "alice sleeps at 5s", "t.call:3: expected from and to, or no time, after \"sleeps\", got at"},
		{head + "alice sleeps from 9s to 5s", "t.call:3: expected an end after 9s, got 5s"},
		{head + "alice joins at 5s sharp", "t.call:3: expected the end of the line, got \"sharp\""},
		{head + "alice uses lynx", "t.call:3: expected a browser (chrome, firefox, safari, chrome-90), got \"lynx\""},
		{head + "alice joins at 30s", "t.call:3: expected a time within the call's 20s, got 30s"},
		{head + "alice uplink loses much", "t.call:3: expected a number such as 5, 10%, 300kbps, 30fps or 150ms, got \"much\""},
		{head + "alice uplink loses -5%", "t.call:3: expected a number that is not negative"},
		{head + "alice.video is 640by360", "t.call:3: expected a size such as 640x360, got \"640by360\""},
		{head + "alice.video at alice freezes for 1s at 1s", "t.call:3: expected a user who receives alice.video, got \"alice\""},
		{head + "alice.video/f is not sent", "t.call:3: expected a layer of alice.video"},
		{head + "server loses 5%", "t.call:3: expected a call through sfu"},
		{head + "alice.video\n  framesDecodet 0x5", "t.call:4: expected a member of the W3C statistics, got \"framesDecodet\""},
		{head + "alice.video\n  framesEncoded", "t.call:4: expected values after framesEncoded"},
		{head + "alice.video\n  framesEncoded ?", "t.call:4: expected a value such as 5, 0x31, 0+30x20, _x5 or cpux10, got \"?\""},
		{head + "alice.video\n  framesEncoded 5x0", "t.call:4: expected a count from 1"},
		{head + "alice.video\n  framesEncoded 5x100000 5", "t.call:4: expected at most 100000 values"},
		{head + "alice\n  framesEncoded 5", "t.call:4: expected nothing indented below a statement about a user"},
		{head + "alice path\n  bytesSent 5", "t.call:4: expected transport., pair., local. or far."},
		{head + "alice tells x {\"a\": at 5s", "t.call:3: expected a JSON value that ends on its line"},
		{head + "alice logs error \"no end at 5s", "t.call:3: expected a closing \""},
		{head + "expect luck", "t.call:3: expected one of nothing, no verdict"},
		{head + "expect metric beauty on alice.video = 1", "t.call:3: expected the id of a metric (docs/metrics.md), got \"beauty\""},
		{head + "expect metric loss on alice.video 5", "t.call:3: expected =, <, >, <=, >=, null or not null, got \"5\""},
		{head + "expect issue video_freeze severity awful", "t.call:3: expected low, medium or high, got \"awful\""},
		{head + "expect issue video_freeze of carol", "t.call:3: expected a user, got \"carol\""},
		{head + "expect issue video_freeze when raining", "t.call:3: expected of, on, from, to, lasting, severity, source, cause or phase, got \"when\""},
		{head + "expect outcome wealth of alice = 1", "t.call:3: expected a figure of the outcome (audio_stutter, "},
		{head + "expect verdict side left", "t.call:3: expected side user, user_network, network, server or none, got \"left\""},
		{head + "expect nothing\n  loss 5", "t.call:4: expected nothing indented below expect"},
	} {
		_, err := Parse("t.call", []byte(c.src))
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%q\n got  %v\n want %s", c.src, err, c.want)
		}
	}
}

func TestSeries(t *testing.T) {
	for _, c := range []struct {
		src  string
		want []float64
	}{
		{"5", []float64{5}},
		{"0x3", []float64{0, 0, 0}},
		{"0+30x3", []float64{0, 30, 60}},
		{"600-1.5x3", []float64{600, 598.5, 597}},
		{"-5-5x2", []float64{-5, -10}},
		{"1e-3+1e-3x2", []float64{0.001, 0.002}},
		{"truex2 false", []float64{1, 1, 0}},
	} {
		var words []token
		for _, w := range strings.Fields(c.src) {
			words = append(words, token{text: w})
		}
		got, err := parseSeries(words)
		if err != nil || len(got) != len(c.want) {
			t.Errorf("%s: %v, %v", c.src, got, err)
			continue
		}
		for i := range got {
			if d := got[i].num - c.want[i]; d > 1e-9 || d < -1e-9 {
				t.Errorf("%s: value %d is %v, want %v", c.src, i, got[i].num, c.want[i])
			}
		}
	}
	for src, want := range map[string]point{"_": {missing: true}, "cpux2": {text: "cpu"}, "libvpx": {text: "libvpx"}, "video/VP8": {text: "video/VP8"}} {
		if got, err := parseSeries([]token{{text: src}}); err != nil || got[0] != want {
			t.Errorf("%s: %+v, %v; want %+v", src, got, err, want)
		}
	}
}

// README.md names every verb, and the example in it is a case.
func TestReadmeIsTheReference(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range verbs {
		if !strings.Contains(string(readme), v.words) {
			t.Errorf("README.md does not explain %q of %s", v.words, subjectNames[v.on])
		}
	}
	for _, word := range []string{"through sfu", "with nothing", "expect nothing", "expect count", "expect stream", "expect session"} {
		if !strings.Contains(string(readme), word) {
			t.Errorf("README.md does not explain %q", word)
		}
	}
	_, example, _ := strings.Cut(string(readme), "```\n")
	example, _, _ = strings.Cut(example, "```")
	if _, err := Parse("README.md", []byte(example)); err != nil {
		t.Errorf("its example: %v", err)
	}
}

// A failure says what was expected and what there is instead.
func TestFailuresSayWhatThereIs(t *testing.T) {
	cases, err := Parse("t.call", []byte(`case c
call alice bob for 10s
expect metric fps_decoded on alice.video at bob at 5s = 25
expect metric fps_decoded on alice.video at bob at 90s = 25
expect outcome join of alice > 9h
expect count sessions = 5
expect stream alice.video rows = 2
expect event beauty of alice
expect session of bob ends at 3s
expect issue nonsense of bob
expect no issue nonsense of bob
expect verdict side server
`))
	if err != nil {
		t.Fatal(err)
	}
	res, err := cases[0].Run()
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, f := range res.Check() {
		got.WriteString(f.Error() + "\n")
	}
	for _, want := range []string{
		"t.call:3: expected metric fps_decoded on alice.video at bob at 5s = 25\n\tgot  30",
		"t.call:4: expected metric fps_decoded on alice.video at bob at 90s = 25\n\tgot  no sample of alice.video at bob there; streams ",
		"t.call:6: expected count sessions = 5\n\tgot  2",
		"t.call:7: expected stream alice.video rows = 2\n\tgot  1; streams alice.audio (9 samples, 1s to 10s)",
		"t.call:8: expected event beauty of alice\n\tgot  events open at 0s, ",
		"t.call:9: expected session of bob ends at 3s\n\tgot  sessions 0s to 10s, reason leave",
		"t.call:10: expected issue nonsense of bob\n\tgot  no detector of \"nonsense\"; there are ",
		"t.call:11: expected no issue nonsense of bob\n\tgot  no detector of \"nonsense\"",
		"t.call:12: expected verdict side server\n\tgot  no verdict",
	} {
		if !strings.Contains(got.String(), want) {
			t.Errorf("no failure %q in\n%s", want, got.String())
		}
	}
}

// Whatever is written: no panic, and errors name their line; what parses can
// be played.
func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.call")
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, c := range strings.SplitAfter(string(src), "\n\n") {
			f.Add([]byte(c))
		}
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		cases, err := Parse("fuzz.call", src)
		if err != nil {
			if e, ok := err.(*Error); !ok || e.Line < 1 || e.File != "fuzz.call" {
				t.Fatalf("%q: an error without its place: %v", src, err)
			}
			return
		}
		for i, c := range cases {
			if i > 1 || c.length > 20*second || len(c.users) > 3 || len(c.flows) > 6 {
				continue // long ones take long
			}
			res, err := c.Run()
			if err != nil {
				t.Fatalf("%q: %v", src, err)
			}
			res.Check()
		}
	})
}
