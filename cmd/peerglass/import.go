package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/schollz/progressbar/v3"
)

type importCommand struct {
	Files []string `arg:"" help:"Dumps to send." type:"existingfile"`
	URL   string   `default:"http://localhost:8080" help:"The server." env:"PEERGLASS_URL"`
	App   uint32   `help:"The app that the calls go to; needed where the key opens several." env:"PEERGLASS_APP"`
	Key   string   `required:"" help:"API key, pga_…" env:"PEERGLASS_API_KEY"`
}

func (c importCommand) Run(ctx context.Context) error {
	c.URL = strings.TrimRight(c.URL, "/")
	if u, err := url.Parse(c.URL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("--url %q: an address as in http://localhost:8080 is expected", c.URL)
	}
	if c.App == 0 {
		var err error
		if c.App, err = c.onlyApp(ctx); err != nil {
			return err
		}
	}
	failed := false
	for _, name := range c.Files {
		where, err := c.send(ctx, name)
		if err != nil {
			failed = true
			fmt.Fprintf(os.Stderr, "%s: %v\n", filepath.Base(name), err)
			continue
		}
		fmt.Printf("%s: %s\n", filepath.Base(name), where)
	}
	if failed {
		return errPartial
	}
	return nil
}

// send imports one file and returns the address of its call in the console.
func (c importCommand) send(ctx context.Context, name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	bar := progressbar.NewOptions64(info.Size(), progressbar.OptionSetDescription(filepath.Base(name)), progressbar.OptionSetWriter(os.Stderr),
		progressbar.OptionShowBytes(true), progressbar.OptionClearOnFinish(), progressbar.OptionSetVisibility(terminal(os.Stderr)))
	defer bar.Close()

	body := progressbar.NewReader(f, bar)
	var got struct{ URL string }
	path := fmt.Sprintf("/apps/%d/import?name=%s", c.App, url.QueryEscape(filepath.Base(name)))
	if err := c.ask(ctx, http.MethodPost, path, &body, info.Size(), &got); err != nil {
		return "", err
	}
	if strings.HasPrefix(got.URL, "/") {
		got.URL = c.URL + got.URL
	}
	return got.URL, nil
}

// onlyApp returns the app that the key opens, where it is one.
func (c importCommand) onlyApp(ctx context.Context) (uint32, error) {
	var me struct{ Apps []uint32 }
	if err := c.ask(ctx, http.MethodGet, "/me", nil, 0, &me); err != nil {
		return 0, err
	}
	if len(me.Apps) != 1 {
		return 0, fmt.Errorf("the key opens %d apps: say with --app which one the calls go to", len(me.Apps))
	}
	return me.Apps[0], nil
}

// ask makes one request of the API and reads its answer into out.
func (c importCommand) ask(ctx context.Context, method, path string, body io.Reader, size int64, out any) error {
	req, err := http.NewRequestWithContext(ctx, method, c.URL+"/api/v1"+path, body)
	if err != nil {
		return fmt.Errorf("the server's address is no address: %w", err)
	}
	req.ContentLength = size
	req.Header.Set("Authorization", "Bearer "+c.Key)
	req.Header.Set("Content-Type", "application/octet-stream")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("the server cannot be reached, is it running at %s? %w", c.URL, err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return fmt.Errorf("read the server's answer: %w", err)
	}
	if res.StatusCode >= 300 {
		var refused struct{ Message string }
		if json.Unmarshal(answer, &refused) != nil || refused.Message == "" {
			refused.Message = res.Status
		}
		return errors.New(refused.Message)
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("the server answered %s, not as Peerglass does", res.Status)
	}
	return nil
}

func terminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
