package dump

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/protocol/rtcstats"
	"github.com/peerglass/peerglass/rtc"
)

// WriteV3 replays src and writes it to w as an RTCStatsDump of version 3
// (plain text: one frame of rtcstats-js a line). Frames that came in that form
// are written as they came. A connection whose first sign are statistics is
// given a create before them: the public viewer fails on it otherwise. A fault
// of src is returned after what could be read of it was written.
func WriteV3(w io.Writer, src *Source) error {
	out := &v3Writer{w: bufio.NewWriterSize(w, 64<<10), src: src, conns: make(map[string]bool)}
	var err error
	if src.header.Protocol == ProtocolRTCStats && (src.format == FormatRaw || src.version == 3) {
		err = src.replay(sinkFunc(out.watch), out.line)
	} else {
		out.encoder = rtcstats.NewEncoder(rtcstats.EncoderOptions{})
		err = src.replay(out, nil)
	}
	var fault *protocol.Error
	if err != nil && !errors.As(err, &fault) {
		return err
	}
	if e := out.begin(0); e != nil {
		return e
	}
	if e := out.w.Flush(); e != nil {
		return fmt.Errorf("write RTCStatsDump: %w", e)
	}
	return err
}

type sinkFunc func(*rtc.Record) error

func (f sinkFunc) Record(r *rtc.Record) error { return f(r) }

type v3Writer struct {
	w       *bufio.Writer
	src     *Source
	begun   bool
	encoder *rtcstats.Encoder // nil: lines are written as they came
	buf     []byte
	conns   map[string]bool // connections that a line has named
	missing []byte          // label of one that is named first by the frame that comes
	lines   int
}

// watch notes what connection a frame names that is then written by line.
func (o *v3Writer) watch(r *rtc.Record) error {
	o.missing = nil
	if o.named(r) && o.lines > 0 { // the first line carries the time: nothing goes before it
		o.missing = bytes.Clone(r.Conn)
	}
	return nil
}

// named notes the connection of a record and reports whether statistics are
// the first of it.
func (o *v3Writer) named(r *rtc.Record) bool {
	if o.conns[string(r.Conn)] || len(o.conns) >= maxConnections {
		return false
	}
	o.conns[string(r.Conn)] = true
	return r.Kind == rtc.KindStats && len(r.Conn) > 0
}

// begin writes the two lines of the header, once. start is when the session
// began, where the source does not say it.
func (o *v3Writer) begin(start int64) error {
	if o.begun {
		return nil
	}
	o.begun = true
	head := o.src.metadata
	if o.src.version != 3 {
		h := &o.src.header
		m := metadata{URL: h.Path, Origin: h.Origin, UserAgent: h.UserAgent, StartTime: h.Start,
			RemoteAddresses: []string{}, ClientProtocol: h.Subprotocol, FileFormat: 3}
		if h.Address != "" {
			m.RemoteAddresses = []string{h.Address}
		}
		if m.StartTime == 0 {
			m.StartTime = start
		}
		m.Identity = &rtc.Identity{} // even empty it says that there is no more to tell
		if who := o.src.identity(); who != nil {
			if err := json.Unmarshal(who, m.Identity); err != nil {
				return fmt.Errorf("write RTCStatsDump: %w", err)
			}
		}
		var err error
		if head, err = json.Marshal(m); err != nil {
			return fmt.Errorf("write RTCStatsDump: %w", err)
		}
	}
	return o.put([]byte(dumpMagic), head)
}

func (o *v3Writer) put(lines ...[]byte) error {
	for _, line := range lines {
		if _, err := o.w.Write(line); err != nil {
			return fmt.Errorf("write RTCStatsDump: %w", err)
		}
		if err := o.w.WriteByte('\n'); err != nil {
			return fmt.Errorf("write RTCStatsDump: %w", err)
		}
	}
	return nil
}

// line writes a frame that is one already.
func (o *v3Writer) line(frame []byte) error {
	if err := o.begin(0); err != nil {
		return err
	}
	if bytes.ContainsAny(frame, "\n\r") {
		var one bytes.Buffer
		if err := json.Compact(&one, frame); err != nil {
			return fmt.Errorf("write RTCStatsDump: %w", err)
		}
		frame = one.Bytes()
	}
	o.lines++
	if o.missing != nil {
		label, err := json.Marshal(string(o.missing))
		if err != nil {
			return fmt.Errorf("write RTCStatsDump: %w", err)
		}
		if err := o.put(append(append([]byte("[39,"), label...), ",null,0]"...)); err != nil {
			return err
		}
	}
	return o.put(frame)
}

// Record implements rtc.Sink.
func (o *v3Writer) Record(r *rtc.Record) error {
	if err := o.begin(r.Received); err != nil {
		return err
	}
	if r.Kind == rtc.KindOpen && len(r.Name) == 0 && r.Time == 0 {
		return nil // stands in the header
	}
	if o.named(r) {
		create := rtc.Record{Kind: rtc.KindCall, Time: r.Time, Received: r.Received, Conn: r.Conn, Name: []byte(rtc.NameCreate)}
		if err := o.append(&create); err != nil {
			return err
		}
	}
	return o.append(r)
}

func (o *v3Writer) append(r *rtc.Record) error {
	var err error
	if o.buf, err = o.encoder.Append(o.buf[:0], r); err != nil {
		var fault *protocol.Error
		if errors.As(err, &fault) {
			o.src.fault(err) // what is beyond a limit is left out
			return nil
		}
		return err
	}
	return o.put(o.buf)
}
