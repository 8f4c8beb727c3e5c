package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"
)

// account is all that the API has of a stay's call, without what differs from
// one stay to the next: times, ids and names. Two stays of the same frames have
// the same account.
type account map[string][]string

// account asks for the stay's call; the error says what is missing yet.
func (s *stay) account() (a account, dumpAt string, err error) {
	p := s.fleet.p
	calls := ask[callList](p, "/apps/1/calls?room="+url.QueryEscape(s.id))
	if calls.Total != 1 {
		return nil, "", fmt.Errorf("the room %s has %d calls", s.id, calls.Total)
	}
	if call := calls.Items[0]; call.Users != 1 || call.Sessions != 1 {
		return nil, "", fmt.Errorf("the call of %s is %+v", s.id, call)
	}
	place := "/apps/1/calls/" + calls.Items[0].ID
	detail := ask[callDetail](p, place)
	if len(detail.People) != 1 || len(detail.People[0].Stays) != 1 {
		return nil, "", fmt.Errorf("the people in %s are %+v", s.id, detail.People)
	}
	session := detail.People[0].Stays[0]
	if !session.HasDump {
		return nil, "", fmt.Errorf("%s has no dump", s.id)
	}
	plain := strings.NewReplacer(s.id, "STAY", session.ID, "SESSION", calls.Items[0].ID, "CALL")
	a = account{}
	add := func(what, path, list string) {
		for cursor := ""; ; {
			page := ask[map[string]any](p, place+path+url.QueryEscape(cursor))
			items, _ := page[list].([]any)
			for _, item := range items {
				text, err := json.Marshal(timeless(item))
				if err != nil {
					p.Fatal(err)
				}
				a[what] = append(a[what], stamps.ReplaceAllString(plain.Replace(string(text)), "TIME"))
			}
			next, more := page["next"].(string)
			if !more {
				return
			}
			cursor = next
		}
	}
	add("connection", "/connections?cursor=", "items")
	add("stream", "/streams?cursor=", "items")
	add("series", "/samples?session="+session.ID+"&cursor=", "series")
	add("event", "/events?limit=1000&session="+session.ID+"&cursor=", "items")
	for _, rows := range a {
		slices.Sort(rows)
	}
	return a, place + "/sessions/" + session.ID + "/dump?format=raw", nil
}

// timeless is an answer of the API without its instants.
func timeless(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, member := range v {
			switch key {
			case "time", "start", "end", "from", "to", "connected", "version", "id", "clockOffset":
				delete(v, key)
			case "times":
				times, _ := member.([]any)
				v[key] = len(times)
				for i := range times {
					if i > 0 && times[i] == times[i-1] {
						v["twice"] = times[i]
					}
				}
			default:
				v[key] = timeless(member)
			}
		}
	case []any:
		for i := range v {
			v[i] = timeless(v[i])
		}
	}
	return v
}

// differs says where two accounts part; "" where they do not.
func (a account) differs(b account) string {
	for _, what := range []string{"connection", "stream", "series", "event"} {
		if len(a[what]) != len(b[what]) {
			return fmt.Sprintf("%d %s rows, not %d: %s", len(a[what]), what, len(b[what]), firstDifference(a[what], b[what]))
		}
		if !slices.Equal(a[what], b[what]) {
			return what + " rows differ: " + firstDifference(a[what], b[what])
		}
	}
	return ""
}

func firstDifference(a, b []string) string {
	for i := range max(len(a), len(b)) {
		var one, other string
		if i < len(a) {
			one = a[i]
		}
		if i < len(b) {
			other = b[i]
		}
		if one != other {
			from := 0
			for from < min(len(one), len(other)) && one[from] == other[from] {
				from++
			}
			from = max(from-80, 0)
			return fmt.Sprintf("\n%.300s\n%.300s", one[min(from, len(one)):], other[min(from, len(other)):])
		}
	}
	return "nowhere"
}

// points counts the samples of an account.
func (a account) points() (n int) {
	for _, series := range a["series"] {
		var s struct{ Times int }
		if json.Unmarshal([]byte(series), &s) == nil {
			n += s.Times
		}
	}
	return n
}

// dumped reads a raw dump: the frames as they were received.
func (p *program) dumped(path string) (frames [][]byte) {
	p.Helper()
	packed, err := gzip.NewReader(strings.NewReader(p.get(path)))
	if err != nil {
		p.Fatal(err)
	}
	in := bufio.NewReader(packed)
	for range 2 { // name and header
		if _, err := in.ReadSlice('\n'); err != nil {
			p.Fatal(err)
		}
	}
	for {
		delta, err := binary.ReadVarint(in)
		size, err2 := binary.ReadUvarint(in)
		if err = errors.Join(err, err2); err != nil {
			p.Fatal(err)
		}
		if delta == 0 && size == 0 {
			return frames
		}
		frame := make([]byte, size-1)
		if _, err := io.ReadFull(in, frame); err != nil {
			p.Fatal(err)
		}
		frames = append(frames, frame)
	}
}

// whole compares a stay's raw dump with what its client sent.
func (s *stay) whole(path string) error {
	got := s.fleet.p.dumped(path)
	for i := range min(len(got), len(s.frames)) {
		if !bytes.Equal(got[i], s.frames[i]) {
			return fmt.Errorf("frame %d of the dump of %s is %.200q, sent was %.200q", i+1, s.id, got[i], s.frames[i])
		}
	}
	if len(got) != len(s.frames) {
		return fmt.Errorf("the dump of %s has %d frames, sent and acknowledged were %d", s.id, len(got), len(s.frames))
	}
	return nil
}

// equal waits until the stay is in the store as the control is.
func (s *stay) equal(control account) {
	p := s.fleet.p
	p.Helper()
	var err error
	var path string
	var difference string
	deadline := time.Now().Add(90 * time.Second)
	for {
		var a account
		if a, path, err = s.account(); err == nil {
			if difference = a.differs(control); difference == "" {
				break
			}
			err = errors.New(difference)
		}
		if time.Now().After(deadline) {
			p.Errorf("%s is not as the control: %v", s.id, err)
			return
		}
		pausing(p.Context(), 100*time.Millisecond)
	}
	if err := s.whole(path); err != nil {
		p.Error(err)
	}
}
