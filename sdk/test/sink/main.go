// Command sink is the server that the SDK's browser tests talk to. It speaks
// the native protocol with the real decoder, keeps what it decodes in memory,
// tells it at /state, and misbehaves when it is asked to at /do. It is no
// substitute for ingest: it authenticates nobody and stores nothing.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"sync"

	"github.com/lxzan/gws"

	"github.com/peerglass/peerglass/demo"
	"github.com/peerglass/peerglass/protocol/native"
	"github.com/peerglass/peerglass/rtc"
)

func main() {
	dist := flag.String("dist", "sdk/dist", "folder of the built SDK")
	pages := flag.String("pages", "sdk/test/pages", "folder of the test pages")
	poll := flag.Int("poll", 1000, "ms between polls that clients are asked for")
	flag.Parse()
	s := &sink{sessions: make(map[string]*stay), asked: native.Settings{PollMs: *poll, FastMs: *poll / 2}}
	s.upgrader = gws.NewUpgrader(s, &gws.ServerOption{SubProtocols: []string{native.Subprotocol}})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ingest/native", s.socket)
	mux.HandleFunc("POST /ingest/native", s.post)
	mux.HandleFunc("GET /state", s.state)
	mux.HandleFunc("POST /do", s.do)
	demos := demo.Handler(demo.Options{Key: func() string { return "pgk_demo" }})
	mux.Handle("/demo", demos)
	mux.Handle("/demo/", demos)
	files := http.FileServer(http.Dir(*dist))
	for _, file := range []string{"/sdk.js", "/index.mjs", "/sdk-watch.mjs"} {
		mux.HandleFunc("GET "+file, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Access-Control-Allow-Origin", "*") // as the server does: pages are of other origins
			files.ServeHTTP(w, r)
		})
	}
	mux.Handle("GET /pages/", http.StripPrefix("/pages", policy(http.FileServer(http.Dir(*pages)))))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("http://localhost:%d\n", listener.Addr().(*net.TCPAddr).Port)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // ends with who started us
		os.Exit(0)
	}()
	log.Fatal(http.Serve(listener, mux))
}

// policy gives a page the Content-Security-Policy that it asks for.
func policy(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if csp := r.URL.Query().Get("csp"); csp != "" {
			w.Header().Set("Content-Security-Policy", csp)
		}
		w.Header().Set("Cache-Control", "no-store")
		h.ServeHTTP(w, r)
	})
}

type sink struct {
	gws.BuiltinEventHandler
	upgrader *gws.Upgrader
	mu       sync.Mutex
	sessions map[string]*stay
	sockets  map[*gws.Conn]*stay
	noSocket bool   // refuse WebSockets
	silent   bool   // store, but do not acknowledge
	refuse   string // refuse every hello with this code
	token    string // refuse every hello without this token
	asked    native.Settings
	away     bool // the network is away: whatever comes is cut off
	defaults native.Defaults
}

// stay is one session.
type stay struct {
	Last    uint64                               `json:"last"`
	Over    bool                                 `json:"over"` // the server ended it
	Hellos  int                                  `json:"hellos"`
	Posts   int                                  `json:"posts"`
	Again   int                                  `json:"again"` // batches that were there already
	Gaps    int                                  `json:"gaps"`
	Polls   int                                  `json:"polls"`
	Skipped uint64                               `json:"skipped"`
	Sizes   []int                                `json:"sizes"` // bytes of each batch
	Records []record                             `json:"records"`
	Stats   map[string]map[string]map[string]any `json:"stats"` // connection, report, member
	Faults  []string                             `json:"faults"`
	decoder *native.Decoder
}

type record struct {
	Kind    string          `json:"kind"`
	Name    string          `json:"name"`
	Conn    string          `json:"conn"`
	Corr    string          `json:"corr"`
	Time    int64           `json:"time"`
	Payload json.RawMessage `json:"payload"`
}

func (s *sink) stayOf(id string) *stay {
	st := s.sessions[id]
	if st == nil {
		st = &stay{decoder: native.NewDecoder(), Records: []record{}, Stats: map[string]map[string]map[string]any{}}
		s.sessions[id] = st
	}
	return st
}

func (s *sink) socket(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	no, away := s.noSocket, s.away
	s.mu.Unlock()
	if away {
		panic(http.ErrAbortHandler)
	}
	if no {
		http.Error(w, "no WebSockets today", http.StatusForbidden)
		return
	}
	if socket, err := s.upgrader.Upgrade(w, r); err == nil {
		go socket.ReadLoop()
	}
}

// OnMessage implements gws.Event.
func (s *sink) OnMessage(socket *gws.Conn, m *gws.Message) {
	defer m.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.sockets[socket]
	switch {
	case m.Opcode == gws.OpcodeBinary && st != nil:
		if err := st.batch(m.Bytes()); err != nil {
			st.Faults = append(st.Faults, err.Error())
		}
		if !s.silent {
			_ = socket.WriteMessage(gws.OpcodeText, native.AppendAck(nil, st.Last))
		}
	case st == nil:
		h, err := native.ParseHello(m.Bytes())
		code := s.refuse
		if code == "" && h.Token != s.token {
			code = "token_expired"
		}
		if err != nil || code != "" {
			_ = socket.WriteMessage(gws.OpcodeText, native.AppendError(nil, code, "refused by the test"))
			_ = socket.WriteClose(native.CloseCode(code), nil)
			return
		}
		st = s.stayOf(h.Session)
		st.Hellos++
		if s.sockets == nil {
			s.sockets = make(map[*gws.Conn]*stay)
		}
		s.sockets[socket] = st
		_ = socket.WriteMessage(gws.OpcodeText, native.AppendWelcome(nil, native.Welcome{Last: st.Last, Ended: st.Over, Settings: s.asked, Defaults: s.defaults}))
	}
}

// OnClose implements gws.Event.
func (s *sink) OnClose(socket *gws.Conn, _ error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sockets, socket)
}

func (s *sink) post(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Access-Control-Allow-Origin", "*")
	hello, batches := native.SplitPost(body)
	h, err := native.ParseHello(hello)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write(native.AppendError(nil, "malformed", err.Error()))
		return
	}
	st := s.stayOf(h.Session)
	st.Posts++
	for {
		frame, ok, err := batches.Next()
		if err == nil && ok {
			err = st.batch(frame)
		}
		if err != nil {
			st.Faults = append(st.Faults, err.Error())
		}
		if err != nil || !ok {
			break
		}
	}
	_, _ = w.Write(native.AppendWelcome(nil, native.Welcome{Last: st.Last, Ended: st.Over, Settings: s.asked, Defaults: s.defaults}))
}

func (st *stay) batch(frame []byte) error {
	h, err := native.ParseHeader(frame)
	switch {
	case err != nil:
		return err
	case h.Seq <= st.Last:
		st.Again++
		return nil
	case h.Seq != st.Last+1:
		st.Gaps++
		return fmt.Errorf("batch %d came after %d", h.Seq, st.Last)
	}
	st.Last = h.Seq
	st.Sizes = append(st.Sizes, len(frame))
	err = st.decoder.Decode(frame, 0, st)
	st.Skipped = st.decoder.Skipped()
	return err
}

// Record implements rtc.Sink.
func (st *stay) Record(r *rtc.Record) error {
	if r.Kind != rtc.KindStats {
		st.Records = append(st.Records, record{r.Kind.String(), string(r.Name), string(r.Conn), string(r.Corr), r.Time, append(json.RawMessage(nil), r.Payload...)})
		return nil
	}
	st.Polls++
	reports := st.Stats[string(r.Conn)]
	if reports == nil || r.Stats.Full {
		reports = map[string]map[string]any{}
		st.Stats[string(r.Conn)] = reports
	}
	for i := range r.Stats.Reports {
		p := &r.Stats.Reports[i]
		if p.Removed {
			delete(reports, string(p.ID))
			continue
		}
		report := reports[string(p.ID)]
		if report == nil {
			report = map[string]any{"type": p.Type.String()}
			reports[string(p.ID)] = report
		}
		for _, v := range r.Stats.Of(p) {
			name := string(v.Name)
			if v.Member != 0 {
				name = v.Member.String()
			}
			switch v.Form {
			case rtc.FormNumber:
				report[name] = v.Num
			case rtc.FormBool:
				report[name] = v.Num == 1
			case rtc.FormNull:
				delete(report, name)
			case rtc.FormJSON:
				report[name] = json.RawMessage(append([]byte(nil), v.Text...))
			default:
				report[name] = string(v.Text)
			}
		}
	}
	return nil
}

func (s *sink) state(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(s.sessions); err != nil {
		log.Print(err)
	}
}

// do makes the sink behave: drop cuts the connections, end ends the sessions,
// ws=off refuses WebSockets, ack=off stays silent, refuse=code refuses,
// token=t refuses who has another, away=on cuts the network off, defaults gives
// a default configuration, reset forgets everything.
func (s *sink) do(_ http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := r.URL.Query()
	if q.Has("ws") {
		s.noSocket = q.Get("ws") == "off"
	}
	if q.Has("ack") {
		s.silent = q.Get("ack") == "off"
	}
	if q.Has("refuse") {
		s.refuse = q.Get("refuse")
	}
	if q.Has("token") {
		s.token = q.Get("token")
	}
	if q.Has("away") {
		s.away = q.Get("away") == "on"
	}
	if q.Has("defaults") {
		s.defaults = native.Defaults{PeerConnection: []byte(`{"iceTransportPolicy":"relay"}`), Media: []byte(`{"audio":true}`)}
	}
	if q.Has("end") {
		for _, st := range s.sessions {
			st.Over = true
		}
	}
	if q.Has("drop") || s.away {
		for socket := range s.sockets {
			_ = socket.NetConn().Close()
		}
	}
	if q.Has("reset") {
		s.sessions = make(map[string]*stay)
		s.noSocket, s.silent, s.away, s.refuse, s.token, s.defaults = false, false, false, "", "", native.Defaults{}
	}
}
