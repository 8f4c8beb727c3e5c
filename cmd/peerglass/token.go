package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/settings"
)

type tokenCommand struct {
	App      uint32        `required:"" help:"The app's id."`
	Secret   string        `help:"The app's secret. Without it the secret is read from the data folder." env:"PEERGLASS_APP_SECRET"`
	Data     string        `default:"data" help:"Data folder of the server." type:"path"`
	Room     string        `help:"Room that the token lets into."`
	RoomName string        `help:"The room's name as people read it."`
	User     string        `help:"User that the token speaks for."`
	UserName string        `help:"The user's name as people read it."`
	Session  string        `help:"The client's own id of its stay, for protocols that have none."`
	Expires  time.Duration `default:"1h" help:"How long a client may join with it; who is in stays in."`
	OneTime  bool          `help:"Good for one session only; within 24 hours."`
	UserSig  bool          `name:"usersig" help:"Make a UserSig (TLSSigAPIv2) in place of a JWT."`
	Check    string        `help:"Make none, but say what is in this one and whether it would be accepted; - reads it from the input." placeholder:"TOKEN"`
}

func (c tokenCommand) Run(ctx context.Context) error {
	if c.Expires <= 0 {
		return errors.New("--expires must be longer than nothing, as in 1h")
	}
	app := rtc.AppID(c.App)
	verifier := settings.Verifier{App: app, Secret: c.Secret}
	if c.Secret == "" {
		s, err := openSettings(ctx, c.Data)
		if err != nil {
			return fmt.Errorf("%w, or give --secret", err)
		}
		defer s.Close()
		if verifier.Secret, err = s.AppSecret(ctx, app); err != nil {
			return err
		}
		if verifier.Public, err = s.PublicKeys(ctx, app); err != nil {
			return err
		}
	}
	now := time.Now()
	if c.Check != "" {
		return c.check(&verifier, now)
	}
	claims := settings.Claims{
		App: app, Room: c.Room, RoomName: c.RoomName, User: c.User, UserName: c.UserName, Session: c.Session, Expires: now.Add(c.Expires),
	}
	if c.OneTime {
		claims.ID = settings.NewTokenID()
	}
	sign := settings.SignToken
	if c.UserSig {
		sign = settings.SignUserSig
	}
	token, err := sign(verifier.Secret, claims, now)
	if err != nil {
		return err
	}
	_, err = fmt.Println(token)
	return err
}

// check prints what a token says, and returns why it would be refused.
func (c tokenCommand) check(v *settings.Verifier, now time.Time) error {
	token := c.Check
	if token == "-" {
		text, err := io.ReadAll(io.LimitReader(os.Stdin, settings.MaxToken+2))
		if err != nil {
			return fmt.Errorf("read the token: %w", err)
		}
		token = string(text)
	}
	claims, err := v.Verify(token, now)
	if claims.App != 0 {
		var b strings.Builder
		for _, line := range []struct{ name, value string }{
			{"room", claims.Room}, {"room name", claims.RoomName}, {"user", claims.User}, {"user name", claims.UserName}, {"session", claims.Session},
			{"one-time id", claims.ID}, {"signed by", signer(&claims)}, {"expires", expiry(&claims)},
		} {
			if line.value != "" {
				fmt.Fprintf(&b, "%-12s %s\n", line.name, line.value)
			}
		}
		fmt.Print(b.String())
	}
	if err != nil {
		return err
	}
	_, err = fmt.Println("It would be accepted.")
	return err
}

func signer(c *settings.Claims) string {
	if c.Key == "" {
		return "the app's secret"
	}
	return "public key " + c.Key
}

func expiry(c *settings.Claims) string {
	if c.Expires.IsZero() {
		return "never"
	}
	return c.Expires.Format(time.RFC3339)
}
