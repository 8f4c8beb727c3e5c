package engine_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"reflect"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/peerglass/peerglass/store/engine"
)

// open is a clickhouse-go client in HTTP mode on the engine.
func open(t *testing.T, e *engine.Engine, compression clickhouse.CompressionMethod) driver.Conn {
	t.Helper()
	c, err := clickhouse.Open(&clickhouse.Options{
		Protocol:    clickhouse.HTTP,
		Addr:        []string{"engine"},
		Compression: &clickhouse.Compression{Method: compression},
		TransportFunc: func(*http.Transport) (http.RoundTripper, error) {
			return e.Transport(), nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// sample has a column of each kind that lies differently in a Native block.
type sample struct {
	ID    uint64            `ch:"id"`
	At    time.Time         `ch:"at"`
	Rate  float32           `ch:"rate"`
	Name  string            `ch:"name"`
	Room  string            `ch:"room"`
	Codec *string           `ch:"codec"`
	Maybe *int32            `ch:"maybe"`
	Tags  []string          `ch:"tags"`
	Kinds []string          `ch:"kinds"`
	Attrs map[string]string `ch:"attrs"`
	Grid  [][]uint16        `ch:"grid"`
	Sum   float64           `ch:"sum"`
	Phase string            `ch:"phase"`
	Hash  string            `ch:"hash"`
	Ok    bool              `ch:"ok"`
}

const sampleTable = `CREATE TABLE sample (
	id UInt64, at DateTime64(3, 'UTC'), rate Float32, name String,
	room LowCardinality(String), codec LowCardinality(Nullable(String)), maybe Nullable(Int32),
	tags Array(String), kinds Array(LowCardinality(String)), attrs Map(LowCardinality(String), String),
	grid Array(Array(UInt16)), sum SimpleAggregateFunction(max, Float64),
	phase Enum8('join' = 1, 'mid, call' = 2), hash FixedString(4), ok Bool
) ENGINE = MergeTree ORDER BY id`

func samples(n int) []sample {
	all := make([]sample, n)
	for i := range all {
		s := sample{
			ID:    uint64(i),
			At:    time.UnixMilli(1_700_000_000_000 + int64(i)).UTC(),
			Rate:  float32(i) / 3,
			Name:  fmt.Sprintf("user %d 'ä\n", i),
			Room:  fmt.Sprint("room", i%7),
			Tags:  []string{},
			Kinds: []string{},
			Attrs: map[string]string{},
			Grid:  [][]uint16{},
			Sum:   math.Sqrt(float64(i)),
			Phase: []string{"join", "mid, call"}[i%2],
			Hash:  fmt.Sprintf("%04d", i%10000),
			Ok:    i%3 == 0,
		}
		if i%2 == 0 {
			codec, maybe := fmt.Sprint("codec", i%5), int32(-i)
			s.Codec, s.Maybe = &codec, &maybe
			s.Tags = []string{"", fmt.Sprint(i)}
			s.Kinds = []string{"audio", "video", "audio"}
			s.Attrs = map[string]string{"k": fmt.Sprint(i), "": ""}
			s.Grid = [][]uint16{{1, 2}, {}, {uint16(i)}}
		}
		all[i] = s
	}
	return all
}

// TestClientRoundTrip sends rows of all kinds in a native batch and reads them
// back, over several blocks: re-framing must find each column's end.
func TestClientRoundTrip(t *testing.T) {
	e := start(t)
	for _, method := range []clickhouse.CompressionMethod{clickhouse.CompressionNone, clickhouse.CompressionLZ4, clickhouse.CompressionZSTD, clickhouse.CompressionGZIP} {
		t.Run(method.String(), func(t *testing.T) {
			ctx := context.Background()
			db := open(t, e, method)
			if err := db.Exec(ctx, "DROP TABLE IF EXISTS sample"); err != nil {
				t.Fatal(err)
			}
			if err := db.Exec(ctx, sampleTable); err != nil {
				t.Fatal(err)
			}
			rows := samples(5000)
			batch, err := db.PrepareBatch(ctx, "INSERT INTO sample")
			if err != nil {
				t.Fatal(err)
			}
			for i := range rows {
				if err := batch.AppendStruct(&rows[i]); err != nil {
					t.Fatal(err)
				}
			}
			if err := batch.Send(); err != nil {
				t.Fatal(err)
			}
			var got []sample
			small := clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{"max_block_size": 700}))
			if err := db.Select(small, &got, "SELECT * FROM sample ORDER BY id"); err != nil {
				t.Fatal(err)
			}
			if len(got) != len(rows) {
				t.Fatalf("got %d rows, want %d", len(got), len(rows))
			}
			for i := range got {
				if !reflect.DeepEqual(got[i], rows[i]) {
					t.Fatalf("row %d: got %+v, want %+v", i, got[i], rows[i])
				}
			}
		})
	}
}

// TestBoundParameters binds what breaks statements that are put together from
// strings.
func TestBoundParameters(t *testing.T) {
	e := start(t)
	db := open(t, e, clickhouse.CompressionLZ4)
	for _, value := range []string{"", "plain", "it's", `back\slash`, "line\nbreak\ttab\rreturn", `"; DROP TABLE x; --`, "{x:String}", "ünïcödé 🎥", "nul\x00byte", "%25&a=b+c", "\\N"} {
		var got string
		if err := db.QueryRow(context.Background(), "SELECT {v:String}", clickhouse.Named("v", value)).Scan(&got); err != nil {
			t.Errorf("%q: %v", value, err)
		} else if got != value {
			t.Errorf("got %q, want %q", got, value)
		}
	}
	var ids []uint32
	var at time.Time
	when := time.UnixMilli(1_700_000_000_123).UTC()
	err := db.QueryRow(context.Background(), "SELECT {ids:Array(UInt32)}, {at:DateTime64(3, 'UTC')}",
		clickhouse.Named("ids", []uint32{3, 1, 2}), clickhouse.Named("at", when)).Scan(&ids, &at)
	if err != nil || !reflect.DeepEqual(ids, []uint32{3, 1, 2}) || !at.Equal(when) {
		t.Errorf("got %v %v %v", ids, at, err)
	}
}

// TestClientErrors checks that clickhouse-go reads errors as it does a
// server's, before the answer began and in its middle.
func TestClientErrors(t *testing.T) {
	e := start(t)
	db := open(t, e, clickhouse.CompressionNone)
	ctx := context.Background()
	var exception *clickhouse.Exception
	err := db.Exec(ctx, "SELECT * FROM missing")
	if !errors.As(err, &exception) || exception.Code != 60 {
		t.Errorf("a missing table: got %v", err)
	}
	small := clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{"max_block_size": 1000}))
	rows, err := db.Query(small, "SELECT throwIf(number = 50000, 'found it') FROM numbers(100000)")
	if err != nil {
		t.Fatal(err)
	}
	read := 0
	for rows.Next() {
		read++
	}
	if err := rows.Err(); read == 0 || !errors.As(err, &exception) || exception.Code != 395 {
		t.Errorf("an error in the middle: read %d rows, got %v", read, err)
	}
	e.Close()
	if err := db.Ping(ctx); err == nil {
		t.Error("a closed engine answered")
	}
}
