package load

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// counters are those of the server's /metrics that a run compares.
type counters struct {
	frames, records, behind uint64
}

// scrape reads the server's counters of one protocol.
func scrape(ctx context.Context, base *url.URL, protocol string) (counters, error) {
	var c counters
	request, err := http.NewRequestWithContext(context.WithoutCancel(ctx), http.MethodGet, base.JoinPath("metrics").String(), nil)
	if err != nil {
		return c, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return c, fmt.Errorf("the server cannot be reached, is it running at %s? %w", base, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return c, fmt.Errorf("read the server's metrics: %s: what answers at %s is no Peerglass", response.Status, base)
	}
	series := map[string]*uint64{
		`peerglass_ingest_frames_total{protocol="` + protocol + `"}`:  &c.frames,
		`peerglass_ingest_records_total{protocol="` + protocol + `"}`: &c.records,
		`peerglass_ingest_sessions_behind`:                            &c.behind,
	}
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), " ")
		if to := series[name]; to != nil {
			f, err := strconv.ParseFloat(value, 64)
			if err != nil {
				return c, fmt.Errorf("read the server's metrics: %w", err)
			}
			*to = uint64(f)
		}
	}
	return c, lines.Err()
}

// process is the server's.
type process struct{ pid int }

type usage struct {
	cpu      float64 // seconds of processor, user and system
	resident int64   // bytes
}

// ticksPerSecond of /proc/<pid>/stat: 100 on every Linux that Go runs on.
const ticksPerSecond = 100

// usage reads what the process has used until now, and its children (the
// engine) beside it. Without a process (another system than Linux) both are zero.
func (p process) usage() (own, children usage, err error) {
	if p.pid == 0 {
		return own, children, nil
	}
	if own, _, err = statOf(strconv.Itoa(p.pid)); err != nil {
		return own, children, fmt.Errorf("measure the server: %w", err)
	}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, stat := range stats {
		u, parent, err := statOf(strings.Split(stat, "/")[2])
		if err == nil && parent == p.pid { // else it has ended meanwhile
			children.cpu += u.cpu
			children.resident += u.resident
		}
	}
	return own, children, nil
}

// statOf reads /proc/<pid>/stat.
func statOf(pid string) (u usage, parent int, err error) {
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return u, 0, err
	}
	// The second field is a name in parentheses that may hold anything.
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	if len(fields) < 22 {
		return u, 0, errors.New("/proc/<pid>/stat is not understood")
	}
	if parent, err = strconv.Atoi(fields[1]); err != nil {
		return u, 0, err
	}
	for _, f := range fields[11:13] { // utime, stime
		ticks, err := strconv.ParseFloat(f, 64)
		if err != nil {
			return u, 0, err
		}
		u.cpu += ticks / ticksPerSecond
	}
	pages, err := strconv.ParseInt(fields[21], 10, 64)
	u.resident = pages * int64(os.Getpagesize())
	return u, parent, err
}

// findServer returns the process that listens on the server's port.
func findServer(base *url.URL, pid int) (process, error) {
	if pid != 0 {
		return process{pid}, nil
	}
	port, err := netip.ParseAddrPort(base.Host)
	if err != nil {
		return process{}, nil
	}
	inode := listener(port.Port())
	if inode == "" {
		return process{}, nil
	}
	links, _ := filepath.Glob("/proc/[0-9]*/fd/*")
	for _, link := range links {
		if to, err := os.Readlink(link); err == nil && to == "socket:["+inode+"]" {
			pid, err := strconv.Atoi(strings.Split(link, "/")[2])
			return process{pid}, err
		}
	}
	return process{}, nil
}

// listener returns the inode of the socket that listens on port; "" for none.
func listener(port uint16) string {
	const listening = "0A"
	end := fmt.Sprintf(":%04X", port)
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		text, err := os.ReadFile(table)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			f := strings.Fields(line)
			if len(f) > 9 && f[3] == listening && strings.HasSuffix(f[1], end) {
				return f[9]
			}
		}
	}
	return ""
}
