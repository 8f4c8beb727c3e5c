package clickhouse

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/ClickHouse/ch-go/proto"
)

// Options says where the ClickHouse is and how to reach it.
type Options struct {
	URL      string // http://host:8123; behind a unix socket the host is a placeholder
	Database string // "" is the server's default
	User     string
	Password string
	// Transport overrides the way there: the embedded engine's socket.
	Transport http.RoundTripper
}

// Client speaks to one ClickHouse. It is safe for concurrent use.
type Client struct {
	o        Options
	endpoint string
	http     *http.Client
}

// New returns a client; it does not connect yet.
func New(o Options) (*Client, error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("ClickHouse address %q: an address as in http://user:password@host:8123/database is expected", redact(o.URL))
	}
	if u.User != nil {
		o.User = u.User.Username()
		o.Password, _ = u.User.Password()
		u.User = nil
	}
	if db := u.Query().Get("database"); db != "" {
		o.Database = db
	}
	if db := strings.Trim(u.Path, "/"); db != "" {
		o.Database = db
	}
	u.Path, u.RawQuery = "/", ""
	c := &Client{o: o, endpoint: u.String(), http: &http.Client{Transport: o.Transport}}
	if o.Transport == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.MaxIdleConnsPerHost = 32 // inserts and questions side by side, without a new connection for each
		c.http.Transport = t
	}
	return c, nil
}

// redact leaves the password out of an address that is shown.
func redact(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" && strings.Contains(address, "@") {
		return "(unreadable)"
	}
	return u.Redacted()
}

// Database is the name of the database that statements run in.
func (c *Client) Database() string { return c.o.Database }

// Close gives up idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Question is a statement with its bound parameters.
type Question struct {
	SQL    string
	Params []Param
	// Cheap says that few granules answer it: it goes into the workload
	// "cheap", for which the embedded engine keeps connections free, and to
	// which a cluster may give its own share.
	Cheap    bool
	Settings []string // name, value, name, value …
}

// Exec runs a statement that answers nothing, such as DDL.
func (c *Client) Exec(ctx context.Context, q Question) error {
	res, err := c.send(ctx, q, nil)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, res.Body)
	if closeErr := res.Body.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return fmt.Errorf("run statement: %w", err)
	}
	return nil
}

// Select asks q. Each block of the answer is decoded into columns, whose types
// and order must be those of the statement, then block is called with its
// number of rows; the columns hold that block only.
func (c *Client) Select(ctx context.Context, q Question, columns proto.Results, block func(rows int) error) error {
	// Only reading, and at most reading: a mistake in a statement cannot write.
	q.Settings = append(q.Settings, "readonly", "2", "cancel_http_readonly_queries_on_client_close", "1", "wait_end_of_query", "1")
	res, err := c.send(ctx, q, nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	r := proto.NewReader(res.Body)
	for {
		var b proto.Block
		if b.Columns, err = r.Int(); errors.Is(err, io.EOF) {
			return nil // the only place where an answer may end
		}
		if err == nil {
			b.Rows, err = r.Int()
		}
		if err == nil && b.Columns > 0 {
			err = columns.DecodeResult(r, 0, b)
		}
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return fmt.Errorf("read answer: %w", err)
		}
		if b.Rows > 0 {
			if err := block(b.Rows); err != nil {
				return err
			}
		}
	}
}

// insertFor is how long a server may take to acknowledge an insert: one whose
// machine went away says nothing at all. The embedded engine is watched.
const insertFor = 2 * time.Minute

// Insert sends rows, encoded as blocks of the Native format, to a statement
// INSERT … FORMAT Native. The same token within the server's window makes a
// repetition harmless.
func (c *Client) Insert(ctx context.Context, sql string, native []byte, token string) error {
	caller := ctx
	if c.o.Transport == nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, insertFor)
		defer cancel()
	}
	// An import may bring any number of days at once.
	settings := []string{"insert_deduplication_token", token, "insert_deduplicate", "1", "max_partitions_per_insert_block", "0"}
	res, err := c.send(ctx, Question{SQL: sql, Settings: settings}, native)
	if ctx.Err() != nil && caller.Err() == nil {
		return fmt.Errorf("the ClickHouse at %s did not acknowledge an insert within %v", c.endpoint, insertFor)
	}
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, res.Body)
	if closeErr := res.Body.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return fmt.Errorf("insert: %w", err)
	}
	return nil
}

// send posts a statement; body is the data of an insert. It returns only
// answers that say success.
func (c *Client) send(ctx context.Context, q Question, body []byte) (*http.Response, error) {
	v := make(url.Values, len(q.Params)+len(q.Settings)/2+4)
	v.Set("default_format", "Native")
	if c.o.Database != "" {
		v.Set("database", c.o.Database)
	}
	if q.Cheap {
		v.Set("workload", "cheap")
	}
	for _, p := range q.Params {
		v.Set("param_"+p.name, p.value)
	}
	for i := 0; i+1 < len(q.Settings); i += 2 {
		v.Set(q.Settings[i], q.Settings[i+1])
	}
	if body == nil {
		body = []byte(q.SQL)
	} else {
		v.Set("query", q.SQL)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.endpoint+"?"+v.Encode(), bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("ask ClickHouse: %w", err)
	}
	if c.o.User != "" {
		req.Header.Set("X-ClickHouse-User", c.o.User)
		req.Header.Set("X-ClickHouse-Key", c.o.Password)
	}
	res, err := c.http.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if c.o.Transport == nil {
			return nil, fmt.Errorf("the ClickHouse at %s cannot be reached, is it running? (%w)", c.endpoint, bare(err))
		}
		return nil, fmt.Errorf("ask ClickHouse: %w", err)
	}
	if res.StatusCode == http.StatusOK && res.Header.Get("X-ClickHouse-Exception-Code") == "" {
		return res, nil
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(res.Body, 16<<10))
	return nil, newError(res.StatusCode, res.Header.Get("X-ClickHouse-Exception-Code"), string(text))
}

// bare is an error of a request without its address, which is as long as the
// question.
func bare(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// Error is what the server answered instead of rows.
type Error struct {
	Code    int // ClickHouse's number; 0 where it told none
	Status  int // of HTTP
	Message string
}

func (e *Error) Error() string {
	return fmt.Sprintf("ClickHouse answered %d: %s", e.Status, e.Message)
}

// Codes that callers tell apart.
const (
	CodeUnknownDatabase = 81
	CodeTooManyRows     = 158
	CodeTimeout         = 159
	CodeTooManyQueries  = 202
	CodeMemoryLimit     = 241
	CodeTooManyBytes    = 307
	CodeCancelled       = 394
	CodeAccessDenied    = 497
	CodeAuthentication  = 516
)

// IsCode reports whether err is the server's error with one of codes.
func IsCode(err error, codes ...int) bool {
	var e *Error
	if !errors.As(err, &e) {
		return false
	}
	for _, c := range codes {
		if e.Code == c {
			return true
		}
	}
	return false
}

func newError(status int, code, text string) *Error {
	e := &Error{Status: status, Message: strings.TrimSpace(text)}
	e.Code, _ = strconv.Atoi(code)
	if rest, ok := strings.CutPrefix(e.Message, "Code: "); ok && e.Code == 0 {
		digits, _, _ := strings.Cut(rest, ".")
		e.Code, _ = strconv.Atoi(digits)
	}
	if e.Message == "" {
		e.Message = http.StatusText(status)
	}
	return e
}

// Ping waits until the server answers, or ctx ends.
func (c *Client) Ping(ctx context.Context) error {
	for wait := 20 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		err := c.Exec(ctx, Question{SQL: "SELECT 1", Cheap: true})
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("ClickHouse at %s does not answer: %w", redact(c.endpoint), err)
		case <-time.After(wait):
		}
	}
}

// Quote writes an identifier. Values are never quoted: they are bound.
func Quote(identifier string) string {
	return "`" + strings.NewReplacer("\\", "\\\\", "`", "\\`").Replace(identifier) + "`"
}

// CreateDatabase makes the client's database where it does not exist. It is the
// first that is asked of a server, so its errors are about the address, too.
func (c *Client) CreateDatabase(ctx context.Context) error {
	if c.o.Database == "" {
		return c.introduce(ctx)
	}
	outside := *c
	outside.o.Database = ""
	if err := outside.introduce(ctx); err != nil {
		return err
	}
	err := outside.Exec(ctx, Question{SQL: "CREATE DATABASE IF NOT EXISTS " + Quote(c.o.Database), Cheap: true})
	if IsCode(err, CodeAccessDenied) {
		// Whoever runs the server may have made it for this user.
		missing := c.Exec(ctx, Question{SQL: "SELECT 1", Cheap: true})
		if !IsCode(missing, CodeUnknownDatabase) {
			return missing
		}
		return fmt.Errorf("the database %s is not there, and user %q may not make it: make it, or grant CREATE DATABASE: %w", Quote(c.o.Database), c.o.User, err)
	}
	if err != nil {
		return fmt.Errorf("create the database %s: %w", Quote(c.o.Database), err)
	}
	return nil
}

// introduce finds out whether a ClickHouse answers at the address, and to this
// user.
func (c *Client) introduce(ctx context.Context) error {
	err := c.Exec(ctx, Question{SQL: "SELECT 1", Cheap: true})
	var told *Error
	switch {
	case IsCode(err, CodeAuthentication):
		return fmt.Errorf("the ClickHouse at %s does not let user %q in, check the name and the password: %w", c.endpoint, c.o.User, err)
	case errors.As(err, &told) && told.Code == 0:
		return fmt.Errorf("what answers at %s is no ClickHouse, or not its HTTP interface, which has port 8123 by default: status %d", c.endpoint, told.Status)
	}
	return err
}
