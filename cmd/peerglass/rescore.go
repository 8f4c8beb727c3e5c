package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/peerglass/peerglass/blob"
	"github.com/peerglass/peerglass/query"
	"github.com/peerglass/peerglass/rescore"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/store"
	"github.com/peerglass/peerglass/store/engine"
)

type rescoreCommand struct {
	App        uint32 `help:"Only calls of this app."`
	Call       string `help:"Only this call."`
	Since      string `help:"Only calls that began at this day or instant (2026-11-21, or RFC 3339) or later."`
	Until      string `help:"Only calls that began before this day or instant."`
	Data       string `default:"data" help:"Data folder of the program, which may be running." type:"path"`
	ClickHouse string `name:"clickhouse" help:"The ClickHouse that the program uses in place of the embedded engine." env:"PEERGLASS_CLICKHOUSE"`
	EngineLib  string `help:"Path of libchdb.so; without it, it is looked for." env:"PEERGLASS_ENGINE_LIB"`
	Quiet      bool   `help:"Say nothing of calls that went well."`
}

func (c rescoreCommand) Run(ctx context.Context) error {
	o := rescore.Options{App: rtc.AppID(c.App), Now: time.Now}
	var err error
	if o.Since, err = instant(c.Since); err != nil {
		return err
	}
	if o.Until, err = instant(c.Until); err != nil {
		return err
	}
	if c.Call != "" {
		id, err := rtc.ParseID(c.Call)
		if err != nil {
			return fmt.Errorf("--call %s: %w", c.Call, err)
		}
		o.Call = rtc.CallID(id)
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	data, err := filepath.Abs(c.Data)
	if err == nil {
		_, err = os.Stat(data)
	}
	if err != nil {
		return fmt.Errorf("the data folder is not there (--data): %w", err)
	}
	set, err := openSettings(ctx, data)
	if err != nil {
		return err
	}
	defer set.Close()
	o.Thresholds = set.Thresholds
	storeOptions := store.Options{URL: c.ClickHouse, Log: log}
	if c.ClickHouse == "" {
		eng, err := engineOf(ctx, filepath.Join(data, "engine"), c.EngineLib, log)
		if err != nil {
			return err
		}
		defer eng.Close()
		storeOptions.Engine = eng
	}
	if o.Store, err = store.Open(ctx, storeOptions); err != nil {
		return err
	}
	o.Query = query.New(o.Store.Client(), time.Now)
	o.Blob = blob.ShareFolder(filepath.Join(data, "blob"))
	o.Progress = func(p rescore.Progress) { c.tell(os.Stderr, p) }

	done, skipped, err := rescore.Run(ctx, o)
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := errors.Join(err, o.Store.Close(end)); err != nil {
		return err
	}
	fmt.Printf("%d calls were derived again, %d stayed as they are\n", done, skipped)
	return nil
}

// engineOf connects to the engine of the running program, or starts one where
// none runs.
func engineOf(ctx context.Context, dir, lib string, log *slog.Logger) (*engine.Engine, error) {
	eng, err := engine.Attach(ctx, dir)
	if err != nil || eng != nil {
		return eng, err
	}
	return engine.Start(ctx, engine.Options{Dir: dir, Lib: lib, Log: log})
}

func (c rescoreCommand) tell(w io.Writer, p rescore.Progress) {
	switch {
	case p.Skipped != nil:
		fmt.Fprintf(w, "%d/%d  call %s of app %d stays as it is: %v\n", p.Done, p.Total, p.Call, p.App, p.Skipped)
	case !c.Quiet:
		fmt.Fprintf(w, "%d/%d  call %s of app %d\n", p.Done, p.Total, p.Call, p.App)
	}
}

// instant reads a day or an instant; "" is the zero time.
func instant(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is neither a day (2026-11-21) nor an instant (2026-11-21T14:00:00Z)", text)
}
