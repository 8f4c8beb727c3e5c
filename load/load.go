package load

import (
	"context"
	"errors"
	"io"
	"time"
)

// ErrNotLoopback is returned for a server that is not on this machine.
var ErrNotLoopback = errors.New("load runs against a server on this machine only: give a loopback address such as http://127.0.0.1:8080")

// Options of a run.
type Options struct {
	Server   string        // base address, "http://127.0.0.1:8080"; must be loopback
	Key      string        // public ingest key, pgk_…
	Protocol string        // jitsi, rtcstats or native
	File     string        // recorded session, plain or gzip; "" means the one that is built in
	Clients  int           // clients at a time
	Duration time.Duration // how long frames are sent
	// Rate is the frames/s to send over all clients; 0 sends as fast as the
	// server takes them.
	Rate float64
	Room string // room of the calls; clients are put into rooms of two; "" means load-<random>
	// Idle opens Clients connections that send nothing, and measures memory only.
	Idle bool
	// PID of the server, for its processor time and memory; 0: not measured.
	PID int
	// Progress, which may be nil, is told about once a second.
	Progress io.Writer
}

// Result is what a run measured.
type Result struct {
	Protocol         string  `json:"protocol"`
	Connections      int     `json:"connections"`
	Seconds          float64 `json:"seconds"`
	Frames           uint64  `json:"frames"`
	Bytes            uint64  `json:"bytes"`
	FramesPerSecond  float64 `json:"framesPerSecond"`
	Records          uint64  `json:"records"`
	RecordsPerSecond float64 `json:"recordsPerSecond"`
	Acknowledged     uint64  `json:"acknowledged"` // frames; 0 where the protocol has no acknowledgement
	Stored           uint64  `json:"stored"`       // frames that the server says it has on disk and derived
	AckP50Ms         float64 `json:"ackP50Ms"`
	AckP99Ms         float64 `json:"ackP99Ms"`
	Errors           uint64  `json:"errors"`
	FirstError       string  `json:"firstError,omitempty"`
	ServerCPUSeconds float64 `json:"serverCPUSeconds"`
	CPUPerThousand   float64 `json:"cpuSecondsPerThousandFrames"`
	ResidentBytes    int64   `json:"residentBytes"`
	PerConnection    int64   `json:"residentBytesPerConnection"`
}

// Run does it. It ends when Duration is over, when ctx ends, or with an error
// when the server cannot be reached at all.
func Run(ctx context.Context, o Options) (*Result, error) { return nil, ErrNotLoopback }

// WriteText prints the result as a table.
func (r *Result) WriteText(w io.Writer) error { return nil }
