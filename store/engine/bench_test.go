package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	chproto "github.com/ClickHouse/ch-go/proto"

	"github.com/peerglass/peerglass/store/engine"
)

const benchColumns = 20

// benchBlock is a Native block shaped like samples: ids, a time, and metrics
// of which half are not measured.
func benchBlock(rows int) []byte {
	session, at := chproto.ColUInt64{}, new(chproto.ColDateTime64).WithPrecision(3)
	input := chproto.Input{{Name: "session", Data: &session}, {Name: "at", Data: at}}
	for r := range rows {
		session.Append(uint64(r / 100))
		at.AppendRaw(chproto.DateTime64(1_700_000_000_000 + r%100*1000))
	}
	for c := range benchColumns {
		column := make(chproto.ColFloat32, rows)
		for r := range rows {
			if (r/100+c)%2 == 0 {
				column[r] = float32(r*(c+1)%997) / 8
			}
		}
		input = append(input, chproto.InputColumn{Name: fmt.Sprint("m", c), Data: &column})
	}
	var b chproto.Buffer
	block := chproto.Block{Columns: len(input), Rows: rows}
	if err := block.EncodeRawBlock(&b, 0, input); err != nil {
		panic(err)
	}
	return b.Buf
}

func benchEngine(b *testing.B) *engine.Engine {
	if _, err := engine.FindLibrary(""); err != nil {
		b.Skip(err)
	}
	self, _ := os.Executable()
	e, err := engine.Start(context.Background(), engine.Options{Dir: b.TempDir(), Command: []string{self}, Env: []string{childEnv + "=1"}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { e.Close() })
	return e
}

// BenchmarkInsert sends Native batches of several sizes, one after the other.
func BenchmarkInsert(b *testing.B) {
	for _, rows := range []int{1000, 10_000, 100_000} {
		b.Run(fmt.Sprint(rows), func(b *testing.B) {
			e := benchEngine(b)
			create := "CREATE TABLE s (session UInt64 CODEC(Delta, ZSTD), at DateTime64(3) CODEC(DoubleDelta, ZSTD)"
			for c := range benchColumns {
				create += fmt.Sprintf(", m%d Float32 CODEC(ZSTD)", c)
			}
			if _, err := send(context.Background(), e, create+") ENGINE = MergeTree ORDER BY (session, at)", http.NoBody); err != nil {
				b.Fatal(err)
			}
			block := benchBlock(rows)
			b.SetBytes(int64(len(block)))
			for b.Loop() {
				r, err := send(context.Background(), e, "INSERT INTO s FORMAT Native", bytes.NewReader(block))
				if err != nil || r.status != http.StatusOK {
					b.Fatal(err, r)
				}
			}
			b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
			b.ReportMetric(resident(e.Pid()), "MiB-resident")
		})
	}
}

// BenchmarkQuery is what the child adds to the shortest query.
func BenchmarkQuery(b *testing.B) {
	e := benchEngine(b)
	idle := resident(e.Pid())
	for b.Loop() {
		if r, err := send(context.Background(), e, "SELECT 1", http.NoBody); err != nil || r.status != http.StatusOK {
			b.Fatal(err, r)
		}
	}
	b.ReportMetric(idle, "MiB-idle")
}

// resident is the process's resident memory in MiB, 0 where it is not known.
func resident(pid int) float64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	var kib float64
	if _, rest, found := strings.Cut(string(text), "VmRSS:"); found {
		_, _ = fmt.Sscan(rest, &kib)
	}
	return kib / 1024
}
