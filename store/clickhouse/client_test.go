package clickhouse

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/ClickHouse/ch-go/proto"
)

// answer is a scripted server: it notes what it was asked.
func answer(t *testing.T, respond func(w http.ResponseWriter)) (*Client, *url.Values) {
	t.Helper()
	asked := new(url.Values)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*asked = r.URL.Query()
		respond(w)
	}))
	t.Cleanup(server.Close)
	c, err := New(Options{URL: server.URL + "/calls"})
	if err != nil {
		t.Fatal(err)
	}
	return c, asked
}

func blocks(rows ...[]uint64) []byte {
	var b proto.Buffer
	for _, r := range rows {
		column := proto.ColUInt64(r)
		if err := (proto.Block{Columns: 1, Rows: len(r)}).EncodeRawBlock(&b, 0, []proto.InputColumn{{Name: "n", Data: &column}}); err != nil {
			panic(err)
		}
	}
	return b.Buf
}

func TestSelectReadsBlockByBlock(t *testing.T) {
	c, asked := answer(t, func(w http.ResponseWriter) { w.Write(blocks([]uint64{1, 2}, []uint64{}, []uint64{3})) })
	var column proto.ColUInt64
	var got []uint64
	q := Question{SQL: "SELECT n", Cheap: true, Params: []Param{String("room", "a\t'b\\\n"), Uints("ids", []uint64{1, 2}), Ints("ms", nil), Int("x", -1), Bool("y", true), Float("z", 0.5)}}
	if err := c.Select(t.Context(), q, proto.Results{{Data: &column}}, func(int) error { got = append(got, column...); return nil }); err != nil {
		t.Fatal(err)
	}
	if len(got) != 3 || got[2] != 3 {
		t.Errorf("got %v", got)
	}
	for name, want := range map[string]string{"param_room": `a\t\'b\\\n`, "param_ids": "[1,2]", "param_ms": "[]", "param_x": "-1", "param_y": "1", "param_z": "0.5",
		"readonly": "2", "workload": "cheap", "database": "calls", "default_format": "Native"} {
		if got := asked.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func TestAnAnswerThatIsCutOffIsAnError(t *testing.T) {
	whole := blocks([]uint64{1, 2})
	for n := 1; n < len(whole); n++ {
		c, _ := answer(t, func(w http.ResponseWriter) { w.Write(whole[:n]) })
		var column proto.ColUInt64
		if err := c.Select(t.Context(), Question{SQL: "SELECT n"}, proto.Results{{Data: &column}}, func(int) error { return nil }); err == nil {
			t.Fatalf("%d of %d bytes are taken for an answer", n, len(whole))
		}
	}
}

func TestErrorsCarryTheirCode(t *testing.T) {
	for _, header := range []string{"", "241"} {
		c, _ := answer(t, func(w http.ResponseWriter) {
			if header != "" {
				w.Header().Set("X-ClickHouse-Exception-Code", header)
			}
			http.Error(w, "Code: 241. DB::Exception: Memory limit exceeded (MEMORY_LIMIT_EXCEEDED)", http.StatusInternalServerError)
		})
		err := c.Exec(t.Context(), Question{SQL: "SELECT 1"})
		if !IsCode(err, CodeTimeout, CodeMemoryLimit) || !strings.Contains(err.Error(), "Memory limit exceeded") {
			t.Errorf("got %v", err)
		}
		if err := c.Insert(t.Context(), "INSERT INTO t FORMAT Native", nil, "x"); !IsCode(err, CodeMemoryLimit) {
			t.Errorf("got %v", err)
		}
	}
}

func TestAQuestionEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c, _ := answer(t, func(w http.ResponseWriter) { cancel(); <-ctx.Done() })
	if err := c.Exec(ctx, Question{SQL: "SELECT sleep(3)"}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestAddresses(t *testing.T) {
	for _, bad := range []string{"", "localhost:8123", "ftp://x", "http://"} {
		if _, err := New(Options{URL: bad}); err == nil {
			t.Errorf("%q is taken for an address", bad)
		}
	}
	if _, err := New(Options{URL: "ftp://me:secret@x"}); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("the error tells the password: %v", err)
	}
	c, err := New(Options{URL: "http://me:secret@host:8123/calls?database=other"})
	if err != nil || c.Database() != "calls" || c.o.User != "me" || c.o.Password != "secret" || strings.Contains(c.endpoint, "secret") {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestQuote(t *testing.T) {
	if got := Quote("a`b\\"); got != "`a\\`b\\\\`" {
		t.Errorf("got %s", got)
	}
}
