package engine

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/ClickHouse/ch-go/compress"
)

// server answers ClickHouse's HTTP interface from the library.
type server struct {
	pool    *pool
	closing context.Context // ends when the process is to end
}

// statementLimit bounds what must be held in memory of a request: a statement
// and data written inside of it. Data behind FORMAT is streamed and unbounded.
const statementLimit = 64 << 20

// wholeLimit bounds an answer that the library gives only in one piece, in
// bytes before formatting: the piece is outside its own account of memory.
const wholeLimit = 64 << 20

// headLimit is how much of a body is read to see where its statement ends.
const headLimit = 256 << 10

// reserved are the URL parameters that are not settings.
var reserved = map[string]bool{
	"query": true, "database": true, "query_id": true, "default_format": true,
	"client_protocol_version": true, "workload": true, "compress": true, "decompress": true,
	"network_compression_method": true, "network_zstd_compression_level": true,
	"enable_http_compression": true, "user": true, "password": true, "quota_key": true,
	"role": true, "stacktrace": true, "buffer_size": true,
	"wait_end_of_query": true, "send_progress_in_http_headers": true, "http_headers_progress_interval_ms": true,
	"cancel_http_readonly_queries_on_client_close": true, // always so
	"async_insert": true, "wait_for_async_insert": true, // inserts are always waited for
}

// request is a parsed request.
type request struct {
	statement
	lane     lane
	database string
	format   string // of the answer
	revision int    // of Native answers
	params   []param
	settings map[string]string
	body     io.Reader // what follows the statement
}

// pidHeader says in the answer to a ping who answered it: a supervisor must
// not take another one's child for its own.
const pidHeader = "X-Peerglass-Engine-Pid"

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == "/ping":
		s.pool.ping()
		w.Header().Set(pidHeader, strconv.Itoa(os.Getpid()))
		w.Header().Set("Content-Type", "text/plain; charset=UTF-8")
		_, _ = io.WriteString(w, "Ok.\n")
	case r.URL.Path != "/":
		http.NotFound(w, r)
	case r.Method != http.MethodGet && r.Method != http.MethodPost:
		w.Header().Set("Allow", "GET, POST")
		http.Error(w, "Use GET or POST", http.StatusMethodNotAllowed)
	case r.Method == http.MethodGet && r.URL.RawQuery == "":
		_, _ = io.WriteString(w, "Ok.\n")
	default:
		out := newAnswer(w, r)
		if err := s.serve(out, r); err != nil {
			// So that the client, still sending, gets to read the answer.
			_, _ = io.CopyN(io.Discard, r.Body, statementLimit)
			out.fail(err)
		}
		out.close()
	}
}

func (s *server) serve(out *answer, r *http.Request) error {
	req, err := readRequest(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	if req.kind == kindSelect || req.kind == kindShow {
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(s.closing, cancel)()
	}
	c, err := s.pool.acquire(ctx, req.lane)
	if err != nil {
		return err
	}
	defer s.pool.release(req.lane, c)
	if err := c.prepare(req.database, req.settings); err != nil {
		return err
	}
	tag := s.pool.tag()
	defer s.pool.killWhenDone(ctx, tag)()
	switch {
	case req.kind == kindInsert:
		err = insert(out, c, tag, req)
	case req.kind == kindSelect && chunkable[req.format]:
		err = stream(ctx, out, c, tag, req)
	default:
		err = whole(out, c, tag, req)
	}
	if err != nil {
		c.settle()
	}
	return err
}

func readRequest(r *http.Request) (*request, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, raise(codeSyntax, "The URL's query is not well-formed: "+err.Error())
	}
	req := &request{database: query.Get("database"), settings: map[string]string{}}
	if req.database == "" {
		req.database = r.Header.Get("X-ClickHouse-Database")
	}
	for name, values := range query {
		value := values[len(values)-1]
		switch bare, isParam := strings.CutPrefix(name, "param_"); {
		case isParam:
			req.params = append(req.params, param{bare, value})
		case name == "session_id":
			return nil, raise(codeUnknownSetting, "The embedded engine has no sessions: leave session_id out")
		case !reserved[name]:
			req.settings[name] = value
		}
	}
	// A connection can come back from 2 and not from 1, which differs only in
	// that the request could not set settings: that is over by now.
	if v := req.settings["readonly"]; v == "1" {
		req.settings["readonly"] = "2"
	} else if v == "0" {
		delete(req.settings, "readonly")
	}
	if v := query.Get("client_protocol_version"); v != "" {
		if req.revision, err = strconv.Atoi(v); err != nil {
			return nil, raise(codeSyntax, "client_protocol_version is not a number")
		}
	}
	if err := req.readStatement(query.Get("query"), r, query.Get("decompress") == "1"); err != nil {
		return nil, err
	}
	if req.many {
		return nil, raise(codeSyntax, "Syntax error: Multi-statements are not allowed. (SYNTAX_ERROR)")
	}
	if r.Method == http.MethodGet && req.kind != kindSelect && req.kind != kindShow {
		return nil, raise(codeReadonly, "Cannot execute this statement by GET: use POST. (READONLY)")
	}
	req.format = firstOf(req.statement.format, r.Header.Get("X-ClickHouse-Format"), query.Get("default_format"), "TabSeparated")
	if req.kind == kindSelect && !chunkable[req.format] && req.settings["max_result_bytes"] == "" {
		req.settings["max_result_bytes"] = strconv.Itoa(wholeLimit)
	}
	req.lane, err = laneOf(query.Get("workload"), req.statement)
	return req, err
}

// readStatement takes the statement from the URL and the body, as ClickHouse
// does: the body continues the parameter, and what follows an insert's format
// is its data.
func (req *request) readStatement(sql string, r *http.Request, decompress bool) error {
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		unzipped, err := gzip.NewReader(body)
		if err != nil {
			return raise(codeSyntax, "The body is not in the gzip format that its header names")
		}
		body = unzipped
	} else if e := r.Header.Get("Content-Encoding"); e != "" && e != "identity" {
		return raise(codeSyntax, fmt.Sprintf("Content-Encoding %.20q is not known: use gzip, or none", e))
	}
	if decompress {
		counted := &counter{r: body}
		body = &frames{counted, compress.NewReader(counted)}
	}
	if sql != "" {
		req.statement = parse(sql)
		if req.kind == kindInsert {
			if req.statement.format == "" {
				req.statement.format = firstOf(r.Header.Get("X-ClickHouse-Format"), r.URL.Query().Get("default_format"), "Values")
			}
			req.body = body
			return req.holdValues()
		}
		sql += "\n"
	}
	head := bufio.NewReaderSize(body, headLimit)
	if sql == "" {
		begin, err := head.Peek(headLimit)
		if err != nil && err != io.EOF {
			return fmt.Errorf("read the statement: %w", err)
		}
		if st := parse(string(begin)); st.kind == kindInsert && st.format != "" {
			_, _ = head.Discard(len(begin) - len(st.data)) // it is in the buffer
			st.data = ""
			req.statement, req.body = st, head
			return req.holdValues()
		}
	}
	rest, err := io.ReadAll(io.LimitReader(head, statementLimit+1))
	if err != nil {
		return fmt.Errorf("read the statement: %w", err)
	}
	if len(rest) > statementLimit {
		return raise(codeSyntax, fmt.Sprintf("The statement is longer than %d MiB: send data in a format of its own, as INSERT … FORMAT", statementLimit>>20))
	}
	if sql += string(rest); strings.TrimSpace(sql) == "" {
		return raise(codeSyntax, "Empty query. (SYNTAX_ERROR)")
	}
	req.statement = parse(sql)
	req.body = http.NoBody
	return nil
}

// frames reads ClickHouse's compressed frames. Their reader reports the end of
// the data as a failure to read a header; this one tells a clean end from data
// that was cut.
type frames struct {
	source *counter
	r      *compress.Reader
}

func (f *frames) Read(p []byte) (int, error) {
	before := f.source.n
	n, err := f.r.Read(p)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		if f.source.n == before {
			return n, io.EOF
		}
		return n, errCut
	}
	return n, err
}

var errCut = errors.New("the data ends inside a compressed frame")

type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// holdValues makes an insert of VALUES with bound parameters a whole
// statement: only the parser of statements knows parameters.
func (req *request) holdValues() error {
	if req.statement.format != "Values" || len(req.params) == 0 {
		return nil
	}
	rest, err := io.ReadAll(io.LimitReader(req.body, statementLimit))
	if err != nil {
		return fmt.Errorf("read the values: %w", err)
	}
	req.kind = kindOther
	req.text += "VALUES " + req.data + string(rest)
	req.statement.format = ""
	return nil
}

// copyBuffers are for moving an insert's data.
var copyBuffers = sync.Pool{New: func() any { return new([256 << 10]byte) }}

func insert(out *answer, c *conn, tag string, req *request) error {
	in, err := c.insert(tag+req.text, req.statement.format, req.params)
	if err != nil {
		return err
	}
	defer in.close()
	buffer := copyBuffers.Get().(*[256 << 10]byte)
	defer copyBuffers.Put(buffer)
	data := io.MultiReader(strings.NewReader(req.data), req.body)
	for {
		n, readErr := fill(data, buffer[:])
		if _, err := in.Write(buffer[:n]); err != nil {
			in.cancel()
			return err
		}
		if readErr == io.EOF {
			break
		}
		if readErr != nil {
			in.cancel()
			return raise(codeCannotRead, "The insert's data could not be read to its end: "+readErr.Error())
		}
	}
	done := in.done()
	defer done.close()
	if err := done.err(); err != nil {
		return err
	}
	out.summary(done)
	return nil
}

// fill reads until the buffer is full. Unlike io.ReadFull it keeps the reader's
// own error: half a body, from a client that died, must not pass for a whole.
func fill(r io.Reader, buffer []byte) (n int, err error) {
	for n < len(buffer) && err == nil {
		var m int
		m, err = r.Read(buffer[n:])
		n += m
	}
	return n, err
}

// chunkable are the formats whose answer may be the library's chunks one
// after the other. The others begin and end each chunk like a document.
var chunkable = map[string]bool{
	"Native": true, "RowBinary": true, "TabSeparated": true, "TSV": true,
	"TabSeparatedRaw": true, "TSVRaw": true, "CSV": true, "JSONEachRow": true,
	"JSONCompactEachRow": true, "JSONStringsEachRow": true, "LineAsString": true, "Null": true,
}

func stream(ctx context.Context, out *answer, c *conn, tag string, req *request) error {
	answer := c.stream(tag+req.text, req.format, req.params)
	defer answer.close()
	if err := answer.err(); err != nil {
		return err
	}
	out.begin(req)
	for {
		chunk := c.next(answer)
		if err := chunk.err(); err != nil {
			chunk.close()
			return err
		}
		data := chunk.bytes()
		if len(data) == 0 {
			chunk.close()
			return out.finish()
		}
		err := out.write(data)
		chunk.close()
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			c.cancel(answer)
			return err
		}
	}
}

func whole(out *answer, c *conn, tag string, req *request) error {
	answer := c.run(tag+req.text, req.format, req.params)
	defer answer.close()
	if err := answer.err(); err != nil {
		return err
	}
	out.summary(answer)
	out.begin(req)
	if err := out.write(answer.bytes()); err != nil {
		return err
	}
	return out.finish()
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
