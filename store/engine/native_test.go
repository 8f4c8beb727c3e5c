package engine

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/column"
	"github.com/ClickHouse/clickhouse-go/v2/lib/proto"

	chproto "github.com/ClickHouse/ch-go/proto"
)

// nativeBlock is a block of revision 0 with columns of every layout.
func nativeBlock(t testing.TB, rows int) []byte {
	b := proto.NewBlock()
	for _, c := range []struct{ name, of string }{
		{"a", "UInt64"}, {"b", "String"}, {"c", "Nullable(String)"}, {"d", "LowCardinality(String)"},
		{"e", "Array(LowCardinality(Nullable(String)))"}, {"f", "Map(String, Array(Float32))"},
		{"g", "Tuple(lat Float64, name String)"}, {"h", "DateTime64(3, 'UTC')"},
		{"i", "Enum8('a, (b' = 1, 'c' = 2)"}, {"j", "Decimal(18, 3)"}, {"k", "FixedString(3)"},
		{"l", "Array(Array(UInt8))"}, {"m", "UUID"}, {"n", "IPv6"}, {"o", "Bool"},
	} {
		if err := b.AddColumn(c.name, column.Type(c.of)); err != nil {
			t.Fatal(err)
		}
	}
	for r := range rows {
		s := strings.Repeat("x", r)
		if err := b.Append(uint64(r), s, &s, s, []string{s, "y"}, map[string][]float32{s: {1, 2}},
			map[string]any{"lat": 1.5, "name": s}, time.UnixMilli(int64(r)), "c", "1.5", "abc",
			[][]uint8{{1}, {}}, "00000000-0000-0000-0000-000000000001", "::1", true); err != nil {
			t.Fatal(err)
		}
	}
	var out chproto.Buffer
	if err := b.Encode(&out, 0); err != nil {
		t.Fatal(err)
	}
	return out.Buf
}

// TestReframe cuts two blocks into pieces of every length: the frames are the
// same, and clickhouse-go reads them at the revision asked for.
func TestReframe(t *testing.T) {
	data := append(nativeBlock(t, 1), nativeBlock(t, 5)...)
	for _, revision := range []int{0, 1, 54453, 54454, 54460} {
		whole := &reframer{revision: revision}
		want, err := whole.append(nil, data)
		if err != nil || whole.finish() != nil {
			t.Fatal(err, whole.finish())
		}
		if revision == 0 && !bytes.Equal(want, data) {
			t.Error("revision 0 was changed")
		}
		for size := 1; size < len(data); size += 1 + size/10 {
			f := &reframer{revision: revision}
			var got []byte
			for rest := data; len(rest) > 0; {
				n := min(size, len(rest))
				if got, err = f.append(got, rest[:n]); err != nil {
					t.Fatal(err)
				}
				rest = rest[n:]
			}
			if !bytes.Equal(got, want) || f.finish() != nil {
				t.Fatalf("revision %d in pieces of %d: another result", revision, size)
			}
		}
		r := chproto.NewReader(bytes.NewReader(want))
		for _, rows := range []int{1, 5} {
			b := proto.NewBlock()
			if err := b.Decode(r, uint64(revision)); err != nil || b.Rows() != rows {
				t.Fatalf("revision %d: %v, %d rows", revision, err, b.Rows())
			}
			if got := b.Columns[1].Row(rows-1, false); got != strings.Repeat("x", rows-1) {
				t.Errorf("revision %d: got %q", revision, got)
			}
		}
		if err := proto.NewBlock().Decode(r, uint64(revision)); err == nil || !strings.Contains(err.Error(), io.EOF.Error()) {
			t.Errorf("revision %d: more follows: %v", revision, err)
		}
	}
	cut := &reframer{revision: 1}
	if _, err := cut.append(nil, data[:len(data)-1]); err != nil || cut.finish() == nil {
		t.Errorf("cut data passed for whole: %v", err)
	}
}

func TestNativeTypes(t *testing.T) {
	for name, want := range map[string]uint64{
		"UInt8": 1, "DateTime('Europe/Berlin')": 4, "DateTime64(9, 'UTC')": 8, "Decimal(9, 2)": 4, "Decimal(10,2)": 8,
		"Decimal(38, 0)": 16, "Decimal(39, 0)": 32, "Decimal64(3)": 8, "FixedString(16)": 16, "Enum16('a' = 300)": 2,
		"SimpleAggregateFunction(sum, UInt64)": 8, "SimpleAggregateFunction(groupBitOr, UInt32)": 4,
		"IntervalSecond": 8, "Point": 16, "BFloat16": 2, "Int256": 32,
	} {
		if got, err := parseNativeType(name); err != nil || got.layout != layoutFixed || got.size != want {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
	for _, name := range []string{"AggregateFunction(uniq, UInt64)", "JSON", "Dynamic", "Variant(String, UInt8)", "Array(JSON)", "FixedString(x)", "", "("} {
		if _, err := parseNativeType(name); err == nil || !strings.Contains(err.Error(), "UNKNOWN_TYPE") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// FuzzReframe: no data makes it run away, and what comes in one piece comes
// out as it does in two.
func FuzzReframe(f *testing.F) {
	data := nativeBlock(f, 3)
	f.Add(data, 5)
	f.Add(data[:len(data)/2], 1)
	f.Fuzz(func(t *testing.T, data []byte, at int) {
		one, two := &reframer{revision: 54460}, &reframer{revision: 54460}
		want, err := one.append(nil, data)
		at = min(max(at, 0), len(data))
		got, err2 := two.append(nil, data[:at])
		if err2 == nil {
			got, err2 = two.append(got, data[at:])
		}
		if err == nil && (err2 != nil || !bytes.Equal(got, want)) {
			t.Fatalf("in two pieces: %v, %d bytes; in one: %d", err2, len(got), len(want))
		}
	})
}
