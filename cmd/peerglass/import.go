package main

import (
	"context"
	"encoding/json"
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
	App   uint32   `required:"" help:"The app that the calls go to." env:"PEERGLASS_APP"`
	Key   string   `required:"" help:"API key, pga_…" env:"PEERGLASS_API_KEY"`
}

func (c importCommand) Run(ctx context.Context) error {
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

	base := strings.TrimRight(c.URL, "/")
	target := fmt.Sprintf("%s/api/v1/apps/%d/import?name=%s", base, c.App, url.QueryEscape(filepath.Base(name)))
	body := progressbar.NewReader(f, bar)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, &body)
	if err != nil {
		return "", fmt.Errorf("the server's address is no address: %w", err)
	}
	req.ContentLength = info.Size()
	req.Header.Set("Authorization", "Bearer "+c.Key)
	req.Header.Set("Content-Type", "application/octet-stream")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", fmt.Errorf("the server cannot be reached, is it running at %s? %w", base, err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return "", fmt.Errorf("read the server's answer: %w", err)
	}
	var got struct{ URL, Message string }
	if err := json.Unmarshal(answer, &got); err != nil {
		return "", fmt.Errorf("the server answered %s, not as Peerglass does", res.Status)
	}
	if res.StatusCode >= 300 {
		if got.Message == "" {
			got.Message = res.Status
		}
		return "", fmt.Errorf("%s", got.Message)
	}
	if strings.HasPrefix(got.URL, "/") {
		got.URL = base + got.URL
	}
	return got.URL, nil
}

func terminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
