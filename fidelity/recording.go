package fidelity

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/peerglass/peerglass/rig"
)

// Recording is one call of the rig.
type Recording struct {
	Truth
	Dumps map[string]string // path of the raw dump, by user
}

// Truth is what the rig knows of a call. Times are Unix ms unless said
// otherwise; all pages, the relay and the program ran on one machine.
type Truth struct {
	Condition string     `json:"condition"`
	Run       int        `json:"run"`
	Start     float64    `json:"start"` // what the schedule counts from
	End       float64    `json:"end"`
	Users     []string   `json:"users"`
	PollMs    int        `json:"pollMs"`
	Schedule  []rig.Rule `json:"schedule"`
	Deeds     []struct {
		At   float64 `json:"at"` // ms since Start
		User string  `json:"user"`
		Kind string  `json:"kind"`
		Ms   float64 `json:"ms"` // that it lasted, where it did not go on
	} `json:"deeds"`
	Browser string       `json:"browser"`
	Pages   []Page       `json:"pages"`
	Relay   []rig.Counts `json:"relay"`
}

// Page is what one user's page knows.
type Page struct {
	User    string `json:"user"`
	Devices string `json:"devices"` // "ok" or the error's name
	Made    struct {
		Number Steps `json:"number"` // −1 of a black one
		At     Steps `json:"at"`
	} `json:"made"` // frames of the camera
	ToneStart float64 `json:"toneStart"`
	// TonePeriod is how long the tone rises and falls, ms; 0 in early recordings,
	// of which it only rises.
	TonePeriod float64           `json:"tonePeriod"`
	Seen       []Seen            `json:"seen"`
	SRTP       map[string]string `json:"srtp"` // cipher, by the user at the other end
}

// Seen is what a page saw and heard of another user.
type Seen struct {
	User   string `json:"user"`
	Frames struct {
		Number Steps `json:"number"` // −1: not readable
		At     Steps `json:"at"`     // time of presentation
		// Presented is how many had been presented by then: a busy page is not
		// called for each.
		Presented Steps `json:"presented"`
	} `json:"frames"`
	// Decoded are the times at which pictures left the decoder, Unix ms; none in
	// early recordings.
	Decoded Steps `json:"decoded"`
	// Sound is what was heard, in batches of half a second. An entry of Level
	// and Hertz is of 512 samples at 48 kHz.
	Sound struct {
		At    []float64 `json:"at"`    // time of a batch's first
		Level []Steps   `json:"level"` // −dB of full scale
		Hertz []Steps   `json:"hertz"` // 0 where there is no tone
	} `json:"sound"`
}

// Steps are numbers that a file keeps as their differences.
type Steps []float64

// UnmarshalJSON adds the differences up.
func (s *Steps) UnmarshalJSON(b []byte) error {
	var list []float64
	if err := json.Unmarshal(b, &list); err != nil {
		return err
	}
	sum := 0.0
	for i, d := range list {
		sum += d
		list[i] = sum
	}
	*s = list
	return nil
}

// Open reads the recording in a folder.
func Open(folder string) (*Recording, error) {
	f, err := os.Open(filepath.Join(folder, "truth.json.gz"))
	if err != nil {
		return nil, fmt.Errorf("open recording: %w", err)
	}
	defer f.Close()
	gz, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("open recording %s: %w", folder, err)
	}
	r := &Recording{Dumps: make(map[string]string)}
	if err := json.NewDecoder(gz).Decode(&r.Truth); err != nil {
		return nil, fmt.Errorf("open recording %s: %w", folder, err)
	}
	dumps, err := filepath.Glob(filepath.Join(folder, "*.dump"))
	if err != nil {
		return nil, fmt.Errorf("open recording %s: %w", folder, err)
	}
	for _, path := range dumps {
		r.Dumps[strings.TrimSuffix(filepath.Base(path), ".dump")] = path
	}
	for _, u := range r.Users {
		if r.Dumps[u] == "" {
			return nil, fmt.Errorf("open recording %s: there is no dump of %s", folder, u)
		}
	}
	return r, nil
}

// OpenAll reads the recordings in the folders of a folder, by condition and
// run.
func OpenAll(folder string) ([]*Recording, error) {
	found, err := filepath.Glob(filepath.Join(folder, "*", "truth.json.gz"))
	if err != nil {
		return nil, fmt.Errorf("open recordings: %w", err)
	}
	var all []*Recording
	for _, path := range found {
		r, err := Open(filepath.Dir(path))
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b *Recording) int {
		if a.Condition != b.Condition {
			return place(a.Condition) - place(b.Condition)
		}
		return a.Run - b.Run
	})
	return all, nil
}

// page returns a user's page; nil for a stranger.
func (t *Truth) page(user string) *Page {
	for i := range t.Pages {
		if t.Pages[i].User == user {
			return &t.Pages[i]
		}
	}
	return nil
}

// seen returns what one user saw of another; nil for nothing.
func (t *Truth) seen(by, of string) *Seen {
	p := t.page(by)
	if p == nil {
		return nil
	}
	for i := range p.Seen {
		if p.Seen[i].User == of {
			return &p.Seen[i]
		}
	}
	return nil
}

// leg returns what the relay counted on one direction of a user's leg.
func (t *Truth) leg(user string, dir rig.Direction) *rig.Counts {
	for i := range t.Relay {
		if c := &t.Relay[i]; c.User == user && c.Dir == dir {
			return c
		}
	}
	return nil
}
