package rig

import (
	"encoding/binary"
	"slices"
	"testing"
	"time"
)

// What a sender numbered and that never came is told, spread over the gap;
// what comes late, comes twice or begins anew is no gap.
func TestNumbers(t *testing.T) {
	at := func(ms int) time.Duration { return time.Duration(ms) * time.Millisecond }
	type packet struct {
		seq uint16
		ms  int
	}
	for _, c := range []struct {
		name    string
		packets []packet
		want    []int
	}{
		{"in order", []packet{{65534, 0}, {65535, 20}, {0, 40}, {1, 60}}, nil},
		{"a gap", []packet{{7, 0}, {12, 500}}, []int{0, 1, 1, 1, 1}},
		{"over the turn of the numbers", []packet{{65534, 0}, {2, 40}}, []int{3}},
		{"one of a gap comes late, and again", []packet{{7, 0}, {10, 60}, {8, 70}, {8, 80}}, []int{1}},
		{"twice", []packet{{7, 0}, {7, 10}, {8, 20}}, nil},
		{"anew", []packet{{7, 0}, {30000, 20}, {30001, 40}, {30003, 60}}, []int{1}},
		{"one stray packet", []packet{{7, 0}, {30000, 20}, {8, 40}, {9, 60}}, nil},
	} {
		var n numbers
		var absent []int
		for _, p := range c.packets {
			n.take(&absent, p.seq, at(p.ms))
		}
		for len(absent) > 0 && absent[len(absent)-1] == 0 {
			absent = absent[:len(absent)-1]
		}
		if len(absent) != len(c.want) {
			t.Errorf("%s: %v absent, want %v", c.name, absent, c.want)
			continue
		}
		for i := range absent {
			if absent[i] != c.want[i] {
				t.Errorf("%s: %v absent, want %v", c.name, absent, c.want)
			}
		}
	}
}

// data wraps what goes between the peers as a TURN client sends it.
func data(inner []byte) []byte {
	p := make([]byte, 4, 4+len(inner))
	p[0] = 0x40
	binary.BigEndian.PutUint16(p[2:], uint16(len(inner)))
	return append(p, inner...)
}

func checkOf(id byte, answer bool) []byte {
	p := make([]byte, 20)
	copy(p[4:], []byte{0x21, 0x12, 0xa4, 0x42})
	p[1], p[19] = 1, id
	if answer {
		p[0] = 1
	}
	return p
}

// A check tells which of the client's ports it went through and whether that is
// the one in use; when nothing came from a port is told beside.
func TestChecksTellOfTheirClient(t *testing.T) {
	up, down := newCounter("ada", Up), newCounter("ada", Down)
	used, spare := &client{user: "ada", port: 7}, &client{user: "ada", port: 8}
	seq := uint16(0)
	pass := func(c *counter, from *client, ms int, inner []byte) {
		at := time.Duration(ms) * time.Millisecond
		c.leave(c.offer(data(inner), from, at, true), at, at)
	}
	audio := func(ms int) {
		seq++
		pass(up, used, ms, rtpPacket(seq, 60))
	}
	audio(0)
	audio(20)
	pass(up, used, 50, checkOf(1, false))
	pass(up, spare, 60, checkOf(2, false))
	pass(down, used, 70, checkOf(1, true))
	audio(200)
	audio(204)
	pass(down, used, 1500, checkOf(3, true))
	ups, downs := up.snapshot(), down.snapshot()
	want := []Check{
		{ID: 1, At: 50, Leaves: 50, Client: 7, Media: true},
		{ID: 2, At: 60, Leaves: 60, Client: 8},
		{ID: 1, Answer: true, At: 70, Leaves: 70, Client: 7, Media: true},
		{ID: 3, Answer: true, At: 1500, Leaves: 1500, Client: 7},
	}
	got := append(ups.Checks, downs.Checks...)
	if len(got) != len(want) {
		t.Fatalf("checks %+v, want %+v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("check %d: %+v, want %+v", i, got[i], want[i])
		}
	}
	if want := []Stall{{7, 20, 50}, {7, 50, 200}}; len(downs.Stalls) != 0 || !slices.Equal(ups.Stalls, want) {
		t.Errorf("stalls %v, %v down, want %v", ups.Stalls, downs.Stalls, want)
	}
	s := ups.Streams[0]
	if total(s.FinePassed) != 4 || total(s.FineBytes) != 240 || s.FinePassed[2] != 1 || s.FinePassed[20] != 2 || total(s.Absent) != 0 {
		t.Errorf("stream %+v", s)
	}
}

// Padding probes the bandwidth: it has a number, and carries nothing.
func TestPaddingIsNumberedAndNotCounted(t *testing.T) {
	c, from := newCounter("ada", Up), &client{}
	for seq := range uint16(6) {
		p := rtpPacket(seq, 40)
		if seq == 2 || seq == 3 {
			p[0] |= 32
		}
		at := time.Duration(seq) * 20 * time.Millisecond
		c.leave(c.offer(data(p), from, at, true), at, at)
	}
	s := c.snapshot().Streams[0]
	if total(s.Offered) != 4 || total(s.Bytes) != 160 || total(s.Absent) != 0 {
		t.Errorf("%+v", s)
	}
}
