package jitsi

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/rtc"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// printer writes records as the golden files have them.
type printer struct{ bytes.Buffer }

func (p *printer) Record(r *rtc.Record) error {
	fmt.Fprintf(p, "%s", r.Kind)
	for _, part := range [][]byte{r.Name, r.Conn, r.Corr} {
		if len(part) > 0 {
			fmt.Fprintf(p, " %s", part)
		}
	}
	if r.Seq != 0 {
		fmt.Fprintf(p, " #%d", r.Seq)
	}
	if r.Time != 0 {
		fmt.Fprintf(p, " at %d", r.Time)
	}
	if len(r.Payload) > 0 {
		fmt.Fprintf(p, " %s", r.Payload)
	}
	if r.Stats != nil {
		p.stats(r.Stats)
	}
	p.WriteByte('\n')
	return nil
}

func (p *printer) stats(s *rtc.Stats) {
	fmt.Fprintf(p, " polled at %.2f", s.Time)
	if s.MissingRemoved {
		p.WriteString(", missing are removed")
	}
	for i := range s.Reports {
		r := &s.Reports[i]
		fmt.Fprintf(p, "\n  %s", r.ID)
		if r.Type != 0 {
			fmt.Fprintf(p, " (%s)", r.Type)
		}
		if r.Removed {
			p.WriteString(" removed")
		}
		if r.Time != 0 {
			fmt.Fprintf(p, " at %.2f", r.Time)
		}
		for _, v := range s.Of(r) {
			if v.Member != 0 {
				fmt.Fprintf(p, " %s=", v.Member)
			} else {
				fmt.Fprintf(p, " ?%s=", v.Name)
			}
			switch v.Form {
			case rtc.FormNumber:
				fmt.Fprintf(p, "%v", v.Num)
			case rtc.FormText:
				fmt.Fprintf(p, "%q", v.Text)
			case rtc.FormBool:
				fmt.Fprintf(p, "%v", v.Num == 1)
			case rtc.FormNull:
				p.WriteString("null")
			case rtc.FormJSON:
				fmt.Fprintf(p, "%s", v.Text)
			}
		}
	}
}

func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/golden/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no golden files", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := golden(t, string(want))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != string(want) {
				t.Errorf("differs from the file; -update rewrites it. Got:\n%s", got)
			}
		})
	}
}

// golden decodes the frames of a file and returns the file as it should be.
func golden(t *testing.T, file string) string {
	var out printer
	d := NewDecoder(Options{})
	for line := range strings.Lines(file) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "# ") {
			out.WriteString(line + "\n")
		}
		frame, ok := strings.CutPrefix(line, "> ")
		if !ok {
			continue
		}
		out.WriteString(line + "\n")
		if err := d.Decode([]byte(frame), 0, &out); err != nil {
			var fault *protocol.Error
			if !errors.As(err, &fault) {
				t.Fatalf("%v is not a protocol.Error", err)
			}
			fmt.Fprintf(&out, "! %s: %v\n", fault.Code, err)
		}
	}
	fmt.Fprintf(&out, "= unknown %d, last %d, missed %d, again %d\n", d.Unknown(), d.Sequence().Last, d.Sequence().Missed, d.Sequence().Again)
	return out.String()
}
