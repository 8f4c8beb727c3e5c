package store

import (
	"encoding/binary"
	"math"
	"slices"
	"time"

	"github.com/ClickHouse/ch-go/proto"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
)

// sampleBytes is what a waiting sample takes in memory without its values.
const sampleBytes = 128

// sampleBuffer holds samples row by row: handing one over copies two runs of
// memory. Turning rows into columns is the writer's work.
type sampleBuffer struct {
	rows   []sampleRow
	values []float32 // of all rows, len(quality.Catalogue()) each
}

type sampleRow struct {
	call       rtc.CallID
	session    rtc.SessionID
	time       int64 // Unix ms
	app        rtc.AppID
	stream     rtc.StreamID
	interval   uint32 // ms
	kind       rtc.MediaKind
	direction  rtc.Direction
	codec      string
	limitation string
	pair       string
}

func newSampleBuffer() *sampleBuffer { return &sampleBuffer{} }

func (b *sampleBuffer) len() int { return len(b.rows) }

func (b *sampleBuffer) reset() {
	clear(b.rows)
	b.rows, b.values = b.rows[:0], b.values[:0]
}

func (b *sampleBuffer) add(r *rtc.Sample) {
	b.rows = append(b.rows, sampleRow{
		app: r.App, call: r.Call, session: r.Session, stream: r.Stream,
		time: r.Time.UnixMilli(), interval: uint32(min(max(r.Interval, 0)/time.Millisecond, math.MaxUint32)),
		kind: r.Kind, direction: r.Direction, codec: r.Codec, limitation: r.Limitation, pair: r.Pair,
	})
	n := len(quality.Catalogue())
	b.values = append(b.values, r.Values[:min(n, len(r.Values))]...)
	for i := len(r.Values); i < n; i++ {
		b.values = append(b.values, rtc.Null)
	}
}

// samplesEncoder turns buffers of samples into one block. It keeps scratch
// memory; a writer encodes one batch at a time.
type samplesEncoder struct {
	batch  []*sampleBuffer
	rows   int
	labels []string
	index  map[string]uint32
	keys   []uint32
}

func newSamplesEncoder() *samplesEncoder { return &samplesEncoder{index: map[string]uint32{}} }

// fixedSampleColumns are those before the metrics.
var fixedSampleColumns = []string{"app", "call", "session", "stream", "time", "interval", "kind", "direction", "codec", "limitation", "pair"}

func (e *samplesEncoder) encode(out *proto.Buffer, batch []*sampleBuffer) {
	e.batch, e.rows = batch, 0
	for _, b := range batch {
		e.rows += len(b.rows)
	}
	metrics := quality.Catalogue()
	out.Buf = slices.Grow(out.Buf, e.rows*(48+4*len(metrics)))
	out.PutInt(len(fixedSampleColumns) + len(metrics))
	out.PutInt(e.rows)
	e.fixed(out, "app", "UInt32", 4, func(p []byte, r *sampleRow) { binary.LittleEndian.PutUint32(p, uint32(r.app)) })
	e.fixed(out, "call", "UInt64", 8, func(p []byte, r *sampleRow) { binary.LittleEndian.PutUint64(p, uint64(r.call)) })
	e.fixed(out, "session", "UInt64", 8, func(p []byte, r *sampleRow) { binary.LittleEndian.PutUint64(p, uint64(r.session)) })
	e.fixed(out, "stream", "UInt32", 4, func(p []byte, r *sampleRow) { binary.LittleEndian.PutUint32(p, uint32(r.stream)) })
	e.fixed(out, "time", "DateTime64(3, 'UTC')", 8, func(p []byte, r *sampleRow) { binary.LittleEndian.PutUint64(p, uint64(r.time)) })
	e.fixed(out, "interval", "UInt32", 4, func(p []byte, r *sampleRow) { binary.LittleEndian.PutUint32(p, r.interval) })
	e.fixed(out, "kind", typeMediaKind, 1, func(p []byte, r *sampleRow) { p[0] = byte(r.kind) })
	e.fixed(out, "direction", typeDirection, 1, func(p []byte, r *sampleRow) { p[0] = byte(r.direction) })
	e.label(out, "codec", func(r *sampleRow) string { return r.codec })
	e.label(out, "limitation", func(r *sampleRow) string { return r.limitation })
	e.label(out, "pair", func(r *sampleRow) string { return r.pair })
	for i, m := range metrics {
		out.PutString("n_" + m.ID)
		out.PutString("Int32")
		perStep := 1 / m.Step
		p := grow(out, 4*e.rows)
		for _, b := range e.batch {
			for v := i; v < len(b.values); v += len(metrics) {
				binary.LittleEndian.PutUint32(p, uint32(metricNumber(b.values[v], perStep)))
				p = p[4:]
			}
		}
	}
	e.batch = nil
}

// fixed writes a column of width bytes a row.
func (e *samplesEncoder) fixed(out *proto.Buffer, name, typ string, width int, put func([]byte, *sampleRow)) {
	out.PutString(name)
	out.PutString(typ)
	p := grow(out, width*e.rows)
	for _, b := range e.batch {
		for i := range b.rows {
			put(p, &b.rows[i])
			p = p[width:]
		}
	}
}

func grow(out *proto.Buffer, n int) []byte {
	at := len(out.Buf)
	out.Buf = slices.Grow(out.Buf, n)[:at+n]
	return out.Buf[at:]
}

// label writes a LowCardinality(String) column with a dictionary of its own:
// there are a handful of labels in a batch.
func (e *samplesEncoder) label(out *proto.Buffer, name string, get func(*sampleRow) string) {
	clear(e.index)
	e.labels, e.keys = append(e.labels[:0], ""), e.keys[:0]
	e.index[""] = 0
	last, lastKey := "", uint32(0)
	for _, b := range e.batch {
		for i := range b.rows {
			if s := get(&b.rows[i]); s != last {
				key, known := e.index[s]
				if !known {
					key = uint32(len(e.labels))
					e.labels = append(e.labels, s)
					e.index[s] = key
				}
				last, lastKey = s, key
			}
			e.keys = append(e.keys, lastKey)
		}
	}
	out.PutString(name)
	out.PutString("LowCardinality(String)")
	if e.rows == 0 {
		return
	}
	out.PutInt64(1) // the dictionary is in the block
	const hasDictionary, keys32 = 1<<9 | 1<<10, 2
	out.PutInt64(hasDictionary | keys32)
	out.PutInt64(int64(len(e.labels)))
	for _, s := range e.labels {
		out.PutString(s)
	}
	out.PutInt64(int64(len(e.keys)))
	for _, k := range e.keys {
		out.PutUInt32(k)
	}
	clear(e.labels)
}
