package rig

import (
	"encoding/binary"
	"fmt"
	"net"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/turn/v5"
)

// clock is moved by hand.
type clock struct{ at atomic.Int64 }

func (c *clock) now() time.Time             { return time.Unix(0, c.at.Load()) }
func (c *clock) set(t time.Time)            { c.at.Store(t.UnixNano()) }
func rtpPacket(seq uint16, size int) []byte { return rtpOf(0xabcd, seq, size) }
func rtpOf(ssrc uint32, seq uint16, payload int) []byte {
	p := make([]byte, 12+payload)
	p[0], p[1] = 0x80, 111
	binary.BigEndian.PutUint16(p[2:], seq)
	binary.BigEndian.PutUint32(p[8:], ssrc)
	return p
}

// user is a TURN client with an allocation.
type user struct {
	net.PacketConn
	client *turn.Client
}

func join(t *testing.T, r *Relay, name, network string) user {
	t.Helper()
	address := fmt.Sprintf("127.0.0.1:%d", r.Port())
	var socket net.PacketConn
	if network == "tcp" {
		c, err := net.Dial("tcp4", address)
		if err != nil {
			t.Fatal(err)
		}
		socket = turn.NewSTUNConn(c)
	} else {
		var err error
		if socket, err = net.ListenPacket("udp4", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
	}
	client, err := turn.NewClient(&turn.ClientConfig{
		STUNServerAddr: address, TURNServerAddr: address, Conn: socket, Username: name, Password: Password, Realm: Realm, LoggerFactory: quiet{},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Listen(); err != nil {
		t.Fatal(err)
	}
	relayed, err := client.Allocate()
	if err != nil {
		t.Fatalf("%s over %s: %v", name, network, err)
	}
	t.Cleanup(func() {
		_ = relayed.Close()
		client.Close()
		_ = socket.Close()
	})
	return user{relayed, client}
}

// open lets each receive from the other: who sends permits the answer.
func open(t *testing.T, a, b user) {
	t.Helper()
	send(t, a, b, rtpPacket(0, 10))
	send(t, b, a, rtpPacket(0, 10), rtpPacket(1, 10))
	receive(t, a)
	send(t, a, b, rtpPacket(1, 10))
	receive(t, b)
}

func send(t *testing.T, from, to user, packets ...[]byte) {
	t.Helper()
	for _, p := range packets {
		if _, err := from.WriteTo(p, to.LocalAddr()); err != nil {
			t.Fatal(err)
		}
	}
}

// receive returns the number of the next packet, but for those numbered 0,
// which only open the way.
func receive(t *testing.T, at user) uint16 {
	t.Helper()
	if err := at.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	buffer := make([]byte, 2000)
	for {
		if _, _, err := at.ReadFrom(buffer); err != nil {
			t.Fatalf("nothing came: %v", err)
		}
		if seq := binary.BigEndian.Uint16(buffer[2:]); seq != 0 {
			return seq
		}
	}
}

func pair(t *testing.T, rules []Rule) (r *Relay, c *clock, ada, ben user) {
	t.Helper()
	c = &clock{}
	c.set(time.Unix(1000, 0))
	r, err := NewRelay(Options{Schedule: rules, Now: c.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	ada, ben = join(t, r, "ada", "udp"), join(t, r, "ben", "udp")
	open(t, ada, ben)
	return r, c, ada, ben
}

func total(list []int) (n int) {
	for _, v := range list {
		n += v
	}
	return n
}

// find returns the flow of the test's stream on a leg.
func find(t *testing.T, r *Relay, name string, dir Direction) Flow {
	t.Helper()
	for _, c := range r.Counts() {
		if c.User == name && c.Dir == dir {
			for _, s := range c.Streams {
				if s.SSRC == 0xabcd && s.PT == 111 {
					return s.Flow
				}
			}
		}
	}
	t.Fatalf("nothing was counted of %s %s", name, dir)
	return Flow{}
}

// A blackout of one direction stops that direction alone, and all that was
// sent is accounted for.
func TestRelayCountsWhatItDrops(t *testing.T) {
	r, c, ada, ben := pair(t, []Rule{{User: "ada", Dir: Up, From: 5000, To: 8000, Black: true}})
	r.Start(c.now())
	begin := c.now()
	c.set(begin.Add(250 * time.Millisecond))
	for seq := range uint16(10) {
		send(t, ada, ben, rtpPacket(100+seq, 100))
		if got := receive(t, ben); got != 100+seq {
			t.Fatalf("packet %d came, want %d", got, 100+seq)
		}
	}
	c.set(begin.Add(6 * time.Second))
	for seq := range uint16(10) {
		send(t, ada, ben, rtpPacket(200+seq, 100))
	}
	send(t, ben, ada, rtpPacket(300, 50))
	if got := receive(t, ada); got != 300 {
		t.Errorf("packet %d came down, want 300", got)
	}
	for total(find(t, r, "ada", Up).Offered) < 20 { // on its way to the relay's socket until it is counted
		runtime.Gosched()
	}
	c.set(begin.Add(9 * time.Second))
	send(t, ada, ben, rtpPacket(400, 100))
	if got := receive(t, ben); got != 400 {
		t.Errorf("after the blackout packet %d came first, want 400", got)
	}
	up, down := find(t, r, "ada", Up), find(t, r, "ben", Down)
	if total(up.Offered) != 21 || total(up.Dropped) != 10 || total(up.Passed) != 11 || total(up.Bytes) != 1100 {
		t.Errorf("up: %+v", up)
	}
	if up.Offered[2] != 10 || up.Dropped[60] != 10 || up.Passed[90] != 1 {
		t.Errorf("bins of up: %+v", up)
	}
	if total(down.Offered) != 11 || total(down.Passed) != 11 || total(down.Dropped) != 0 {
		t.Errorf("down: %+v", down)
	}
}

// A delay is real, and what is counted is what it was.
func TestRelayDelays(t *testing.T) {
	r, err := NewRelay(Options{Schedule: []Rule{{User: "ada", Dir: Up, Delay: 60}}})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	ada, ben := join(t, r, "ada", "udp"), join(t, r, "ben", "udp")
	open(t, ada, ben)
	r.Start(time.Now())
	sent := time.Now()
	send(t, ada, ben, rtpPacket(2, 10))
	if got := receive(t, ben); got != 2 {
		t.Fatalf("packet %d came", got)
	}
	if took := time.Since(sent); took < 60*time.Millisecond {
		t.Errorf("the packet took %v, want 60 ms", took)
	}
	sum := 0.0
	for _, d := range find(t, r, "ada", Up).Delay {
		sum += d
	}
	if sum < 60 {
		t.Errorf("%v ms of delay counted, want 60", sum)
	}
}

func TestRelayOverTCPCounts(t *testing.T) {
	r, err := NewRelay(Options{UDPOff: true})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	ada, ben := join(t, r, "ada", "tcp"), join(t, r, "ben", "tcp")
	open(t, ada, ben)
	r.Start(time.Now())
	for seq := range uint16(5) {
		send(t, ada, ben, rtpPacket(10+seq, 21)) // a length that TCP pads
	}
	for range 5 {
		receive(t, ben)
	}
	for _, f := range []Flow{find(t, r, "ada", Up), find(t, r, "ben", Down)} {
		if total(f.Passed) != 5 || total(f.Bytes) != 105 {
			t.Errorf("counted %+v", f)
		}
	}
}

// Shut and opened again, the relay is at the same port.
func TestRelayShutsAndOpens(t *testing.T) {
	r, err := NewRelay(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	address := fmt.Sprintf("127.0.0.1:%d", r.Port())
	if err := r.Shut(); err != nil {
		t.Fatal(err)
	}
	if c, err := net.Dial("tcp4", address); err == nil {
		_ = c.Close()
		t.Error("somebody answers at the port of a relay that is shut")
	}
	if err := r.Open(); err != nil {
		t.Fatal(err)
	}
	join(t, r, "ada", "udp")
}

func TestParseRTP(t *testing.T) {
	plain := rtpOf(7, 1, 30)
	extended := append(append([]byte{0x92, 111 | 0x80}, plain[2:12]...), make([]byte, 8)...) // two CSRCs
	extended = append(extended, 0xbe, 0xde, 0, 1, 1, 2, 3, 4)
	extended = append(extended, make([]byte, 30)...)
	for name, p := range map[string][]byte{"plain": plain, "with CSRCs and an extension": extended} {
		if got, ok := parseRTP(p); !ok || got != (rtp{ssrc: 7, seq: 1, pt: 111, payload: 30}) {
			t.Errorf("%s: %+v, %v", name, got, ok)
		}
	}
	for name, p := range map[string][]byte{
		"RTCP": {0x80, 200, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, "STUN": make([]byte, 20), "DTLS": {22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
		"short": plain[:11], "cut in its extension": extended[:22], "nothing": nil,
	} {
		if got, ok := parseRTP(p); ok {
			t.Errorf("%s is %+v", name, got)
		}
	}
}

func TestParseCheck(t *testing.T) {
	m := make([]byte, 20)
	copy(m[4:], []byte{0x21, 0x12, 0xa4, 0x42})
	m[19] = 9
	for first, want := range map[uint16][2]bool{0x0001: {false, true}, 0x0101: {true, true}, 0x0111: {false, false}, 0x0003: {false, false}} {
		binary.BigEndian.PutUint16(m, first)
		if id, answer, ok := parseCheck(m); id != 9 || [2]bool{answer, ok} != want {
			t.Errorf("%04x: %d, %v, %v", first, id, answer, ok)
		}
	}
	if _, _, ok := parseCheck(rtpPacket(1, 20)); ok {
		t.Error("RTP is a check")
	}
}

func FuzzApplication(f *testing.F) {
	f.Add([]byte{0x40, 0, 0, 4, 1, 2, 3, 4})
	f.Add([]byte{0, 0x16, 0, 8, 0x21, 0x12, 0xa4, 0x42, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x13, 0, 4, 1, 2, 3, 4})
	f.Fuzz(func(t *testing.T, p []byte) {
		inner := application(p)
		if len(inner) > len(p) {
			t.Errorf("%d bytes in %d", len(inner), len(p))
		}
		parseRTP(inner)
		seen := 0
		stream := frames{see: func(m []byte) { seen += len(m) }}
		stream.write(p)
		if seen > len(p) {
			t.Errorf("messages of %d bytes in a stream of %d", seen, len(p))
		}
	})
}
