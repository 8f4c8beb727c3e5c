package peerglass

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const module = "github.com/peerglass/peerglass"

// arrows are imports that must not be, each with its reason. A name with /...
// stands for a folder and all below it.
var arrows = []struct{ from, to, why string }{
	{"rtc", "...", "the vocabulary imports nothing of ours, so that everything can speak it"},
	{"quality/...", "session", "figures are pure, so that they can be recomputed from a dump"},
	{"quality/...", "store/...", "figures are pure, so that they can be recomputed from a dump"},
	{"quality/...", "protocol/...", "figures are derived from the vocabulary, whatever the wire"},
	{"quality/setup", "quality/issue", "a slow join asks how far the join has come, not the other way round"},
	{"quality/issue", "quality/verdict", "what one session has is found without the others"},
	{"quality/happening", "quality/issue", "what happened is told by events, not by what was found to be wrong"},
	{"quality/happening", "query", "what events mean is worked out of rows, wherever they come from"},
	{"quality/match", "quality/...", "who sends what is told by the rows alone: figures, issues and verdicts rest on it"},
	{"quality/score", "quality/verdict", "what a user got does not depend on what was found to blame"},
	{"ingest", "rescore", "what comes in is derived once; deriving again is for whoever asks"},
	{"ingest", "query", "what comes in must not wait for an answer"},
	{"quality/mos", "...", "published formulas are plain numbers in and out, so that they can be read next to their Recommendation"},
	{"quality", "quality/score", "a score is derived from samples, not the other way round"},
	{"quality/score", "quality/issue", "what a user got does not depend on what was found to blame"},
	{"quality/feature", "quality", "features are the definitions of others: a change of our figures must not change them"},
	{"protocol/...", "session", "a decoder turns bytes into records and knows nothing of calls"},
	{"protocol/...", "ingest", "a decoder must work on files as on sockets"},
	{"protocol/...", "store/...", "a decoder turns bytes into records and knows nothing of storage"},
	{"session", "store/...", "sessions write to a Sink, so that they run without an engine"},
	{"session", "ingest", "data flows one way"},
	{"session", "protocol/jitsi", "sessions see records, not protocols"},
	{"session", "protocol/rtcstats", "sessions see records, not protocols"},
	{"session", "protocol/callstats", "sessions see records, not protocols"},
	{"session", "protocol/watchrtc", "sessions see records, not protocols"},
	{"session", "protocol/observertc", "sessions see records, not protocols"},
	{"session", "protocol/peermetrics", "sessions see records, not protocols"},
	{"session", "protocol/native", "sessions see records, not protocols"},
	{"store/...", "session", "the store keeps rows and does not know how they came about; it satisfies session.Sink by its methods"},
	{"store/...", "query", "query reads what store wrote"},
	{"store/...", "ingest", "data flows one way"},
	{"query", "session", "answers come from the store alone, so that any node can give them"},
	{"query", "ingest", "answers come from the store alone, so that any node can give them"},
	{"settings", "api", "settings are below what shows them"},
	{"settings", "store/...", "settings and measurements have different engines"},
	{"enrich", "...", "where an address is depends on nothing else"},
	{"export", "...", "rows of text and numbers in, files out, whatever they are of"},
	{"spool", "session", "the spool keeps frames and does not know what is in them"},
	{"spool", "protocol/...", "the spool keeps frames and does not know what is in them"},
	{"console", "...", "the console shows what the API says and nothing else"},
	{"sdk", "ingest", "the SDK is files to serve"},
	{"demo", "store/...", "the demo is a page like any other team's"},
	{"...", "protocol/protocoltest", "what the tests of decoders share is for tests: nothing that runs rests on it"},
	{"...", "calls", "the language for calls and its model of a browser are for tests: nothing that runs rests on them"},
	{"calls", "store/...", "cases show what is derived, whatever keeps it"},
	{"calls", "protocol/...", "cases are of records, whatever the wire"},
	{"rig", "...", "the relay damages packets and knows nothing of what is said of them"},
	{"fidelity", "store/...", "recordings are judged by what is derived, whatever keeps it"},
	{"...", "cmd/...", "only the program itself wires"},
}

// under reports whether pkg (relative to the module) is pattern or, for a
// pattern that ends in "...", below it.
func under(pkg, pattern string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "..."); ok {
		return prefix == "" || pkg == strings.TrimSuffix(prefix, "/") || strings.HasPrefix(pkg, prefix)
	}
	return pkg == pattern
}

func TestImportArrows(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}}{{range .Imports}} {{.}}{{end}}`, "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	seen := 0
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		from := strings.TrimPrefix(fields[0], module+"/")
		for _, imported := range fields[1:] {
			to, ours := strings.CutPrefix(imported, module+"/")
			if !ours {
				continue
			}
			seen++
			for _, a := range arrows {
				if under(from, a.from) && under(to, a.to) && !strings.HasPrefix(from, "cmd/") {
					t.Errorf("%s imports %s: %s", from, to, a.why)
				}
			}
		}
	}
	if seen == 0 {
		t.Error("no import between our packages was seen: the test looks at the wrong tree")
	}
}

// Names that say nothing of the field hide what is in a package.
func TestPackageNames(t *testing.T) {
	out, err := exec.Command("go", "list", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for line := range strings.Lines(string(out)) {
		switch name := filepath.Base(strings.TrimSpace(line)); name {
		case "util", "utils", "common", "helper", "helpers", "misc", "pkg":
			t.Errorf("package %s: name it by what it is about", strings.TrimSpace(line))
		}
	}
}
