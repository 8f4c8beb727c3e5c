package match

import (
	"fmt"
	"testing"

	"github.com/peerglass/peerglass/rtc"
)

// crowd is a call of n people who all receive each other's audio and video
// through a server, by the SSRC that was sent, or by what the application told.
func crowd(n int, told bool) *scene {
	s := &scene{}
	for a := range n {
		id := rtc.SessionID(a + 1)
		s.sessions = append(s.sessions, rtc.Session{ID: id, User: fmt.Sprint("user", a), Start: at(a), End: at(3600)})
		s.connections = append(s.connections, rtc.Connection{Session: id, ID: 1, Start: at(a), End: at(3600), LocalUfrag: fmt.Sprint("c", a), RemoteUfrag: fmt.Sprint("s", a)})
		for b := range n {
			for k, kind := range []rtc.MediaKind{rtc.KindAudio, rtc.KindVideo} {
				r := rtc.Stream{Session: id, ID: rtc.StreamID(2*b + k + 1), Connection: 1, Direction: rtc.Receive, Kind: kind, SSRC: uint32(1000*(b+1) + k),
					Start: at(max(a, b)), End: at(3600), Samples: 60, Packets: 3000}
				if a == b {
					r.Direction = rtc.Send
				} else if told {
					r.SSRC, r.RemoteUser, r.RemoteBasis = uint32(5_000_000+a*n+b), fmt.Sprint("user", b), rtc.BasisMapping
				}
				s.streams = append(s.streams, r)
			}
		}
	}
	return s
}

// 300 users are 179,400 received streams: the cost must grow with their number
// and no faster.
func BenchmarkFind(b *testing.B) {
	for _, n := range []int{30, 100, 300} {
		for _, told := range []bool{false, true} {
			b.Run(fmt.Sprintf("%d/told=%t", n, told), func(b *testing.B) {
				s := crowd(n, told)
				b.ReportAllocs()
				for b.Loop() {
					s.find()
				}
			})
		}
	}
}
