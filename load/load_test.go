package load

import (
	"bytes"
	"context"
	"errors"
	"os"
	"testing"
	"time"
)

func TestOnlyLoopback(t *testing.T) {
	for _, server := range []string{"http://192.0.2.1:8080", "http://[2001:db8::1]:80", "https://127.0.0.1", "127.0.0.1:8080", "http://0.0.0.0:8080", ""} {
		if _, err := Run(context.Background(), Options{Server: server, Protocol: "jitsi"}); !errors.Is(err, ErrNotLoopback) {
			t.Errorf("%q: %v", server, err)
		}
	}
	for _, server := range []string{"http://127.0.0.1:8080", "http://[::1]:8080", "http://localhost:8080"} {
		if _, err := loopback(context.Background(), server); err != nil {
			t.Errorf("%q: %v", server, err)
		}
	}
}

func TestRecordingsAreThoseOfTheProtocols(t *testing.T) {
	for ours, theirs := range map[string]string{
		"recorded/jitsi.jsonl.gz":    "../protocol/jitsi/testdata/session.jsonl.gz",
		"recorded/rtcstats.jsonl.gz": "../protocol/rtcstats/testdata/session.jsonl.gz",
	} {
		a, err := os.ReadFile(ours)
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(theirs)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(a, b) {
			t.Errorf("%s differs from %s: copy it again", ours, theirs)
		}
	}
}

func TestRecordings(t *testing.T) {
	for _, name := range []string{"jitsi", "rtcstats", "native"} {
		rec, err := open(name, "")
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		records, size := 0, 0
		for _, f := range rec.frames {
			records += f.records
			size += len(f.data)
		}
		t.Logf("%s: %d frames of %d bytes, %d records", name, len(rec.frames), size/len(rec.frames), records)
		if len(rec.frames) < 10 || records < len(rec.frames)-1 {
			t.Errorf("%s: %d frames, %d records", name, len(rec.frames), records)
		}
	}
	if _, err := open("smoke", ""); err == nil {
		t.Error("an unknown protocol was taken")
	}
}

func TestHistogram(t *testing.T) {
	var h histogram
	for i := range 1000 {
		h.add(time.Duration(i+1) * time.Millisecond)
	}
	for q, want := range map[float64]float64{0.5: 500, 0.99: 990, 1: 1000} {
		if got := h.quantile(q); got < want*0.92 || got > want*1.09 {
			t.Errorf("quantile %v is %v ms, not about %v", q, got, want)
		}
	}
}
