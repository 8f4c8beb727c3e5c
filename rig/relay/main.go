// Command relay serves damaging TURN relays to a test driver. It prints the
// address of its HTTP interface, on loopback, and ends when its standard input
// does, so that it never outlives the driver.
//
//	POST   /relays              rig.Options as JSON → {"id", "port"}
//	POST   /relays/{id}/start   {"at": Unix ms}: the schedule begins
//	POST   /relays/{id}/open    the ports are open again
//	POST   /relays/{id}/shut    the ports are shut
//	GET    /relays/{id}         → [rig.Counts]
//	DELETE /relays/{id}
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/peerglass/peerglass/rig"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "relay:", err)
		os.Exit(1)
	}
}

func run() error {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("http://%s\n", listener.Addr())
	failed := make(chan error, 1)
	go func() { failed <- http.Serve(listener, handler()) }()
	go func() {
		_, err := io.Copy(io.Discard, os.Stdin)
		failed <- err
	}()
	return <-failed
}

// relays are those that were asked for, by id.
type relays struct {
	mu   sync.Mutex
	last int
	byID map[string]*rig.Relay
}

func handler() http.Handler {
	all := &relays{byID: make(map[string]*rig.Relay)}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /relays", all.create)
	with := func(pattern string, f func(*rig.Relay, *http.Request) (any, error)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			all.mu.Lock()
			relay := all.byID[r.PathValue("id")]
			all.mu.Unlock()
			if relay == nil {
				http.Error(w, "there is no such relay", http.StatusNotFound)
				return
			}
			answer, err := f(relay, r)
			reply(w, answer, err)
		})
	}
	with("POST /relays/{id}/start", func(relay *rig.Relay, r *http.Request) (any, error) {
		var body struct {
			At int64 `json:"at"`
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			return nil, err
		}
		relay.Start(time.UnixMilli(body.At))
		return nil, nil
	})
	with("POST /relays/{id}/open", func(relay *rig.Relay, _ *http.Request) (any, error) { return nil, relay.Open() })
	with("POST /relays/{id}/shut", func(relay *rig.Relay, _ *http.Request) (any, error) { return nil, relay.Shut() })
	with("GET /relays/{id}", func(relay *rig.Relay, _ *http.Request) (any, error) { return relay.Counts(), nil })
	with("DELETE /relays/{id}", func(relay *rig.Relay, r *http.Request) (any, error) {
		all.mu.Lock()
		delete(all.byID, r.PathValue("id"))
		all.mu.Unlock()
		return nil, relay.Close()
	})
	return mux
}

func (a *relays) create(w http.ResponseWriter, r *http.Request) {
	var opt rig.Options
	if err := json.NewDecoder(r.Body).Decode(&opt); err != nil {
		reply(w, nil, err)
		return
	}
	relay, err := rig.NewRelay(opt)
	if err != nil {
		reply(w, nil, err)
		return
	}
	a.mu.Lock()
	a.last++
	id := strconv.Itoa(a.last)
	a.byID[id] = relay
	a.mu.Unlock()
	reply(w, map[string]any{"id": id, "port": relay.Port()}, nil)
}

func reply(w http.ResponseWriter, answer any, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer) // the driver is gone: nobody to tell
}
