package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/settings"
)

type tokenCommand struct {
	App      uint32        `required:"" help:"The app's id."`
	Secret   string        `help:"The app's secret. Without it the secret is read from the data folder." env:"PEERGLASS_APP_SECRET"`
	Data     string        `default:"data" help:"Data folder of the server." type:"path"`
	Room     string        `help:"Room that the token lets into."`
	User     string        `help:"User that the token speaks for."`
	UserName string        `help:"The user's name as people read it."`
	Expires  time.Duration `default:"1h" help:"How long the token is good."`
}

func (c tokenCommand) Run(ctx context.Context) error {
	if c.Expires <= 0 {
		return errors.New("--expires must be longer than nothing, as in 1h")
	}
	secret := c.Secret
	if secret == "" {
		s, err := openSettings(ctx, c.Data)
		if err != nil {
			return fmt.Errorf("%w, or give --secret", err)
		}
		defer s.Close()
		if secret, err = s.AppSecret(ctx, rtc.AppID(c.App)); err != nil {
			return err
		}
	}
	now := time.Now()
	token, err := settings.SignToken(secret, settings.Claims{
		App: rtc.AppID(c.App), Room: c.Room, User: c.User, UserName: c.UserName, Expires: now.Add(c.Expires),
	}, now)
	if err != nil {
		return err
	}
	_, err = fmt.Println(token)
	return err
}
