package spool

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/cockroachdb/pebble/v2"

	"github.com/peerglass/peerglass/rtc"
)

// Meta is what a session is, beside its frames: enough to decode, to derive
// and to name it again after a crash.
type Meta struct {
	App           rtc.AppID     `json:"app"`
	Session       rtc.SessionID `json:"session"`
	Protocol      string        `json:"protocol"`
	Start         int64         `json:"start"` // server's clock, Unix ms
	ClientSession string        `json:"clientSession,omitempty"`
	// Voucher is who a token says that the client is, "" without one. Two
	// clients with one ClientSession are two sessions where it differs.
	Voucher     string `json:"voucher,omitempty"`
	Subprotocol string `json:"subprotocol,omitempty"`
	Path        string `json:"path,omitempty"`
	Origin      string `json:"origin,omitempty"`
	UserAgent   string `json:"userAgent,omitempty"`
	Address     string `json:"address,omitempty"`
	Region      string `json:"region,omitempty"`
	Carrier     string `json:"carrier,omitempty"`
	// Identity is what the address and the token told, a JSON rtc.Identity.
	Identity json.RawMessage `json:"identity,omitempty"`
	// Thresholds are those of the app when the session began: replay must find
	// the same issues.
	Thresholds map[string]float64 `json:"thresholds,omitempty"`

	// The assignment to a call, once it was made: replay gives it back.
	Call       rtc.CallID `json:"call,omitempty"` // 0 while not assigned
	Room       string     `json:"room,omitempty"`
	AssignedAt int64      `json:"assignedAt,omitempty"` // server's clock, Unix ms

	// The end, once it came: what is left is to store and to delete.
	Ended     int64  `json:"ended,omitempty"` // server's clock, Unix ms; 0 while open
	EndReason string `json:"endReason,omitempty"`
}

// Keys: session (8 bytes, big-endian) | kind | index (8 bytes, big-endian).
// Session ids carry their start in the leading bits, so sessions that end
// together lie together and their deleted ranges become whole dead tables.
const (
	keyMeta  = 0
	keyFrame = 1
	keyLen   = 17
	// A frame's value: received (8 bytes) | seq (8 bytes) | the frame.
	frameHead = 16
)

func putKey(b []byte, session rtc.SessionID, kind byte, index uint64) {
	binary.BigEndian.PutUint64(b, uint64(session))
	b[8] = kind
	binary.BigEndian.PutUint64(b[9:], index)
}

func key(session rtc.SessionID, kind byte, index uint64) []byte {
	b := make([]byte, keyLen)
	putKey(b, session, kind, index)
	return b
}

// Log is one session's part of the spool. Its methods may be called from
// several goroutines; the order of appends is the order of the calls.
type Log struct {
	spool *Spool

	mu      sync.Mutex
	meta    Meta
	next    uint64 // index of the next frame
	bytes   int64
	metaAt  uint64   // group of the newest meta
	marks   [2]mark  // the newest two groups with frames of this log, newest first
	settled position // everything up to here is known to be durable
	deleted bool
}

type position struct{ frames, seq uint64 }

type mark struct {
	group uint64
	position
}

// Create starts a session's log. It is not durable before Wait or Durable say so.
func (s *Spool) Create(meta Meta) (*Log, error) {
	l := &Log{spool: s, meta: meta}
	if err := l.putMeta(false); err != nil {
		return nil, err
	}
	return l, nil
}

// Meta returns the session's description.
func (l *Log) Meta() Meta {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.meta
}

// Update changes the session's description. It is taken even when frames are
// refused: a session must be able to end on a full disk.
func (l *Log) Update(change func(*Meta)) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.deleted {
		return ErrClosed
	}
	change(&l.meta)
	return l.putMeta(true)
}

func (l *Log) putMeta(must bool) error {
	text, err := json.Marshal(&l.meta)
	if err != nil {
		return fmt.Errorf("encode the meta of session %s: %w", l.meta.Session, err)
	}
	l.metaAt, err = l.spool.enqueue(must, func(b *pebble.Batch) error {
		return b.Set(key(l.meta.Session, keyMeta, 0), text, nil)
	})
	return err
}

// Append queues a frame that arrived at received (server's clock, Unix ms)
// with the sequence number seq, 0 where the protocol has none. The frame is
// copied. It blocks while the queue is full; an error means that the frame
// was not taken.
func (l *Log) Append(received int64, seq uint64, frame []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.deleted {
		return ErrClosed
	}
	group, err := l.spool.enqueue(false, func(b *pebble.Batch) error {
		op := b.SetDeferred(keyLen, frameHead+len(frame))
		putKey(op.Key, l.meta.Session, keyFrame, l.next)
		binary.BigEndian.PutUint64(op.Value, uint64(received))
		binary.BigEndian.PutUint64(op.Value[8:], seq)
		copy(op.Value[frameHead:], frame)
		return op.Finish()
	})
	if err != nil {
		return err
	}
	l.next++
	l.bytes += int64(len(frame))
	newest := &l.marks[0]
	if newest.group != group {
		// At most one group is being committed beside the one that fills, so
		// what falls out of the two marks is durable.
		l.settled.raise(l.marks[1].position)
		l.marks[1] = *newest
		newest.group, newest.seq = group, l.marks[1].seq
	}
	newest.frames = l.next
	newest.seq = max(newest.seq, seq)
	l.spool.frames.Add(1)
	l.spool.bytes.Add(uint64(len(frame)))
	return nil
}

func (p *position) raise(to position) {
	p.frames, p.seq = max(p.frames, to.frames), max(p.seq, to.seq)
}

// Appended returns how many frames were taken, and the highest sequence
// number among them.
func (l *Log) Appended() (frames, seq uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.next, max(l.marks[0].seq, l.settled.seq)
}

// Size returns the bytes of the frames taken.
func (l *Log) Size() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.bytes
}

// Durable returns how many frames are on disk, and the highest sequence
// number among them: what may be acknowledged.
func (l *Log) Durable() (frames, seq uint64) {
	done := l.spool.durable.Load()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range l.marks {
		if m.group != 0 && m.group <= done {
			l.settled.raise(m.position)
			break
		}
	}
	return l.settled.frames, l.settled.seq
}

// Wait returns when everything taken so far is durable.
func (l *Log) Wait(ctx context.Context) error {
	l.mu.Lock()
	group := max(l.marks[0].group, l.metaAt)
	l.mu.Unlock()
	return l.spool.wait(ctx, group)
}

// Frame is a frame as it was appended; Data is valid until the callback returns.
type Frame struct {
	Index    uint64
	Received int64
	Seq      uint64
	Data     []byte
}

// Read passes the committed frames from index from on to fn, in order, and
// returns the index after the last one. An error of fn ends it.
func (l *Log) Read(from uint64, fn func(*Frame) error) (next uint64, err error) {
	l.mu.Lock()
	session := l.meta.Session
	l.mu.Unlock()
	it, err := l.spool.db.NewIter(&pebble.IterOptions{
		LowerBound: key(session, keyFrame, from),
		UpperBound: key(session, keyFrame+1, 0),
	})
	if err != nil {
		return from, fmt.Errorf("read session %s from the spool: %w", session, err)
	}
	defer it.Close()
	frame := Frame{}
	next = from
	for it.First(); it.Valid(); it.Next() {
		value, err := it.ValueAndErr()
		if err != nil {
			return next, fmt.Errorf("read session %s from the spool: %w", session, err)
		}
		if len(value) < frameHead {
			return next, fmt.Errorf("read session %s from the spool: a frame of %d bytes is too short", session, len(value))
		}
		frame.Index = binary.BigEndian.Uint64(it.Key()[9:])
		frame.Received = int64(binary.BigEndian.Uint64(value))
		frame.Seq = binary.BigEndian.Uint64(value[8:])
		frame.Data = value[frameHead:]
		if err := fn(&frame); err != nil {
			return next, err
		}
		next = frame.Index + 1
	}
	if err := it.Error(); err != nil {
		return next, fmt.Errorf("read session %s from the spool: %w", session, err)
	}
	return next, nil
}

// Delete removes the session with all its frames. Its rows and its dump must
// be durable by then.
func (l *Log) Delete() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.deleted = true
	session := l.meta.Session
	_, err := l.spool.enqueue(true, func(b *pebble.Batch) error {
		return b.DeleteRange(key(session, keyMeta, 0), key(session, keyFrame+1, 0), nil)
	})
	return err
}

// Logs returns the sessions that the spool holds, oldest first: after Open,
// those to replay. Frames of one session may be read from several goroutines.
func (s *Spool) Logs() ([]*Log, error) {
	it, err := s.db.NewIter(nil)
	if err != nil {
		return nil, fmt.Errorf("list the spool: %w", err)
	}
	defer it.Close()
	var logs []*Log
	for valid := it.First(); valid; {
		k := it.Key()
		if len(k) != keyLen {
			return nil, fmt.Errorf("list the spool: a key of %d bytes is not one of ours", len(k))
		}
		session := rtc.SessionID(binary.BigEndian.Uint64(k))
		if k[8] != keyMeta {
			// Frames without their meta cannot be: a group is all or nothing.
			return nil, fmt.Errorf("list the spool: session %s has frames and no meta", session)
		}
		value, err := it.ValueAndErr()
		if err != nil {
			return nil, fmt.Errorf("list the spool: %w", err)
		}
		l := &Log{spool: s}
		if err := json.Unmarshal(value, &l.meta); err != nil {
			return nil, fmt.Errorf("list the spool: meta of session %s: %w", session, err)
		}
		if err := l.restore(); err != nil && !errors.Is(err, errNoFrame) {
			return nil, err
		}
		logs = append(logs, l)
		valid = it.SeekGE(key(session, keyFrame+1, 0))
	}
	if err := it.Error(); err != nil {
		return nil, fmt.Errorf("list the spool: %w", err)
	}
	return logs, nil
}

var errNoFrame = errors.New("no frame")

// restore finds the end of the log.
func (l *Log) restore() error {
	it, err := l.spool.db.NewIter(&pebble.IterOptions{
		LowerBound: key(l.meta.Session, keyFrame, 0),
		UpperBound: key(l.meta.Session, keyFrame+1, 0),
	})
	if err != nil {
		return fmt.Errorf("list the spool: %w", err)
	}
	defer it.Close()
	if !it.Last() {
		return errNoFrame
	}
	value, err := it.ValueAndErr()
	if err != nil {
		return fmt.Errorf("list the spool: %w", err)
	}
	l.next = binary.BigEndian.Uint64(it.Key()[9:]) + 1
	// Duplicates are not appended, so the last frame has the highest number.
	if len(value) >= frameHead {
		l.settled = position{l.next, binary.BigEndian.Uint64(value[8:])}
	}
	return nil
}
