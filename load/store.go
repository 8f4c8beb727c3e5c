package load

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/sync/errgroup"
)

// askAtOnce bounds the questions to the API at one time.
const askAtOnce = 8

// found counts the records of the run's sessions as the API tells them from
// the store, until all are there or a minute has passed. The first record of
// every session is the server's own (what the connection told), and is not
// counted.
func (r *run) found(ctx context.Context) (uint64, error) {
	for began := time.Now(); ; {
		sum, err := r.foundNow(ctx)
		if err != nil || sum >= r.records.Load() || time.Since(began) > time.Minute {
			return sum, err
		}
		select {
		case <-ctx.Done():
			return sum, ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

func (r *run) foundNow(ctx context.Context) (uint64, error) {
	var apps struct{ Items []struct{ ID uint32 } }
	if err := r.ask(ctx, "apps", nil, &apps); err != nil {
		return 0, err
	}
	sum := uint64(0)
	for _, app := range apps.Items {
		cursor := ""
		for {
			var calls struct {
				Items []struct{ ID string }
				Next  *string
			}
			query := url.Values{"room": {r.Room + "*"}, "limit": {"1000"}}
			if cursor != "" {
				query.Set("cursor", cursor)
			}
			if err := r.ask(ctx, fmt.Sprintf("apps/%d/calls", app.ID), query, &calls); err != nil {
				return 0, err
			}
			counts := make([]uint64, len(calls.Items))
			group, groupCtx := errgroup.WithContext(ctx)
			group.SetLimit(askAtOnce)
			for i, call := range calls.Items {
				group.Go(func() error {
					var sessions struct{ Items []struct{ Records uint64 } }
					if err := r.ask(groupCtx, fmt.Sprintf("apps/%d/calls/%s/sessions", app.ID, call.ID), nil, &sessions); err != nil {
						return err
					}
					for _, s := range sessions.Items {
						counts[i] += max(s.Records, 1) - 1
					}
					return nil
				})
			}
			if err := group.Wait(); err != nil {
				return 0, err
			}
			for _, n := range counts {
				sum += n
			}
			if calls.Next == nil {
				break
			}
			cursor = *calls.Next
		}
	}
	return sum, nil
}

// ask puts one question to the API.
func (r *run) ask(ctx context.Context, path string, query url.Values, answer any) error {
	u := r.base.JoinPath("api", "v1", path)
	u.RawQuery = query.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+r.APIKey)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("ask the API: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("ask the API for %s: %s", path, response.Status)
	}
	if err := json.NewDecoder(response.Body).Decode(answer); err != nil {
		return fmt.Errorf("ask the API for %s: %w", path, err)
	}
	return nil
}
