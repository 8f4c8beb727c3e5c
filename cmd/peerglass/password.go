package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/peerglass/peerglass/settings"
)

type passwordCommand struct {
	Name string `arg:"" default:"admin" help:"The account."`
	Data string `default:"data" help:"Data folder of the server." type:"path"`
}

func (c passwordCommand) Run(ctx context.Context) error {
	set, err := openSettings(ctx, c.Data)
	if err != nil {
		return err
	}
	defer set.Close()
	password, err := set.ResetPassword(ctx, c.Name)
	if err != nil {
		return err
	}
	_, err = fmt.Printf("One-time password of %s: %s\n", c.Name, password)
	return err
}

// openSettings opens the settings of a server's data folder; unlike
// settings.Open it does not make them.
func openSettings(ctx context.Context, dir string) (*settings.Settings, error) {
	if _, err := os.Stat(filepath.Join(dir, "settings.db")); err != nil {
		return nil, fmt.Errorf("there are no settings in %s: name the server's folder with --data", dir)
	}
	return settings.Open(ctx, settings.Options{Dir: dir, MasterKey: os.Getenv("PEERGLASS_MASTER_KEY")})
}
