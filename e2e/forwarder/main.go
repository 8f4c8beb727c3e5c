// Command forwarder is the server side of the mediasoup test: it speaks the
// parameters that mediasoup-client exchanges with a mediasoup server and
// carries the media from one page to the others. For tests only: it trusts any
// certificate, listens on loopback and keeps everything in memory.
//
// It prints its address, and ends when its standard input does.
//
//	GET  /capabilities                       -> RtpCapabilities
//	POST /transports                         -> TransportOptions
//	POST /transports/{id}/connect            DTLS goes first from the browser: nothing to do
//	POST /transports/{id}/produce {kind, rtpParameters} -> {id}
//	POST /transports/{id}/consume {producerId}          -> ConsumerOptions
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
)

// Codec is a codec as mediasoup describes it.
type Codec struct {
	Kind         string         `json:"kind,omitempty"`
	MimeType     string         `json:"mimeType"`
	Preferred    int            `json:"preferredPayloadType,omitempty"`
	PayloadType  int            `json:"payloadType,omitempty"`
	ClockRate    int            `json:"clockRate"`
	Channels     int            `json:"channels,omitempty"`
	Parameters   map[string]any `json:"parameters"`
	RTCPFeedback []any          `json:"rtcpFeedback"`
}

// Encoding is one RTP stream of a producer or consumer.
type Encoding struct {
	SSRC uint32 `json:"ssrc"`
}

// Parameters are mediasoup's RtpParameters, as far as they matter here.
type Parameters struct {
	Codecs           []Codec        `json:"codecs"`
	HeaderExtensions []any          `json:"headerExtensions"`
	Encodings        []Encoding     `json:"encodings"`
	RTCP             map[string]any `json:"rtcp"`
}

// Without header extensions nothing in a packet depends on the receiver.
var codecs = map[string]Codec{
	"audio": {Kind: "audio", MimeType: "audio/opus", Preferred: 111, ClockRate: 48000, Channels: 2, Parameters: map[string]any{}, RTCPFeedback: []any{}},
	"video": {Kind: "video", MimeType: "video/VP8", Preferred: 96, ClockRate: 90000, Parameters: map[string]any{}, RTCPFeedback: []any{
		map[string]string{"type": "nack"}, map[string]string{"type": "nack", "parameter": "pli"},
		map[string]string{"type": "ccm", "parameter": "fir"}, map[string]string{"type": "goog-remb"},
	}},
}

// producer is a stream that comes in.
type producer struct {
	id        string
	kind      string
	ssrc      uint32
	from      *transport
	consumers []*transport
}

// room holds all there is. Its lock is also that of the media: a test has few
// packets.
type room struct {
	mu         sync.Mutex
	transports map[string]*transport
	producers  map[string]*producer
	last       int
}

func (r *room) id() string {
	r.last++
	return strconv.Itoa(r.last)
}

// rtp carries a packet that came from t to who consumes it.
func (r *room) rtp(t *transport, plain []byte, ssrc uint32) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.producers {
		if p.from != t || p.ssrc != ssrc {
			continue
		}
		plain[1] = plain[1]&0x80 | byte(codecs[p.kind].Preferred)
		for _, c := range p.consumers {
			c.sendRTP(plain)
		}
	}
}

// rtcp carries reports and requests to those at the other end of t's streams.
func (r *room) rtcp(t *transport, plain []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	to := make(map[*transport]bool)
	for _, p := range r.producers {
		for _, c := range p.consumers {
			if p.from == t {
				to[c] = true
			} else if c == t {
				to[p.from] = true
			}
		}
	}
	for other := range to {
		other.sendRTCP(plain)
	}
}

func (r *room) open() (*transport, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t, err := newTransport(r, r.id())
	if err != nil {
		return nil, err
	}
	r.transports[t.id] = t
	return t, nil
}

func (r *room) produce(t *transport, kind string, p Parameters) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, known := codecs[kind]; !known || len(p.Encodings) != 1 {
		return "", fmt.Errorf("one stream of audio or video is what is forwarded, not %d of %q", len(p.Encodings), kind)
	}
	made := &producer{id: r.id(), kind: kind, ssrc: p.Encodings[0].SSRC, from: t}
	r.producers[made.id] = made
	return made.id, nil
}

func (r *room) consume(t *transport, id string) (any, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.producers[id]
	if p == nil {
		return nil, fmt.Errorf("no producer %q", id)
	}
	p.consumers = append(p.consumers, t)
	codec := codecs[p.kind]
	codec.PayloadType, codec.Preferred, codec.Kind = codec.Preferred, 0, ""
	return map[string]any{
		"id": r.id(), "producerId": id, "kind": p.kind,
		"rtpParameters": Parameters{
			Codecs: []Codec{codec}, HeaderExtensions: []any{}, Encodings: []Encoding{{p.ssrc}},
			RTCP: map[string]any{"cname": "p" + id, "reducedSize": true, "mux": true},
		},
	}, nil
}

func (r *room) handler() http.Handler {
	mux := http.NewServeMux()
	answer := func(pattern string, f func(*http.Request, *transport) (any, error)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, req *http.Request) {
			w.Header().Set("Access-Control-Allow-Origin", "*")
			r.mu.Lock()
			t := r.transports[req.PathValue("id")]
			r.mu.Unlock()
			if t == nil && req.PathValue("id") != "" {
				http.Error(w, "no such transport", http.StatusNotFound)
				return
			}
			v, err := f(req, t)
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			json.NewEncoder(w).Encode(v)
		})
	}
	answer("GET /capabilities", func(*http.Request, *transport) (any, error) {
		return map[string]any{"codecs": []Codec{codecs["audio"], codecs["video"]}, "headerExtensions": []any{}}, nil
	})
	answer("POST /transports", func(*http.Request, *transport) (any, error) {
		t, err := r.open()
		if err != nil {
			return nil, err
		}
		return t.options(), nil
	})
	answer("POST /transports/{id}/connect", func(*http.Request, *transport) (any, error) { return struct{}{}, nil })
	answer("POST /transports/{id}/produce", func(req *http.Request, t *transport) (any, error) {
		var p struct {
			Kind          string     `json:"kind"`
			RTPParameters Parameters `json:"rtpParameters"`
		}
		if err := json.NewDecoder(req.Body).Decode(&p); err != nil {
			return nil, err
		}
		id, err := r.produce(t, p.Kind, p.RTPParameters)
		return map[string]string{"id": id}, err
	})
	answer("POST /transports/{id}/consume", func(req *http.Request, t *transport) (any, error) {
		var p struct {
			ProducerID string `json:"producerId"`
		}
		if err := json.NewDecoder(req.Body).Decode(&p); err != nil {
			return nil, err
		}
		return r.consume(t, p.ProducerID)
	})
	return mux
}

func main() {
	log.SetFlags(0)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	r := &room{transports: make(map[string]*transport), producers: make(map[string]*producer)}
	go func() { log.Fatal(http.Serve(listener, r.handler())) }()
	fmt.Println("http://" + listener.Addr().String())
	io.Copy(io.Discard, os.Stdin)
}
