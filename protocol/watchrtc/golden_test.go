package watchrtc

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
	if s.MissingRemoved || s.Full {
		p.WriteString(", but not as changes")
	}
	for i := range s.Reports {
		r := &s.Reports[i]
		fmt.Fprintf(p, "\n  %s", r.ID)
		if r.Type != 0 {
			fmt.Fprintf(p, " (%s)", r.Type)
		}
		if r.Time != 0 {
			fmt.Fprintf(p, " at %.2f", r.Time)
		}
		for _, v := range s.Of(r) {
			name := v.Member.String()
			if v.Member == 0 {
				name = "?" + string(v.Name)
			}
			switch v.Form {
			case rtc.FormNumber:
				fmt.Fprintf(p, " %s=%v", name, v.Num)
			case rtc.FormBool:
				fmt.Fprintf(p, " %s=%v", name, v.Num == 1)
			case rtc.FormText:
				fmt.Fprintf(p, " %s=%q", name, v.Text)
			case rtc.FormJSON:
				fmt.Fprintf(p, " %s=%s", name, v.Text)
			default:
				fmt.Fprintf(p, " %s is gone", name)
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

// golden decodes the messages of a file, as they stand and packed, and returns
// the file as it should be.
func golden(t *testing.T, file string) string {
	var out printer
	d := NewDecoder()
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
		var packed printer
		again := *d
		if frame[0] == '[' {
			_ = again.Decode([]byte(pack(frame)), 0, &packed)
		}
		from := out.Len()
		if err := d.Decode([]byte(frame), 0, &out); err != nil {
			var fault *protocol.Error
			if !errors.As(err, &fault) {
				t.Fatalf("%v is not a protocol.Error", err)
			}
			fmt.Fprintf(&out, "! %s: %v\n", fault.Code, err)
		} else if frame[0] == '[' && !bytes.Equal(packed.Bytes(), out.Bytes()[from:]) {
			t.Errorf("packed, %s gives %s", frame, packed.Bytes())
		}
	}
	fmt.Fprintf(&out, "= unknown %d\n", d.Unknown())
	return out.String()
}
