package engine_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/peerglass/peerglass/store/engine"
)

// body sends everything in the body, as simple clients do.
func body(t *testing.T, e *engine.Engine, text string, params ...string) response {
	t.Helper()
	address := engine.URL + "/?"
	for i := 0; i < len(params); i += 2 {
		address += params[i] + "=" + params[i+1] + "&"
	}
	res, err := e.HTTPClient().Post(address, "text/plain", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response{res.StatusCode, res.Header, string(answer)}
}

// TestInsertForms sends rows in each way that ClickHouse's interface knows.
func TestInsertForms(t *testing.T) {
	e := start(t)
	want(t, e, "", "CREATE TABLE t (id UInt32, name String DEFAULT 'none') ENGINE = MergeTree ORDER BY id")
	for i, send := range []func() response{
		func() response { return post(t, e, "INSERT INTO t FORMAT CSV", "1,\"a\"\"b\"\n") },
		func() response { return post(t, e, "INSERT INTO t FORMAT CSV\n2,\"a\"\"b\"\n", "") },
		func() response { return post(t, e, "INSERT INTO t", "3\ta\"b\n", "default_format", "TSV") },
		func() response { return post(t, e, "INSERT INTO t VALUES", "(4, 'a\"b')") },
		func() response { return body(t, e, "INSERT INTO t VALUES (5, 'a\"b')") },
		func() response {
			return body(t, e, "INSERT INTO t VALUES ({id:UInt32}, {name:String})", "param_id", "6", "param_name", "a%22b")
		},
		func() response {
			return body(t, e, "INSERT INTO t (name, id) FORMAT JSONEachRow\n{\"id\":7,\"name\":\"a\\\"b\"}")
		},
		func() response { return body(t, e, "INSERT INTO t SELECT 8, 'a\"b'") },
	} {
		if r := send(); r.status != http.StatusOK || !strings.Contains(r.header.Get("X-ClickHouse-Summary"), `"written_rows":"1"`) {
			t.Errorf("form %d: %+v", i+1, r)
		}
		want(t, e, "a\"b\n", "SELECT name FROM t WHERE id = {id:UInt32} FORMAT TSVRaw", "param_id", fmt.Sprint(i+1))
	}
	// Larger than any buffer, in one piece.
	var rows strings.Builder
	for i := range 200_000 {
		fmt.Fprintf(&rows, "%d\t%s\n", i+100, "0123456789")
	}
	if r := body(t, e, "INSERT INTO t FORMAT TSV\n"+rows.String()); r.status != http.StatusOK {
		t.Error(r)
	}
	want(t, e, "200000\n", "SELECT count() FROM t WHERE name = '0123456789'")

	for _, c := range []struct{ sql, data, code string }{
		{"INSERT INTO missing FORMAT CSV", "1", "60"},
		{"INSERT INTO t FORMAT Nonsense", "1", "73"},
		{"INSERT INTO t FORMAT CSV", "no number\n", "27"},
		{"INSERT INTO t FORMAT Native", "no block", ""},
		{"INSERT INTO t (nope) FORMAT CSV", "1\n", "16"},
	} {
		r := post(t, e, c.sql, c.data)
		if code := r.header.Get("X-ClickHouse-Exception-Code"); r.status == http.StatusOK || code == "" || c.code != "" && code != c.code || strings.Contains(r.body, "pg:") {
			t.Errorf("%s: got %d, code %s, %s", c.sql, r.status, code, r.body)
		}
	}
	want(t, e, "200008\n", "SELECT count() FROM t")
	if r := post(t, e, "INSERT INTO t FORMAT CSV", ""); r.status != http.StatusOK {
		t.Errorf("an insert without rows: %+v", r)
	}
}

// TestDeduplication repeats an insert under one token, as a store does that got
// no answer.
func TestDeduplication(t *testing.T) {
	e := start(t)
	want(t, e, "", "CREATE TABLE t (id UInt32) ENGINE = MergeTree ORDER BY id SETTINGS non_replicated_deduplication_window = 100")
	for _, token := range []string{"a", "a", "b", "a"} {
		if r := post(t, e, "INSERT INTO t FORMAT TSV", "1\n2\n", "insert_deduplication_token", token); r.status != http.StatusOK {
			t.Fatal(r)
		}
	}
	want(t, e, "4\n", "SELECT count() FROM t")
}

// TestAnswers checks formats and headers. A format with a beginning and an end
// comes in one document however large the answer.
func TestAnswers(t *testing.T) {
	e := start(t)
	r := post(t, e, "SELECT number FROM numbers(200000)", "", "default_format", "JSON")
	var document struct{ Rows int }
	if err := json.Unmarshal([]byte(r.body), &document); err != nil || document.Rows != 200000 {
		t.Errorf("JSON: %v, %d rows", err, document.Rows)
	}
	if got := r.header.Get("Content-Type"); !strings.HasPrefix(got, "application/json") {
		t.Errorf("JSON: content type %s", got)
	}
	r = post(t, e, "SELECT number AS n FROM numbers(200000) FORMAT CSVWithNames", "")
	if n := strings.Count(r.body, `"n"`); n != 1 {
		t.Errorf("CSVWithNames: %d headers", n)
	}
	r = post(t, e, "SELECT number FROM numbers(200000) FORMAT JSONEachRow", "", "query_id", "mine")
	if n := strings.Count(r.body, "\n"); n != 200000 || r.header.Get("X-ClickHouse-Query-Id") != "mine" {
		t.Errorf("JSONEachRow: %d lines, %v", n, r.header)
	}
	r = post(t, e, "SELECT repeat('x', 1000 + number % 2) FROM numbers(100000) FORMAT JSON", "")
	if r.header.Get("X-ClickHouse-Exception-Code") != "396" {
		t.Errorf("a document beyond its limit: %d %.200s", r.status, r.body)
	}
	if r := post(t, e, "SHOW TABLES", ""); r.status != http.StatusOK || r.body != "" {
		t.Errorf("SHOW: %+v", r)
	}
	if r := post(t, e, "SELECT uniqState(number) FROM numbers(3) FORMAT Native", "", "client_protocol_version", "54460"); !strings.Contains(r.body, "finalizeAggregation") {
		t.Errorf("a type that Native cannot be re-framed for: %+v", r)
	}
	if r := post(t, e, "SELECT 1 AS x FORMAT TSVWithNames", ""); r.body != "x\n1\n" {
		t.Errorf("TSVWithNames: %+v", r)
	}
	// The text of an error shows the statement as it was sent.
	if r := post(t, e, "SELEC 1", ""); r.status != http.StatusBadRequest || strings.Contains(r.body, "pg:") {
		t.Errorf("a syntax error: %+v", r)
	}
}

// TestWaitEndOfQuery: an error late in an answer is told by status if the
// client asked to wait for it.
func TestWaitEndOfQuery(t *testing.T) {
	e := start(t)
	// One thread in small blocks: the first of them is read long before the last is made.
	late := "SELECT throwIf(number = 2000000, 'late') FROM numbers(2000001) SETTINGS max_threads = 1, max_block_size = 1000"
	if r := post(t, e, late, "", "wait_end_of_query", "1"); r.header.Get("X-ClickHouse-Exception-Code") != "395" || strings.HasPrefix(r.body, "0") {
		t.Errorf("waiting: %d %.100s", r.status, r.body)
	}
	if r := post(t, e, late, ""); r.status != http.StatusOK || !strings.Contains(r.body, "\r\n__exception__\r\n") {
		t.Errorf("not waiting: %d", r.status)
	}
	r := post(t, e, "SELECT number FROM numbers(3000000)", "", "wait_end_of_query", "1")
	if n := strings.Count(r.body, "\n"); n != 3000000 {
		t.Errorf("more than is held back: %d lines", n)
	}
}

// TestReadonly: the setting holds for its request and not for the next on the
// same connection.
func TestReadonly(t *testing.T) {
	e := start(t)
	for i := range 20 {
		table := fmt.Sprintf("CREATE TABLE t%d (a Int8) ENGINE = Memory", i)
		for _, readonly := range []string{"1", "2"} {
			want(t, e, "1\n", "SELECT 1", "readonly", readonly)
			if r := post(t, e, table, "", "readonly", readonly); r.header.Get("X-ClickHouse-Exception-Code") != "164" {
				t.Fatalf("readonly %s: %+v", readonly, r)
			}
		}
		want(t, e, "", table, "readonly", "0")
	}
}

func TestMethodsAndEncodings(t *testing.T) {
	e := start(t)
	c := e.HTTPClient()
	get := func(path string, header ...string) response {
		t.Helper()
		req, _ := http.NewRequest(http.MethodGet, engine.URL+path, nil)
		for i := 0; i < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		res, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, _ := io.ReadAll(res.Body)
		return response{res.StatusCode, res.Header, string(text)}
	}
	if r := get("/ping"); r.status != http.StatusOK || r.body != "Ok.\n" {
		t.Errorf("ping: %+v", r)
	}
	if r := get("/?query=SELECT%201"); r.body != "1\n" {
		t.Errorf("GET: %+v", r)
	}
	if r := get("/?query=CREATE%20TABLE%20t%20(a%20Int8)%20ENGINE=Memory"); r.header.Get("X-ClickHouse-Exception-Code") != "164" {
		t.Errorf("a GET that writes: %+v", r)
	}
	if r := get("/play"); r.status != http.StatusNotFound {
		t.Errorf("another path: %+v", r)
	}
	if r := post(t, e, "", " "); r.status != http.StatusBadRequest {
		t.Errorf("nothing: %+v", r)
	}
	r := get("/?query=SELECT%20repeat('x',100)&enable_http_compression=1", "Accept-Encoding", "gzip")
	if r.header.Get("Content-Encoding") != "gzip" {
		t.Fatalf("gzip was asked for: %+v", r)
	}
	plain, err := gzip.NewReader(strings.NewReader(r.body))
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(plain); err != nil || string(text) != strings.Repeat("x", 100)+"\n" {
		t.Errorf("gzip: %q, %v", text, err)
	}
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, _ = z.Write([]byte("SELECT 41 + 1"))
	z.Close()
	req, _ := http.NewRequestWithContext(context.Background(), http.MethodPost, engine.URL, &zipped)
	req.Header.Set("Content-Encoding", "gzip")
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if text, _ := io.ReadAll(res.Body); string(text) != "42\n" {
		t.Errorf("a zipped statement: %q", text)
	}
}

// TestTruncatedCompression: a compressed insert that is cut is not an insert.
func TestTruncatedCompression(t *testing.T) {
	e := start(t)
	want(t, e, "", "CREATE TABLE t (id UInt32) ENGINE = Memory")
	var frames bytes.Buffer
	r := post(t, e, "SELECT toUInt32(number) AS id FROM numbers(3) FORMAT Native", "", "compress", "1")
	frames.WriteString(r.body)
	for n := 1; n < frames.Len(); n += 7 {
		if r := post(t, e, "INSERT INTO t FORMAT Native", frames.String()[:n], "decompress", "1"); r.status == http.StatusOK {
			t.Errorf("%d of %d bytes were taken for whole", n, frames.Len())
		}
	}
	want(t, e, "0\n", "SELECT count() FROM t")
	if r := post(t, e, "INSERT INTO t FORMAT Native", frames.String(), "decompress", "1"); r.status != http.StatusOK {
		t.Error(r)
	}
	want(t, e, "3\n", "SELECT count() FROM t")
}
