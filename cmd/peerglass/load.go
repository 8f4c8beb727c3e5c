package main

import (
	"context"
	"encoding/json"
	"os"
	"time"

	"github.com/peerglass/peerglass/load"
)

type loadCommand struct {
	URL      string        `default:"http://127.0.0.1:8080" help:"Server, on this machine only."`
	Key      string        `required:"" help:"Public ingest key, pgk_…"`
	Protocol string        `default:"jitsi" enum:"jitsi,rtcstats,native" help:"Protocol to speak: ${enum}."`
	File     string        `help:"Recorded session to replay; without it the one that is built in." type:"existingfile"`
	Clients  int           `default:"100" help:"Clients at a time."`
	Duration time.Duration `default:"60s" help:"How long to send."`
	Rate     float64       `help:"Frames a second over all clients; 0 sends as fast as they are taken."`
	Room     string        `help:"Prefix of the rooms, two clients in each."`
	Idle     bool          `help:"Open connections that send nothing, and measure memory only."`
	PID      int           `name:"pid" help:"Process id of the server, for its processor time and memory."`
	APIKey   string        `name:"api-key" help:"API key, pga_…, to count what is in the store afterwards." env:"PEERGLASS_API_KEY"`
	JSON     bool          `help:"Print JSON."`
}

func (c loadCommand) Run(ctx context.Context) error {
	o := load.Options{Server: c.URL, Key: c.Key, Protocol: c.Protocol, File: c.File, Clients: c.Clients, Duration: c.Duration,
		Rate: c.Rate, Room: c.Room, Idle: c.Idle, PID: c.PID, APIKey: c.APIKey}
	if !c.JSON {
		o.Progress = os.Stderr
	}
	result, err := load.Run(ctx, o)
	if err != nil {
		return err
	}
	if c.JSON {
		out := json.NewEncoder(os.Stdout)
		out.SetIndent("", "  ")
		return out.Encode(result)
	}
	return result.WriteText(os.Stdout)
}
