package native

import (
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/peerglass/peerglass/protocol/protocoltest"
	"github.com/peerglass/peerglass/rtc"
)

// fenced returns the blocks of docs/protocol.md with the given language, a
// blank line between batches splitting them.
func fenced(t *testing.T, language string) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(text), "```"+language+"\n")
	block, _, closed := strings.Cut(after, "```")
	if !found || !closed {
		t.Fatalf("docs/protocol.md has no block of %s", language)
	}
	return block
}

// The worked example of the documentation decodes to what it says.
func TestDocumentedExample(t *testing.T) {
	var out strings.Builder
	dec := NewDecoder()
	for batch := range strings.SplitSeq(strings.TrimSpace(fenced(t, "hex")), "\n\n") {
		var digits strings.Builder
		for line := range strings.Lines(batch) {
			code, _, _ := strings.Cut(line, ";")
			digits.WriteString(strings.Join(strings.Fields(code), ""))
		}
		frame, err := hex.DecodeString(digits.String())
		if err != nil {
			t.Fatal(err)
		}
		if err := dec.Decode(frame, 0, protocoltest.Func(func(r *rtc.Record) error {
			fmt.Fprintf(&out, "%d %s %d", r.Seq, r.Kind, r.Time)
			for _, part := range [][]byte{r.Conn, r.Name, r.Corr, r.Payload} {
				if len(part) > 0 {
					fmt.Fprintf(&out, " %s", part)
				}
			}
			if r.Stats != nil {
				describe(&out, r)
			}
			out.WriteByte('\n')
			return nil
		})); err != nil {
			t.Fatal(err)
		}
	}
	if want := fenced(t, "records"); out.String() != want {
		t.Errorf("the documented batches decode to\n%s\nand not to\n%s", &out, want)
	}
}

func describe(out *strings.Builder, r *rtc.Record) {
	fmt.Fprintf(out, " %.3f", r.Stats.Time)
	if r.Stats.Full {
		out.WriteString(" full")
	}
	for i := range r.Stats.Reports {
		p := &r.Stats.Reports[i]
		fmt.Fprintf(out, "\n%d   %s", r.Seq, p.ID)
		if p.Removed {
			out.WriteString(" removed")
			continue
		}
		if p.Type != 0 {
			fmt.Fprintf(out, " %s", p.Type)
		}
		if p.Time != 0 {
			fmt.Fprintf(out, " at %.3f", p.Time)
		}
		for _, v := range r.Stats.Of(p) {
			name := string(v.Name)
			if v.Member != 0 {
				name = v.Member.String()
			}
			switch v.Form {
			case rtc.FormNumber:
				fmt.Fprintf(out, " %s=%v", name, v.Num)
			case rtc.FormBool:
				fmt.Fprintf(out, " %s=%t", name, v.Num == 1)
			case rtc.FormNull:
				fmt.Fprintf(out, " %s=null", name)
			default:
				fmt.Fprintf(out, " %s=%s", name, v.Text)
			}
		}
	}
}
