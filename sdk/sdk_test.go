package sdk

import (
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/peerglass/peerglass/internal/golden"
	"github.com/peerglass/peerglass/rtc"
)

// The numbers that the SDK writes are those that the server reads.
func TestDictionaryIsThatOfTheServer(t *testing.T) {
	golden.Check(t, "src/dictionary.ts", dictionary())
}

// unsaid are members that no browser of today tells, of old drafts and old
// browsers. Where one does after all its name is sent: that costs twenty bytes
// once a report, and the word would cost each page six.
var unsaid = strings.Fields(`framesRendered framesDiscarded burstPacketsLost burstDiscardCount gapLossRate fullFramesLost partialFramesLost
	framesDiscardedOnSend samplesEncodedWithSilk samplesEncodedWithCelt codecType rtcpTransportStatsId fecSsrc availableIncomingBitrate
	interruptionCount totalInterruptionDuration relativePacketArrivalDelay jitterBufferFlushes delayedPacketOutageSamples
	firstRequestTimestamp lastRequestTimestamp lastResponseTimestamp consentExpiredTimestamp retransmissionsReceived retransmissionsSent
	totalSamplesCaptured droppedSamplesDuration droppedSamplesEvents totalCaptureDelay
	remoteSource ended detached deleted googTimingFrameInfo cpuSystem cpuApp`)

// dictionary writes the members in the order of their numbers. A digit before
// a name is the power of ten of its scale; names do not start with digits. The
// place of what is unsaid is empty.
func dictionary() string {
	var b strings.Builder
	b.WriteString("// Generated from rtc/dictionary.go by: go test ./sdk -run Dictionary -update\n\n")
	b.WriteString("/** Members by their number on the wire, from 1; the name of what browsers do not say is left out. A digit in front is the power of ten of the steps in one unit. */\n")
	b.WriteString("export const MEMBERS =\n")
	write := func(words []string) {
		for len(words) > 0 {
			line := ""
			for len(words) > 0 && len(line)+len(words[0]) < 120 {
				line += words[0] + " "
				words = words[1:]
			}
			if len(words) == 0 {
				fmt.Fprintf(&b, "  %q;\n", strings.TrimSuffix(line, " "))
			} else {
				fmt.Fprintf(&b, "  %q +\n", line)
			}
		}
	}
	var words []string
	for m := rtc.Member(1); int(m) < rtc.Members; m++ {
		word := m.String()
		if slices.Contains(unsaid, word) {
			words = append(words, "")
			continue
		}
		if power := math.Round(-math.Log10(m.Info().Unit.Step())); power > 0 {
			word = fmt.Sprintf("%.0f%s", power, word)
		}
		words = append(words, word)
	}
	write(words)
	b.WriteString("\n/** Types of reports by their number on the wire, from 1. */\nexport const TYPES =\n")
	words = nil
	for s := rtc.StatsType(1); int(s) < rtc.StatsTypes; s++ {
		words = append(words, s.String())
	}
	write(words)
	return b.String()
}

func TestHandlerServesTheSDK(t *testing.T) {
	get := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		return w
	}
	w := get("/sdk.js")
	if w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/javascript") {
		t.Fatalf("/sdk.js: %d %s", w.Code, w.Header().Get("Content-Type"))
	}
	for _, path := range []string{"/callstats.js", "/callstats.min.js"} {
		if w := get(path); w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/javascript") {
			t.Errorf("%s: %d %s", path, w.Code, w.Header().Get("Content-Type"))
		}
	}
	if w.Header().Get("Access-Control-Allow-Origin") != "*" {
		t.Error("/sdk.js cannot be loaded by a page of another origin")
	}
	if !Built() && !strings.Contains(w.Body.String(), "npm run build") {
		t.Error("the script that stands in for the SDK does not say how to build it")
	}
	for _, path := range []string{"/nothing.js", "/", "/../embed.go"} {
		if w := get(path); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d, want 404", path, w.Code)
		}
	}
}
