// Command crowd fills a data folder with two calls that no test could hold for
// real: one with hundreds of users, and one of hours with twenty. Rows go
// through the store as the program writes them. For tests of the console and
// for looking at it; the figures are made up.
//
//	go run ./e2e/crowd --data DIR [--users 300] [--party 20] [--minutes 300] [--every 1s]
//	peerglass serve --data DIR
//
// DIR may be new, or that of a program that runs or ran; --users 0 or --party 0
// leaves that call out. It prints the app and the id of each call.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/session"
	"github.com/peerglass/peerglass/store"
	"github.com/peerglass/peerglass/store/engine"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "engine" { // the engine's child
		os.Exit(engine.Main(os.Args[2:]))
	}
	var o options
	flag.StringVar(&o.data, "data", "", "data folder")
	app := flag.Uint("app", 1, "app that the calls are of")
	flag.IntVar(&o.users, "users", 300, "users of the large call; 0: none")
	flag.IntVar(&o.party, "party", 20, "users of the long call; 0: none")
	flag.IntVar(&o.minutes, "minutes", 300, "length of the long call")
	flag.DurationVar(&o.every, "every", time.Second, "between two samples of a stream")
	flag.DurationVar(&o.ago, "ago", time.Hour, "how long the calls have been over")
	flag.Parse()
	o.app = rtc.AppID(*app)
	if err := run(context.Background(), o); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

type options struct {
	data                  string
	app                   rtc.AppID
	users, party, minutes int
	every, ago            time.Duration
}

func run(ctx context.Context, o options) (err error) {
	if o.data == "" {
		return fmt.Errorf("--data is missing: say which data folder to fill")
	}
	dir, err := filepath.Abs(filepath.Join(o.data, "engine"))
	if err != nil {
		return err
	}
	e, err := engine.Attach(ctx, dir)
	if err == nil && e == nil {
		e, err = engine.Start(ctx, engine.Options{Dir: dir, Log: slog.Default()})
	}
	if err != nil {
		return err
	}
	defer e.Close()
	s, err := store.Open(ctx, store.Options{Engine: e})
	if err != nil {
		return err
	}
	defer func() {
		if closed := s.Close(ctx); err == nil {
			err = closed
		}
	}()
	judge := session.NewJudge(s, session.JudgeOptions{})
	now := time.Now().UTC().Truncate(time.Second)
	if o.users > 0 {
		// As in a large meeting: everybody hears and sees the four who speak.
		c := newCrowd(judge, o, o.users, now.Add(-o.ago-12*time.Minute), 12*time.Minute)
		c.name, c.sees = "all hands", 4
		if c.every < 2*time.Second {
			c.every = 2 * time.Second
		}
		if err := c.write(ctx, s); err != nil {
			return err
		}
	}
	if o.party > 0 {
		c := newCrowd(judge, o, o.party, now.Add(-o.ago-time.Duration(o.minutes)*time.Minute), time.Duration(o.minutes)*time.Minute)
		c.name, c.sees = "workshop", o.party-1
		if err := c.write(ctx, s); err != nil {
			return err
		}
	}
	if err := judge.Settle(ctx); err != nil {
		return err
	}
	if err := s.Flush(ctx); err != nil {
		return err
	}
	if err := s.Condense(ctx, time.Time{}); err != nil {
		return err
	}
	return s.Durable(ctx)
}
