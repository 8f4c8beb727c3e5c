// Command peerglass is the whole program: server, engine, and the tools that
// work without a server. It only wires: what a command does is in the packages.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/peerglass/peerglass/store/engine"
)

// version is set by the linker.
var version = "dev"

type commands struct {
	Serve    serveCommand    `cmd:"" default:"withargs" help:"Take calls in, keep them, and show them (the default)."`
	Import   importCommand   `cmd:"" help:"Send dumps to a running server: RTCStatsDump, Jitsi dumps, chrome://webrtc-internals exports, plain or gzip."`
	Analyze  analyzeCommand  `cmd:"" help:"Say what is in dumps, without a server."`
	Rescore  rescoreCommand  `cmd:"" help:"Derive calls of the past again from their dumps, with the figures and formulas of this version; the program may be running."`
	Token    tokenCommand    `cmd:"" help:"Sign a short-lived token with an app's secret."`
	Load     loadCommand     `cmd:"" help:"Replay a recorded session as many clients against a server on this machine."`
	Password passwordCommand `cmd:"" help:"Give an account a new one-time password, where the old one was lost."`
	Engine   engineCommand   `cmd:"" help:"Run the embedded engine; serve starts it by itself." hidden:""`
	Version  versionCommand  `cmd:"" help:"Print the version."`
}

type versionCommand struct{}

func (versionCommand) Run() error {
	_, err := fmt.Println("peerglass", version)
	return err
}

type engineCommand struct {
	Args []string `arg:"" optional:"" passthrough:""`
}

func (c engineCommand) Run() error {
	os.Exit(engine.Main(c.Args))
	return nil
}

func main() {
	os.Exit(run(os.Args[1:]))
}

func run(args []string) int {
	// The engine has options of its own and is started by this program only.
	if len(args) > 0 && args[0] == "engine" {
		return engine.Main(args[1:])
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // whoever asks twice to stop does not want to wait
	var cli commands
	parser, err := kong.New(&cli,
		kong.Name("peerglass"),
		kong.Description("See what happens inside real-time calls."),
		kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.BindTo(ctx, (*context.Context)(nil)),
	)
	if err != nil {
		fmt.Fprintln(os.Stderr, "peerglass:", err)
		return 2
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintln(os.Stderr, "peerglass:", err)
		fmt.Fprintln(os.Stderr, "Try: peerglass --help")
		return 2
	}
	if err := parsed.Run(); err != nil {
		if errors.Is(err, errPartial) {
			return 1 // what went wrong was said where it happened
		}
		fmt.Fprintln(os.Stderr, "peerglass:", err)
		return 1
	}
	return 0
}

// errPartial ends a command that has said on its way what did not work.
var errPartial = errors.New("not everything worked")
