package engine

import (
	"context"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// lane is a class of statements with connections of its own, so that no class
// ever waits for another.
type lane int

const (
	laneCheap  lane = iota // short reads, DDL, and what clients ask to get acquainted
	laneHeavy              // may read much: reports, exports, anything unknown
	laneInsert             // rows
	laneCount
)

var laneNames = [laneCount]string{"cheap", "heavy", "insert"}

// laneOf chooses the lane. The setting `workload`, which ClickHouse itself has
// for this purpose, decides; without it the statement's kind does.
func laneOf(workload string, st statement) (lane, error) {
	for l, name := range laneNames {
		if workload == name {
			return lane(l), nil
		}
	}
	if workload != "" && workload != "default" {
		return 0, raise(codeUnknownSetting, fmt.Sprintf("Workload '%.40s' is not known to the embedded engine: use cheap, heavy or insert", workload))
	}
	switch {
	case st.kind == kindInsert:
		return laneInsert, nil
	case st.kind == kindSelect && st.reads:
		return laneHeavy, nil
	case st.kind == kindOther && len(st.text) >= 6 && strings.EqualFold(st.text[:6], "INSERT"):
		return laneHeavy, nil // INSERT … SELECT
	default:
		return laneCheap, nil
	}
}

// queueLimit is how many requests may wait for a connection of a lane. Beyond
// it they are refused: an answer that comes after minutes helps nobody.
const queueLimit = 256

// pool holds the connections to the library.
type pool struct {
	lanes   [laneCount]chan *conn
	base    [laneCount]map[string]string // each lane's settings
	waiting [laneCount]atomic.Int32
	tags    atomic.Uint64

	// control is kept for KILL and pings, so that both always get through.
	controlMu sync.Mutex
	control   *conn
}

// openPool starts the engine in dir (absolute) and opens all connections.
func openPool(lib *library, dir string, p plan) (*pool, error) {
	path := "--path=" + dir
	control, err := lib.open(append([]string{path}, p.serverOptions()...))
	if err != nil {
		return nil, err
	}
	pl := &pool{control: control}
	for l := range pl.lanes {
		pl.base[l] = p.lanes[l].settings()
		args := []string{path}
		for name, value := range pl.base[l] {
			args = append(args, "--"+name+"="+value)
		}
		sort.Strings(args)
		pl.lanes[l] = make(chan *conn, p.lanes[l].connections)
		for range p.lanes[l].connections {
			c, err := lib.open(args)
			if err != nil {
				return nil, err
			}
			c.base = pl.base[l]
			pl.lanes[l] <- c
		}
	}
	return pl, nil
}

// acquire waits for a connection of the lane.
func (p *pool) acquire(ctx context.Context, l lane) (*conn, error) {
	select {
	case c := <-p.lanes[l]:
		return c, nil
	default:
	}
	if p.waiting[l].Add(1) > queueLimit {
		p.waiting[l].Add(-1)
		return nil, raise(codeTooMany, fmt.Sprintf("Too many simultaneous queries: %d %s ones are waiting already. (TOO_MANY_SIMULTANEOUS_QUERIES)", queueLimit, laneNames[l]))
	}
	defer p.waiting[l].Add(-1)
	select {
	case c := <-p.lanes[l]:
		return c, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pool) release(l lane, c *conn) { p.lanes[l] <- c }

// tag begins a statement with a comment by which it can be found and killed;
// the library gives no other handle to a running statement.
func (p *pool) tag() string {
	return "/*pg:" + strconv.FormatUint(p.tags.Add(1), 10) + "*/"
}

// killWhenDone kills the statement with the tag when ctx ends. The returned
// function must be called when the statement has ended.
func (p *pool) killWhenDone(ctx context.Context, tag string) (ended func()) {
	over := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		// Again and again: the first may come before the statement has begun.
		for again := time.NewTicker(100 * time.Millisecond); ; {
			p.kill(tag)
			select {
			case <-over:
				again.Stop()
				return
			case <-again.C:
			}
		}
	})
	return func() {
		stop()
		close(over)
	}
}

func (p *pool) kill(tag string) {
	p.controlMu.Lock()
	defer p.controlMu.Unlock()
	p.control.run("KILL QUERY WHERE startsWith(query, {tag:String}) ASYNC FORMAT Null", "Null", []param{{"tag", tag}}).close()
}

// ping asks the engine for a constant. An error of the engine is an answer
// too: what this finds out is whether it hangs.
func (p *pool) ping() {
	p.controlMu.Lock()
	defer p.controlMu.Unlock()
	p.control.run("SELECT 1", "Null", nil).close()
}

// prepare brings the connection to the database and settings of a request:
// what a former request set goes back to the lane's own value.
func (c *conn) prepare(database string, settings map[string]string) error {
	if database == "" {
		database = "default"
	}
	if database != c.database {
		if err := c.do("USE " + quoteName(database)); err != nil {
			return err
		}
		c.database = database
	}
	var back, set []string
	for name := range c.applied {
		if _, wanted := settings[name]; !wanted {
			value := "DEFAULT"
			if v, ok := c.base[name]; ok {
				value = quoteString(v)
			}
			back = append(back, name+" = "+value)
		}
	}
	if len(back) > 0 {
		if err := c.do("SET " + strings.Join(back, ", ")); err != nil {
			return err
		}
		for name := range c.applied {
			if _, wanted := settings[name]; !wanted {
				delete(c.applied, name)
			}
		}
	}
	for name, value := range settings {
		if old, ok := c.applied[name]; ok && old == value {
			continue
		}
		if !isSettingName(name) {
			return raise(codeUnknownSetting, fmt.Sprintf("Unknown setting '%.40s'. (UNKNOWN_SETTING)", name))
		}
		set = append(set, name+" = "+quoteString(value))
	}
	if len(set) == 0 {
		return nil
	}
	sort.Strings(set)
	err := c.do("SET " + strings.Join(set, ", "))
	if c.applied == nil {
		c.applied = map[string]string{}
	}
	for name, value := range settings {
		// When one of several was refused, the others may hold; those that
		// were not unknown must be set back.
		if err == nil || c.do("SET "+name+" = "+quoteString(value)) == nil {
			c.applied[name] = value
		}
	}
	return err
}

// settle makes the library let go of a statement that failed or was killed: it
// keeps it, its memory and its place among the running ones, until the next
// one on the same connection.
func (c *conn) settle() { c.run("SELECT 1", "Null", nil).close() }

// do runs a statement without an answer.
func (c *conn) do(sql string) error {
	r := c.run(sql, "Null", nil)
	defer r.close()
	return r.err()
}

func isSettingName(s string) bool {
	for i := range len(s) {
		if !isNameByte(s[i]) || s[i] >= 0x80 {
			return false
		}
	}
	return s != "" && (s[0] < '0' || s[0] > '9')
}

var (
	stringEscaper = strings.NewReplacer(`\`, `\\`, `'`, `\'`)
	nameEscaper   = strings.NewReplacer(`\`, `\\`, "`", "\\`")
)

func quoteString(s string) string { return "'" + stringEscaper.Replace(s) + "'" }
func quoteName(s string) string   { return "`" + nameEscaper.Replace(s) + "`" }
