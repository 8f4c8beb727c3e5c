package ingest

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/peerglass/peerglass/blob"
	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/protocol/jitsi"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/session"
	"github.com/peerglass/peerglass/spool"
)

// recordedFrames are the frames of a protocol's recorded session.
func recordedFrames(b testing.TB, name string) [][]byte {
	b.Helper()
	file, err := os.Open("../protocol/" + name + "/testdata/session.jsonl.gz")
	if err != nil {
		b.Skipf("no recording: %v", err)
	}
	defer file.Close()
	z, err := gzip.NewReader(file)
	if err != nil {
		b.Fatal(err)
	}
	scan := bufio.NewScanner(z)
	scan.Buffer(nil, protocol.MaxFrame)
	var frames [][]byte
	for scan.Scan() {
		frames = append(frames, bytes.Clone(scan.Bytes()))
	}
	if err := scan.Err(); err != nil {
		b.Fatal(err)
	}
	return frames
}

type nothing struct{}

func (nothing) Record(*rtc.Record) error { return nil }

// processor returns the processor time that this process has used.
func processor(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkPath measures the path of a frame without its socket, part by
// part: decoded; decoded and derived; and whole, which is both and the spool,
// acknowledged up to the last frame. cpu-ns/frame is the processor time of all
// goroutines.
func BenchmarkPath(b *testing.B) {
	for _, name := range []string{"jitsi", "rtcstats"} {
		frames := recordedFrames(b, name)
		w := wires[name]
		meta := &spool.Meta{Protocol: name, Subprotocol: "3.1_STANDARD"}
		size := 0
		for _, f := range frames {
			size += len(f)
		}
		perFrame := func(b *testing.B, one func(i int)) {
			b.SetBytes(int64(size / len(frames)))
			b.ReportAllocs()
			used := processor(b)
			n := 0
			for b.Loop() {
				one(n)
				n++
			}
			b.ReportMetric(float64(processor(b)-used)/float64(n), "cpu-ns/frame")
		}
		b.Run(name+"/decode", func(b *testing.B) {
			var d protocol.Decoder
			perFrame(b, func(i int) {
				if i%len(frames) == 0 {
					d = w.decoder(meta)
				}
				if err := d.Decode(frames[i%len(frames)], 1_800_000_000_000, nothing{}); err != nil {
					b.Fatal(err)
				}
			})
		})
		b.Run(name+"/derive", func(b *testing.B) {
			rooms := session.NewRooms(Discard{}, rand.Uint64)
			var d protocol.Decoder
			var s *session.Session
			now := int64(1_800_000_000_000)
			perFrame(b, func(i int) {
				now += 300
				if i%len(frames) == 0 {
					if s != nil {
						s.End(now, "leave")
					}
					d = w.decoder(meta)
					s = session.New(session.Options{App: 1, ID: rtc.SessionID(i + 1), Protocol: name, Start: now, Rooms: rooms, Sink: Discard{}})
				}
				if err := d.Decode(frames[i%len(frames)], now, s); err != nil && err != session.ErrEnded {
					b.Fatal(err)
				}
			})
		})
		b.Run(name+"/whole", func(b *testing.B) { benchmarkWhole(b, name, frames, perFrame) })
	}
}

func benchmarkWhole(b *testing.B, name string, frames [][]byte, perFrame func(*testing.B, func(int))) {
	dir := b.TempDir()
	sp, err := spool.Open(spool.Options{Dir: dir + "/spool", Reserve: -1})
	if err != nil {
		b.Fatal(err)
	}
	defer sp.Close()
	blobs, err := blob.OpenFolder(dir + "/blobs")
	if err != nil {
		b.Fatal(err)
	}
	s, err := New(Options{
		Spool: sp, Store: Discard{}, Blob: blobs, Access: access{}, Log: slog.New(slog.DiscardHandler),
		Rooms: session.NewRooms(Discard{}, rand.Uint64), Limits: Limits{FramesPerSecond: 1e9, BytesPerSecond: 1e12},
	})
	if err != nil {
		b.Fatal(err)
	}
	s.running.Store(true)
	const clients = 64
	conns := make([]*conn, clients)
	perFrame(b, func(i int) {
		k, at := i%clients, i/clients%len(frames)
		if at == 0 {
			if conns[k] != nil {
				l := conns[k].live
				l.mu.Lock()
				l.end(s.now(), "leave")
				l.mu.Unlock()
			}
			request := httptest.NewRequest("GET", fmt.Sprintf("/ingest/%s/x/room?statsSessionId=c-%d&isReconnect=false", name, i), nil)
			c := &conn{server: s, wire: wires[name], metrics: s.metrics.byWire[name], number: uint64(i + 1), sequenced: name == "jitsi"}
			c.meta = spool.Meta{App: 1, Protocol: name, Subprotocol: "3.1_STANDARD", Path: request.URL.Path, ClientSession: fmt.Sprintf("c-%d", i)}
			c.identify(rtc.Identity{Room: fmt.Sprint("room-", k/2)})
			if _, _, err := c.join(); err != nil {
				b.Fatal(err)
			}
			conns[k] = c
		}
		seq := uint64(0)
		if name == "jitsi" {
			head, err := jitsi.ParseHead(frames[at])
			if err != nil {
				b.Fatal(err)
			}
			seq = head.Seq
		}
		if err := conns[k].frame(seq, frames[at]); err != nil {
			if r := refusalOf(err); r.Reason != reasonEnded {
				b.Fatal(err)
			}
		}
	})
	for _, c := range conns {
		if c != nil {
			if _, err := c.wait(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	}
}
