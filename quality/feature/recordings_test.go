package feature

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/peerglass/peerglass/dump"
	"github.com/peerglass/peerglass/internal/recordings"
	"github.com/peerglass/peerglass/rtc"
)

// expectations are what the extractors of others gave for a recording of
// theirs, beside it or derived with them. Three more results are of the first
// feature set of Jitsi's server, which it no longer has (google-legacy-*, the
// one of a86efc72).
var expectations = []struct{ set, recording, expected string }{
	{Jitsi, "jitsi__rtcstats-server/src/test/dumps/chrome-relay", "derived/jitsi-features/chrome-relay.json"},
	{Jitsi, "jitsi__rtcstats-server/src/test/dumps/safari-relay", "derived/jitsi-features/safari-relay.json"},
	{Jitsi, "jitsi__rtcstats-server/src/test/dumps/google-standard-stats-relay-p2p", "derived/jitsi-features/google-standard-stats-relay-p2p.json"},
	{Jitsi, "jitsi__rtcstats-server/history/4ab5b36f/src/test/jest/sfu", "derived/jitsi-features/sfu.json"},
	{Jitsi, "jitsi__rtcstats-server/src/test/dumps/chrome-relay", "derived/jitsi-turn-expected/chrome-relay.json"},
	{Jitsi, "jitsi__rtcstats-server/src/test/dumps/safari-relay", "derived/jitsi-turn-expected/safari-relay.json"},
	{Jitsi, "jitsi__rtcstats-server/src/test/dumps/google-standard-stats-relay-p2p", "derived/jitsi-turn-expected/google-standard-stats-relay-p2p.json"},
	{Jitsi, "jitsi__rtcstats-server/src/test/dumps/9c93a447-c9f8-489d-87ca-21263dec0642", "jitsi__rtcstats-server/src/test/results/9c93a447-c9f8-489d-87ca-21263dec0642.json"},
	{Jitsi, "jitsi__rtcstats-server/src/test/dumps/chrome-standard-pc-failed", "jitsi__rtcstats-server/src/test/results/chrome-standard-pc-failed.json"},
	{Jitsi, "jitsi__rtcstats-server/src/test/dumps/chrome96-standard-stats-p2p-add-transceiver", "jitsi__rtcstats-server/src/test/results/chrome96-standard-stats-p2p-add-transceiver-result.json"},
	{Jitsi, "jitsi__rtcstats-server/src/test/dumps/firefox-standard-stats-sfu", "jitsi__rtcstats-server/src/test/results/firefox-standard-stats-sfu-result.json"},
	{Jitsi, "jitsi__rtcstats-server/src/test/dumps/google-standard-stats-p2p", "jitsi__rtcstats-server/src/test/results/google-standard-stats-p2p-result.json"},
	{Jitsi, "jitsi__rtcstats-server/src/test/dumps/undefined-ice-candidate", "jitsi__rtcstats-server/src/test/results/undefined-ice-candidate-result.json"},
	{Jitsi, "jitsi__rtcstats-server/src/test/dumps/chrome96-standard-stats-p2p-add-transceiver", "jitsi__rtcstats-server/src/test/integration-results/chrome96-standard-stats-p2p-add-transceiver-result.json"},
	{Jitsi, "jitsi__rtcstats-server/src/test/dumps/firefox-standard-stats-sfu", "jitsi__rtcstats-server/src/test/integration-results/firefox-standard-stats-sfu-result.json"},
	{Jitsi, "jitsi__rtcstats-server/src/test/dumps/google-standard-stats-p2p", "jitsi__rtcstats-server/src/test/integration-results/google-standard-stats-p2p-result.json"},
	{Jitsi, "jitsi__rtcstats-server/src/test/dumps/jicofo-sample", "jitsi__rtcstats-server/src/test/integration-results/jicofo-sample-result.json"},
	{Jitsi, "jitsi__rtcstats-server/src/test/dumps/jigasi-sample", "jitsi__rtcstats-server/src/test/integration-results/jigasi-sample-result.json"},
	{RTCStats, "rtcstats__rtcstats/dump-importer/test/data/rtcstats/gumonly.jsonl", "derived/rtcstats-features/gumonly-rtcstats.json"},
	{RTCStats, "rtcstats__rtcstats/dump-importer/test/data/internals/gumonly.gz", "derived/rtcstats-features/gumonly-internals.json"},
}

// differences are where ours is not theirs, by file, place and values ("*"
// stands for anything, "-" for nothing), each with its reason. One that is not
// here fails the test, and so does one that is here and no longer differs.
var differences = []struct{ file, spot, theirs, ours, reason string }{
	// 0 for what nobody measured. Ours leaves it out.
	{"*", "track * concealedPercentage", "0", "-", "video, sent streams, and browsers that do not count samples have no concealment; theirs begins with 0"},
	{"*", "client  dominantSpeakerChanges", "0", "-", "nobody told who speaks"},
	{"*", "client  speakerTime", "0", "-", "nobody told who speaks"},
	{"*", "client  sentiment*", "0", "-", "the application did not look at the user's face"},
	{"*", "client  conferenceStartTime", "0", "-", "the application did not tell when the conference began"},
	{"*", "client  conferenceDurationMs", "0", "-", "the application did not tell when the conference began"},
	{"*", "connection * lastIceFailure", "0", "-", "ICE never failed: there is no time to tell"},
	{"*", "connection * lastIceDisconnect", "0", "-", "ICE was never disconnected: there is no time to tell"},
	{"*", "connection * meanRtt", "0", "-", "no round trip was measured"},
	{"*", "connection * *PacketsLostPct", "0", "-", "no packets, so no share of them"},
	{"*", "track * packetsLost*", "0", "-", "the remote end never reported what it lost of this stream"},
	// What theirs takes from elsewhere than the recording.
	{"*", "client  os", "* 64-bit", "*", "their library knows the names of systems and guesses at the processor; ours is what the User-Agent says"},
	{"*/firefox-standard-stats-sfu-result.json", "client  browserVersion", "83.0", "118.0", "the recording was edited after the result was written"},
	{"*-results/chrome96*", "client  browserVersion", "96.0.4664.110", "99.0.4844.51", "the recording was edited after the result was written"},
	{"*-results/google-standard-stats-p2p*", "client  browserVersion", "87.0.4280.27", "99.0.4844.51", "the recording was edited after the result was written"},
	{"*-results/*", "client  conferenceDurationMs", "0", "*", "the result is older than the feature; the other result of the recording has ours"},
	{"*/undefined-ice-candidate-result.json", "client  displayname", "Lyda-hGl", "XXXX-XXX", "the name in the recording was blotted out"},
	// Frames with characters beyond ASCII: theirs counts two bytes for each, UTF-8 up to four.
	{"*", "client  *Bytes", "*", "*", "theirs counts two bytes for each character, ours the bytes that came"},
	// Streams of the other end taken for this end's.
	{"*/sfu.json", "connection PC_0 totalPacketsSent", "17284", "10676", "theirs adds the 6608 packets that the server says it sent (remote-outbound-rtp); the three sent streams have 10676"},
	{"*/sfu.json", "connection PC_0 sentPacketsLostPct", "0.58", "0.94", "follows from totalPacketsSent"},
	{"*/sfu.json", "track PC_0/send/3981583442 *", "*", "-", "a received stream: theirs takes the server's remote-outbound-rtp for a sent one"},
	{"*/sfu.json", "track PC_0/send/556910468 *", "*", "-", "a received stream: theirs takes the server's remote-outbound-rtp for a sent one"},
	{"*/firefox-standard-stats-sfu-result.json", "connection PC_0 totalPacketsReceived", "62459", "50196", "theirs adds what the server says it received (remote-inbound-rtp)"},
	{"*/firefox-standard-stats-sfu-result.json", "connection PC_0 receivedPacketsLostPct", "0.01", "0.02", "follows from totalPacketsReceived"},
	{"*/firefox-standard-stats-sfu-result.json", "connection PC_0 totalPacketsSent", "0", "12402", "theirs looks for packetsSent in the remote end's report, which has none"},
	{"*/firefox-standard-stats-sfu-result.json", "track PC_0/send/* packets", "0", "*", "theirs looks for packetsSent in the remote end's report, which has none"},
	{"*/firefox-standard-stats-sfu-result.json", "track PC_0/received/1426121629 *", "*", "-", "a sent stream: theirs takes its remote-inbound-rtp for a received one"},
	{"*/firefox-standard-stats-sfu-result.json", "track PC_0/received/271883463 *", "*", "-", "a sent stream: theirs takes its remote-inbound-rtp for a received one"},
	// Video types.
	{"*/chrome-relay.json", "track PC_0/received/3859036835 mediaType", "video", "video/camera", "theirs forgets a video type told before the connection was made"},
	{"*/chrome-relay.json", "track PC_0/received/3859036835 startTime", "1697705732114", "1697705722138", "theirs forgets a video type told before the connection was made"},
	{"*/9c93a447*", "track PC_1/received/2683469917#2 packets", "464", "110", "after a change of the video type theirs counts again what came before"},
	{"*/9c93a447*", "connection PC_1 totalPacketsReceived", "1775", "1421", "354 packets are in theirs twice; the streams have 1421"},
	// Candidate pairs.
	{"*", "connection * candidatePairData.*Address", "*.*.*.*", "*.0", "of addresses only the network is kept"},
	{"*/9c93a447*", "connection PC_0 candidatePairData.id", "-", "RTCIceCandidatePair_/fdxkUtu_hLN+PQtb", "the transport names it in the second poll"},
	{"*/undefined-ice-candidate*", "connection PC_0 candidatePairData.*", "-", "*", "the last poll no longer has the pair, and theirs forgets what it was"},
	{"*/google-standard-stats-p2p*", "connection * candidatePairData.*Address", "-", "*", "browsers called the address ip before 2020"},
	{"*/chrome96*", "connection * candidatePairData.*", "-", "*", "theirs does not read pairs of Chrome's legacy statistics"},
	{"*/chrome96*", "connection * usesRelay", "-", "0", "theirs does not read pairs of Chrome's legacy statistics"},
	{"*/chrome96*", "connection PC_1 meanRtt", "40.33", "0.04", "legacy statistics have milliseconds, which theirs takes for seconds"},
	// Chrome's legacy statistics are texts, and "0" is true.
	{"*/chrome96*", "track PC_1/received/1838074254 *", "*", "-", "no packet was ever received; theirs takes the text 0 for one"},
	{"*/chrome96*", "track PC_1/received/2040317954 *", "*", "-", "no packet was ever received; theirs takes the text 0 for one"},
	{"*/chrome96*", "track PC_0/received/3482054886 startTime", "1640046715421", "1640046724850", "the first poll has no packet; theirs takes the text 0 for one"},
	{"*/chrome96*", "track PC_1/send/8040383 startTime", "1640046715026", "1640046724862", "the first poll has no packet; theirs takes the text 0 for one"},
	// Exports of chrome://webrtc-internals.
	{"*/gumonly-internals.json", "client  startTime", "0", "1758566123065", "the export has no time of its own; ours begins with its first entry"},
	{"*/gumonly-internals.json", "client  duration", "1758566127725.673", "4660", "follows from startTime: theirs is fifty-five years"},
	{"*/gumonly-internals.json", "client  userAgentData", "*", "-", "the records of an export do not carry it"},
}

// spot is where a feature stands: its scope, subject and name.
type spot struct{ scope, subject, name string }

func (p spot) String() string { return strings.TrimSpace(p.scope + " " + p.subject + " " + p.name) }

func TestRecordings(t *testing.T) {
	dir := recordings.Dir(t)
	used := make([]bool, len(differences))
	equal, different := 0, 0
	for _, x := range expectations {
		t.Run(path.Base(path.Dir(x.expected))+"/"+path.Base(x.expected), func(t *testing.T) {
			ours := make(map[spot]any)
			for _, f := range features(t, filepath.Join(dir, x.recording)) {
				if f.Set == x.set {
					ours[spot{f.Scope, f.Subject, f.Name}] = either(f)
				}
			}
			b, err := os.ReadFile(filepath.Join(dir, x.expected))
			if err != nil {
				t.Fatal(err)
			}
			theirs := make(map[spot]any)
			whole := true // not only the candidate pairs
			if x.set == Jitsi {
				whole = flattenJitsi(t, b, theirs)
			} else {
				var v map[string]any
				if err := json.Unmarshal(b, &v); err != nil {
					t.Fatal(err)
				}
				for name, value := range v {
					if name != "peerConnections" {
						theirs[spot{Client, "", name}] = value
					}
				}
			}
			for at := range ours { // what they do not have at all
				if _, ok := theirs[at]; !ok && at.scope != Client && (whole || strings.HasPrefix(at.name, "candidatePairData.")) {
					theirs[at] = nil
				}
			}
			for _, at := range slices.SortedFunc(maps.Keys(theirs), func(a, b spot) int { return strings.Compare(a.String(), b.String()) }) {
				o, v := ours[at], theirs[at]
				if same(at.name, o, v) {
					equal++
					continue
				}
				found := false
				for i := range differences {
					d := &differences[i]
					if glob(d.file, x.expected) && glob(d.spot, at.String()) && glob(d.theirs, print(v)) && glob(d.ours, print(o)) {
						found, used[i] = true, true
						break
					}
				}
				if !found {
					t.Errorf("%s: theirs is %s, ours %s: it is not among the known differences", at, print(v), print(o))
				}
				different++
			}
		})
	}
	for i, d := range differences {
		if !used[i] && !t.Failed() {
			t.Errorf("%s of %s no longer differs (%s)", d.spot, d.file, d.reason)
		}
	}
	t.Logf("%d features of theirs are equal, %d differ for a known reason", equal, different)
}

// print writes a value as the table of differences has it; "-" for nothing.
func print(v any) string {
	switch v := v.(type) {
	case nil:
		return "-"
	case string:
		if v == "" {
			return "-"
		}
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}

// glob reports whether text is pattern, in which * stands for anything.
func glob(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == text
	}
	if !strings.HasPrefix(text, parts[0]) {
		return false
	}
	text = text[len(parts[0]):]
	for _, p := range parts[1 : len(parts)-1] {
		i := strings.Index(text, p)
		if i < 0 {
			return false
		}
		text = text[i+len(p):]
	}
	return strings.HasSuffix(text, parts[len(parts)-1])
}

func either(f rtc.Feature) any {
	if math.IsNaN(f.Number) {
		return f.Text
	}
	return f.Number
}

// same compares ours with what JavaScript left behind: undefined, null and ""
// say nothing.
func same(name string, ours, theirs any) bool {
	switch v := theirs.(type) {
	case nil:
		return ours == nil
	case string:
		if v == "" {
			return ours == nil
		}
		return ours == v
	case bool:
		if s, ok := ours.(string); ok {
			return s == strconv.FormatBool(v)
		}
		return ours == map[bool]float64{true: 1}[v]
	case float64:
		if s, ok := ours.(string); ok {
			return s == strconv.FormatFloat(v, 'f', -1, 64)
		}
		o, ok := ours.(float64)
		if strings.HasSuffix(name, "Bytes") { // theirs counts two bytes for each character, as JavaScript keeps them
			o *= 2
		}
		return ok && math.Abs(o-v) <= 1e-12*math.Abs(v)
	default:
		if l, ok := v.([]any); ok && len(l) == 0 {
			return ours == nil
		}
		var o any
		s, _ := ours.(string)
		json.Unmarshal([]byte(s), &o)
		a, _ := json.Marshal(o)
		b, _ := json.Marshal(v)
		return string(a) == string(b)
	}
}

func features(t testing.TB, name string) []rtc.Feature {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	source, err := dump.Open(f)
	if err != nil {
		t.Fatal(err)
	}
	e := New()
	source.Sizes(e.Frame)
	if err := source.Replay(e); err != nil {
		t.Fatal(err)
	}
	return e.Features()
}

// flattenJitsi lays out a result of Jitsi's server under the names that it
// publishes. It reports whether that is a whole result or only candidate pairs.
func flattenJitsi(t *testing.T, b []byte, to map[spot]any) bool {
	t.Helper()
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	if l, ok := v.([]any); ok {
		v = l[0]
	}
	doc := v.(map[string]any)
	if inner, ok := doc["expectedExtractData"].(map[string]any); ok {
		doc = inner
	}
	object := func(m map[string]any, name string) map[string]any {
		o, _ := m[name].(map[string]any)
		return o
	}
	client := func(name string, value any) { to[spot{Client, "", name}] = value }
	info := object(doc, "dumpMetadata")
	if info == nil {
		info = object(doc, "dumpInfo")
	}
	names := map[string]string{"userId": "displayname", "conferenceId": "meetingname", "conferenceUrl": "meetingurl", "sessionId": "meetinguniqueid", "endpointId": "endpointid",
		"clientId": "", "dumpPath": "", "startDate": "", "endDate": ""}
	for name, value := range info {
		if to, ok := names[name]; !ok {
			client(name, value)
		} else if to != "" {
			client(to, value)
		}
	}
	f := object(doc, "features")
	aggregates := object(f, "aggregates")
	if f == nil { // candidate pairs only
		aggregates = doc
	}
	for name, value := range f {
		switch name {
		case "aggregates", "metrics", "sentiment", "browserInfo", "deploymentInfo":
		default:
			client(name, value)
		}
	}
	for name, value := range object(f, "metrics") {
		client(name, value)
	}
	for name, value := range object(f, "deploymentInfo") {
		client(name, value)
	}
	for name, value := range object(f, "sentiment") {
		client("sentiment"+strings.ToUpper(name[:1])+name[1:], value)
	}
	browser := object(f, "browserInfo")
	for from, name := range map[string]string{"name": "browserName", "version": "browserVersion", "os": "os"} {
		if browser != nil {
			client(name, browser[from])
		}
	}
	for pc, value := range aggregates {
		c := value.(map[string]any)
		conn := func(name string, value any) { to[spot{Connection, pc, name}] = value }
		if f != nil {
			conn("pcname", pc)
		}
		for name, value := range c {
			if m, ok := value.(map[string]any); !ok {
				conn(name, value)
			} else if name == "candidatePairData" {
				for part, v := range m {
					conn(name+"."+part, v)
				}
			} else if name == "trackAggregates" || name == "transportAggregates" {
				for part, v := range m {
					conn(part, v)
				}
			} else if name == "inboundVideoExperience" {
				for bound, v := range m {
					for part, v := range v.(map[string]any) { // upperBoundAggregates.meanFrameHeight
						conn("mean"+strings.ToUpper(bound[:1])+strings.TrimSuffix(bound[1:], "Aggregates")+strings.TrimPrefix(part, "mean"), v)
					}
				}
			}
		}
		tracks := object(c, "tracks")
		for list, direction := range map[string]string{"receiverTracks": "received", "senderTracks": "send"} {
			l, _ := tracks[list].([]any)
			parts := make(map[string]int)
			for _, v := range l {
				m := v.(map[string]any)
				ssrc := fmt.Sprintf("%v", m["ssrc"])
				if n, ok := m["ssrc"].(float64); ok {
					ssrc = strconv.FormatFloat(n, 'f', -1, 64)
				}
				subject := pc + "/" + direction + "/" + ssrc
				if parts[subject]++; parts[subject] > 1 {
					subject += "#" + strconv.Itoa(parts[subject])
				}
				to[spot{Track, subject, "direction"}] = direction
				for name, v := range m {
					to[spot{Track, subject, name}] = v
				}
			}
		}
	}
	return f != nil
}

// restarts are packets that a stream had sent before its counter began anew: a
// total has them, a last value has not.
var restarts = map[string]float64{
	"google-legacy-screenshare-p2p connection PC_0 totalPacketsSent": 6671, // the camera gave way to the screen
}

// Packets are the last ones that the recordings report, read out without us.
func TestFinalValues(t *testing.T) {
	dir := recordings.Dir(t)
	files, err := filepath.Glob(filepath.Join(dir, "derived/final-values/*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no final values: %v", err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var v struct {
			Source string
			Conns  map[string]struct {
				Reports map[string]struct {
					Type                                         string
					PacketsSent, PacketsReceived, SSRC, IsRemote any
				}
			} `json:"perPeerConnection"`
		}
		if err := json.Unmarshal(b, &v); err != nil {
			t.Fatal(err)
		}
		recording := v.Source
		want := make(map[spot]float64)
		for pc, c := range v.Conns {
			sent, received := spot{Connection, pc, "totalPacketsSent"}, spot{Connection, pc, "totalPacketsReceived"}
			want[sent] += 0
			want[received] += 0
			for id, r := range c.Reports {
				switch {
				case r.IsRemote == true:
				case r.Type == "outbound-rtp", r.Type == "ssrc" && strings.HasSuffix(id, "_send"):
					want[sent] += numberOf(r.PacketsSent)
				case r.Type == "inbound-rtp", r.Type == "ssrc" && strings.HasSuffix(id, "_recv"):
					want[received] += numberOf(r.PacketsReceived)
				}
			}
		}
		t.Run(path.Base(recording), func(t *testing.T) {
			got := make(map[spot]float64)
			for _, f := range features(t, filepath.Join(dir, recording)) {
				if f.Set == Jitsi {
					got[spot{f.Scope, f.Subject, f.Name}] = f.Number
				}
			}
			for at, n := range want {
				if n += restarts[path.Base(recording)+" "+at.String()]; got[at] != n {
					t.Errorf("%s is %v, the recording has %v", at, got[at], n)
				}
			}
		})
	}
}

func numberOf(v any) float64 {
	switch v := v.(type) {
	case float64:
		return v
	case string:
		f, _ := strconv.ParseFloat(v, 64)
		return f
	}
	return 0
}
