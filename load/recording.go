package load

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/protocol/jitsi"
	"github.com/peerglass/peerglass/protocol/native"
	"github.com/peerglass/peerglass/protocol/rtcstats"
	"github.com/peerglass/peerglass/rtc"
)

// The recordings of protocol/jitsi and protocol/rtcstats; a test keeps them equal.
//
//go:embed recorded/*.gz
var recorded embed.FS

// recording is a session to replay: frames with the places in them that differ
// from one replay to the next.
type recording struct {
	protocol string
	frames   []frame
	open     rtc.Identity // native: the first record of each session
}

// frame is one frame of a recording.
type frame struct {
	data    []byte
	records int
	at      int64 // Unix ms at which its client told it; 0: as the frame before
	times   []int // where 13 digits of Unix ms stand
	session []int // where the client's id of its session stands
	// What stands from tail on is written anew: jitsi the number and the end,
	// rtcstats the time. -1: nothing.
	tail int
	end  string // what follows the number
	// native: data is the body of a batch with these flags.
	flags uint8
}

// open reads a recording: a file, or the one that is built in.
func open(name, file string) (*recording, error) {
	var r io.ReadCloser
	var err error
	switch {
	case file != "":
		r, err = os.Open(file)
	case name == "rtcstats":
		r, err = recorded.Open("recorded/rtcstats.jsonl.gz")
	case name == "jitsi", name == "native":
		r, err = recorded.Open("recorded/jitsi.jsonl.gz")
	default:
		return nil, fmt.Errorf("protocol %q cannot be replayed: choose jitsi, rtcstats or native", name)
	}
	if err != nil {
		return nil, fmt.Errorf("open the recording: %w", err)
	}
	defer r.Close()
	lines, err := readLines(r)
	if err != nil {
		return nil, fmt.Errorf("read the recording: %w", err)
	}
	rec := &recording{protocol: name}
	if name == "native" {
		err = rec.encode(lines)
	} else {
		err = rec.parse(lines)
	}
	if err != nil {
		return nil, fmt.Errorf("read the recording: %w", err)
	}
	return rec, nil
}

const maxLines = 100_000

func readLines(r io.Reader) ([][]byte, error) {
	in := bufio.NewReader(r)
	if magic, _ := in.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, err
		}
		in = bufio.NewReader(z)
	}
	scan := bufio.NewScanner(in)
	scan.Buffer(nil, protocol.MaxFrame)
	var lines [][]byte
	for scan.Scan() {
		if line := bytes.TrimSpace(scan.Bytes()); len(line) > 0 {
			if lines = append(lines, bytes.Clone(line)); len(lines) > maxLines {
				return nil, fmt.Errorf("it has more than %d frames", maxLines)
			}
		}
	}
	if err := scan.Err(); err != nil {
		return nil, err
	}
	if len(lines) == 0 {
		return nil, errors.New("it has no frames")
	}
	return lines, nil
}

// count is a sink that counts, and keeps the time of the first record.
type count struct {
	records int
	at      int64
}

func (c *count) Record(r *rtc.Record) error {
	if c.records++; c.at == 0 {
		c.at = r.Time
	}
	return nil
}

var (
	unixTimes   = regexp.MustCompile(`[0-9]{13}`)
	jitsiTail   = regexp.MustCompile(`,([0-9]+)(\]"?\})$`)
	jitsiID     = regexp.MustCompile(`"statsSessionId":"([^"]+)"`)
	rtcTail     = regexp.MustCompile(`,[0-9]+\]$`)
	nearly      = int64(24 * 3600_000) // a number this near to the session's time is a time
	sampleStart = int64(1_500_000_000_000)
)

// parse prepares the frames of a recording of its own protocol.
func (rec *recording) parse(lines [][]byte) error {
	var decoder protocol.Decoder
	if rec.protocol == "jitsi" {
		version, _ := jitsi.LookupVersion("3.1_STANDARD")
		decoder = jitsi.NewDecoder(jitsi.Options{Version: version})
	} else {
		decoder = rtcstats.NewDecoder()
	}
	for i, line := range lines {
		f := frame{data: line, tail: -1}
		var c count
		if err := decoder.Decode(line, sampleStart, &c); err != nil {
			return fmt.Errorf("frame %d: %w", i+1, err)
		}
		f.records, f.at = c.records, c.at
		if rec.protocol == "jitsi" {
			if m := jitsiID.FindSubmatchIndex(line); m != nil && m[3]-m[2] == sessionIDLength {
				f.session = []int{m[2]}
			}
			m := jitsiTail.FindSubmatchIndex(line)
			if m == nil {
				continue // keepalive
			}
			f.tail, f.end = m[2], string(line[m[4]:m[5]])
		} else {
			m := rtcTail.FindIndex(line)
			if m == nil {
				return fmt.Errorf("frame %d has no time at its end", i+1)
			}
			f.tail, f.end = m[0]+1, "]"
		}
		for _, m := range unixTimes.FindAllIndex(line[:f.tail], -1) {
			n, err := strconv.ParseInt(string(line[m[0]:m[1]]), 10, 64)
			if err == nil && f.at != 0 && n > f.at-nearly && n < f.at+nearly {
				f.times = append(f.times, m[0])
			}
		}
		rec.frames = append(rec.frames, f)
	}
	return nil
}

// encode makes native batches of a Jitsi recording: one for each poll, with
// what happened before it.
func (rec *recording) encode(lines [][]byte) error {
	version, _ := jitsi.LookupVersion("3.1_STANDARD")
	decoder := jitsi.NewDecoder(jitsi.Options{Version: version})
	encoder := native.NewEncoder()
	batch := frame{tail: -1}
	var at int64
	flush := func() error {
		if encoder.Empty() {
			return nil
		}
		data := encoder.Close(nil, at)
		h, err := native.ParseHeader(data)
		if err != nil {
			return err
		}
		batch.data, batch.flags, batch.at = data[h.BodyFrom:], h.Flags, at
		rec.frames = append(rec.frames, batch)
		batch = frame{tail: -1}
		return nil
	}
	sink := sinkFunc(func(r *rtc.Record) error {
		if r.Kind == rtc.KindOpen {
			return json.Unmarshal(r.Payload, &rec.open)
		}
		at = max(at, r.Time)
		batch.records++
		if err := encoder.Add(r); err != nil {
			return err
		}
		if r.Kind == rtc.KindStats {
			return flush()
		}
		return nil
	})
	for i, line := range lines {
		if err := decoder.Decode(line, sampleStart, sink); err != nil {
			return fmt.Errorf("frame %d: %w", i+1, err)
		}
	}
	return flush()
}

type sinkFunc func(*rtc.Record) error

func (f sinkFunc) Record(r *rtc.Record) error { return f(r) }

// digits writes the 13 digits of n at b.
func digits(b []byte, n int64) {
	for i := 12; i >= 0; i-- {
		b[i] = byte('0' + n%10)
		n /= 10
	}
}

// appendShifted appends the frame up to its tail with its times moved by shift
// ms, and the session's id in its places.
func (f *frame) appendShifted(dst []byte, shift int64, session string) []byte {
	from := len(dst)
	body := f.data
	if f.tail >= 0 {
		body = body[:f.tail]
	}
	dst = append(dst, body...)
	for _, at := range f.times {
		n := int64(0)
		for _, d := range body[at : at+13] {
			n = n*10 + int64(d-'0')
		}
		digits(dst[from+at:], n+shift)
	}
	for _, at := range f.session {
		copy(dst[from+at:], session)
	}
	return dst
}
