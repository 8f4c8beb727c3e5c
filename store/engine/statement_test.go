package engine

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		sql  string
		want statement // text "" stands for the whole statement
	}{
		{sql: "SELECT 1", want: statement{kind: kindSelect}},
		{sql: "  -- why\n/* FORMAT */ (select 1)", want: statement{kind: kindSelect}},
		{sql: "WITH x AS (SELECT 1) SELECT * FROM x FORMAT Native", want: statement{kind: kindSelect, format: "Native", reads: true}},
		{sql: "SELECT 'a FORMAT b' FROM t FORMAT JSON SETTINGS max_threads = 1;", want: statement{kind: kindSelect, format: "JSON", reads: true}},
		{sql: "SELECT format FROM t", want: statement{kind: kindSelect, reads: true}},
		{sql: "SELECT (SELECT 1 FORMAT x)", want: statement{kind: kindSelect}},
		{sql: `SELECT "a;b", 'c\';d', 'e'';f' -- ;`, want: statement{kind: kindSelect}},
		{sql: "SELECT $x$ ; FROM ' $x$", want: statement{kind: kindSelect}},
		{sql: "SELECT 1; SELECT 2", want: statement{kind: kindSelect, many: true}},
		{sql: "SELECT 1; -- over", want: statement{kind: kindSelect}},
		{sql: "; SELECT 1", want: statement{many: true}},
		{sql: "DESCRIBE TABLE t", want: statement{kind: kindShow}},
		{sql: "CREATE TABLE t (a Int8) ENGINE = Memory", want: statement{}},
		{sql: "", want: statement{}},
		{sql: "SELECT 'never closed", want: statement{kind: kindSelect}},
		{sql: "SELECT /* never closed", want: statement{kind: kindSelect}},

		{sql: "INSERT INTO t FORMAT Native\n\x01\x02;'", want: statement{kind: kindInsert, text: "INSERT INTO t ", format: "Native", data: "\x01\x02;'"}},
		{sql: "insert into db.`t ; x` (a, `values`) settings x = 1 format CSV 1,2\n3,4", want: statement{kind: kindInsert, text: "insert into db.`t ; x` (a, `values`) settings x = 1 ", format: "CSV", data: "1,2\n3,4"}},
		{sql: "INSERT INTO t FORMAT JSONEachRow  \r\n\n{}", want: statement{kind: kindInsert, text: "INSERT INTO t ", format: "JSONEachRow", data: "\n{}"}},
		{sql: "INSERT INTO t (a) VALUES (1), ('VALUES;')", want: statement{kind: kindInsert, text: "INSERT INTO t (a) ", format: "Values", data: " (1), ('VALUES;')"}},
		{sql: "INSERT INTO TABLE values VALUES (1)", want: statement{kind: kindInsert, text: "INSERT INTO TABLE values ", format: "Values", data: " (1)"}},
		{sql: "INSERT INTO db.format FORMAT TSV", want: statement{kind: kindInsert, text: "INSERT INTO db.format ", format: "TSV"}},
		{sql: "INSERT INTO select SELECT 1", want: statement{reads: false}},
		{sql: "INSERT INTO t (a)", want: statement{kind: kindInsert}},
		{sql: "INSERT INTO FUNCTION file('x.csv') FORMAT CSV\n1", want: statement{kind: kindInsert, text: "INSERT INTO FUNCTION file('x.csv') ", format: "CSV", data: "1"}},
		{sql: "INSERT INTO t WITH 1 AS x SELECT x", want: statement{}},
		{sql: "INSERT", want: statement{kind: kindInsert}},
	} {
		if c.want.text == "" {
			c.want.text = c.sql
		}
		if got := parse(c.sql); got != c.want {
			t.Errorf("%q:\n got %+v\nwant %+v", c.sql, got, c.want)
		}
	}
}

// FuzzParse: whatever the text, parse ends, and what it gives are parts of it
// in their order.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"SELECT 1", "INSERT INTO t FORMAT CSV\n1", "INSERT INTO t VALUES (1)", "SELECT $a$ $a$ '", "/*", "--"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		st := parse(sql)
		if !strings.HasPrefix(sql, st.text) || !strings.HasSuffix(sql, st.data) || len(st.text)+len(st.data) > len(sql) {
			t.Fatalf("%q: %+v", sql, st)
		}
	})
}

func TestLaneOf(t *testing.T) {
	for _, c := range []struct {
		workload, sql string
		want          lane
	}{
		{"", "SELECT 1", laneCheap},
		{"", "SELECT count() FROM t", laneHeavy},
		{"default", "SELECT count() FROM t", laneHeavy},
		{"cheap", "SELECT count() FROM t", laneCheap},
		{"", "INSERT INTO t FORMAT CSV", laneInsert},
		{"", "INSERT INTO t SELECT 1", laneHeavy},
		{"insert", "INSERT INTO t SELECT 1", laneInsert},
		{"", "CREATE TABLE t (a Int8) ENGINE = Memory", laneCheap},
		{"", "DESCRIBE TABLE t", laneCheap},
	} {
		if got, err := laneOf(c.workload, parse(c.sql)); err != nil || got != c.want {
			t.Errorf("%s, workload %q: got %v, %v", c.sql, c.workload, got, err)
		}
	}
	if _, err := laneOf("fast", parse("SELECT 1")); err == nil || !strings.Contains(err.Error(), "cheap, heavy or insert") {
		t.Errorf("an unknown workload: got %v", err)
	}
}

func TestException(t *testing.T) {
	for _, c := range []struct {
		text   string
		code   int
		status int
	}{
		{"Code: 60. DB::Exception: Unknown table. (UNKNOWN_TABLE)", 60, 404},
		{"Received exception:\nCode: 62. DB::Exception: Syntax error", 62, 400},
		{"Code: 241. DB::Exception: Query memory limit exceeded", 241, 500},
		{"Code: 243. DB::Exception: Cannot reserve 1 MiB, not enough space. (NOT_ENOUGH_SPACE)", 243, 507},
		{"std::exception", codeUnknown, 500},
		{"Code: x", codeUnknown, 500},
	} {
		e := newException(c.text)
		if e.code != c.code || e.status() != c.status || !strings.HasPrefix(e.text, "Code: ") {
			t.Errorf("%q: got %d, %d, %q", c.text, e.code, e.status(), e.text)
		}
	}
}
