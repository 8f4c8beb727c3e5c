package api

import (
	"encoding/json"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
)

// formats writes answers as JSON. encoding/json reads again what a value's own
// method wrote, which for the series of a long call takes longer than to ask
// for them: what knows how to write itself is written by that alone.
func formats() map[string]huma.Format {
	f := huma.Format{Unmarshal: huma.DefaultJSONFormat.Unmarshal, Marshal: func(w io.Writer, v any) error {
		if large, ok := v.(interface{ writeJSON(io.Writer) error }); ok {
			return large.writeJSON(w)
		}
		return huma.DefaultJSONFormat.Marshal(w, v)
	}}
	return map[string]huma.Format{"application/json": f, "json": f}
}

// writeJSON writes what encoding/json would, some series at a time.
func (s Samples) writeJSON(w io.Writer) error {
	const some = 64 << 10
	b := make([]byte, 0, some+some/2)
	b = strconv.AppendInt(append(b, `{"stepMs":`...), s.StepMs, 10)
	b = append(b, `,"series":[`...)
	for i := range s.Series {
		if i > 0 {
			b = append(b, ',')
		}
		b = s.Series[i].appendJSON(b)
		if len(b) >= some {
			if _, err := w.Write(b); err != nil {
				return err
			}
			b = b[:0]
		}
	}
	_, err := w.Write(append(b, "]}\n"...))
	return err
}

func (s *Series) appendJSON(b []byte) []byte {
	b = appendText(append(b, `{"session":`...), s.Session)
	b = strconv.AppendUint(append(b, `,"stream":`...), uint64(s.Stream), 10)
	b = appendText(append(b, `,"kind":`...), string(s.Kind))
	b = appendText(append(b, `,"direction":`...), string(s.Direction))
	b = append(b, `,"times":[`...)
	for i, t := range s.Times {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, t, 10)
	}
	b = append(b, `],"intervals":[`...)
	for i, t := range s.Intervals {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendUint(b, uint64(t), 10)
	}
	b = appendFigures(append(b, `],"values":`...), s.Values)
	if len(s.Min) > 0 {
		b = appendFigures(append(b, `,"min":`...), s.Min)
	}
	if len(s.Max) > 0 {
		b = appendFigures(append(b, `,"max":`...), s.Max)
	}
	b = appendRuns(append(b, `,"codec":`...), s.Codec)
	b = appendRuns(append(b, `,"limitation":`...), s.Limitation)
	b = appendRuns(append(b, `,"pair":`...), s.Pair)
	return append(b, '}')
}

func appendFigures(b []byte, of map[string]Figures) []byte {
	b = append(b, '{')
	for i, id := range slices.Sorted(maps.Keys(of)) {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(b, id)
		b = of[id].appendJSON(append(b, ':'))
	}
	return append(b, '}')
}

// appendJSON writes the fewest digits of each value that read back as the same.
func (f Figures) appendJSON(b []byte) []byte {
	b = append(b, '[')
	for i, v := range f {
		if i > 0 {
			b = append(b, ',')
		}
		switch x := float64(v); {
		case math.IsNaN(x) || math.IsInf(x, 0):
			b = append(b, "null"...)
		case x == math.Trunc(x) && math.Abs(x) < 1<<24: // most are whole, and written much faster so
			b = strconv.AppendInt(b, int64(x), 10)
		default:
			b = strconv.AppendFloat(b, x, 'f', -1, 32)
		}
	}
	return append(b, ']')
}

func appendRuns(b []byte, runs []Run) []byte {
	b = append(b, '[')
	for i, r := range runs {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(append(b, `{"from":`...), r.From, 10)
		b = appendText(append(b, `,"value":`...), r.Value)
		b = append(b, '}')
	}
	return append(b, ']')
}

// appendText writes a text, of clients perhaps.
func appendText(b []byte, s string) []byte {
	text, err := json.Marshal(s)
	if err != nil {
		return append(b, `""`...) // a string always marshals
	}
	return append(b, text...)
}
