package calls

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// ms is a time of the case, or a duration, in milliseconds. A case begins at 0.
type ms int64

const second ms = 1000

// never is later than any case.
const never = ms(math.MaxInt64 / 4)

func (t ms) String() string {
	if t >= never {
		return "never"
	}
	return (time.Duration(t) * time.Millisecond).String()
}

// span is a part of the case: from is in it, to is not.
type span struct{ from, to ms }

func (s span) has(t ms) bool { return t >= s.from && t < s.to }

// parseDuration reads 600ms, 10s, 1m30s, 5m, 0s.
func parseDuration(word string) (ms, error) {
	d, err := time.ParseDuration(word)
	if err != nil || d < 0 || d > 24*time.Hour {
		return 0, fmt.Errorf("expected a time such as 10s, 600ms or 1m30s, got %q", word)
	}
	return ms(d / time.Millisecond), nil
}

// isDuration reports whether a word reads as a time.
func isDuration(word string) bool {
	_, err := parseDuration(word)
	return err == nil
}

// units scales what stands behind a number to the units of the statistics and
// of the metrics: shares from 0 to 1, bit/s.
var units = []struct {
	suffix string
	scale  float64
}{
	{"Mbps", 1e6}, {"kbps", 1e3}, {"bps", 1}, {"fps", 1}, {"%", 0.01}, {"dB", 1}, {"px", 1},
}

// parseNumber reads 5, -0.5, 10%, 300kbps, 2.5Mbps, 30fps; a time reads as
// milliseconds, which is the unit of every metric of time.
func parseNumber(word string) (float64, error) {
	scale, number := 1.0, word
	for _, u := range units {
		if n, found := strings.CutSuffix(word, u.suffix); found {
			scale, number = u.scale, n
			break
		}
	}
	v, err := strconv.ParseFloat(number, 64)
	if err == nil && !math.IsInf(v, 0) && !math.IsNaN(v) {
		return v * scale, nil
	}
	if d, err := time.ParseDuration(word); err == nil {
		return float64(d) / float64(time.Millisecond), nil
	}
	return 0, fmt.Errorf("expected a number such as 5, 10%%, 300kbps, 30fps or 150ms, got %q", word)
}

// maxValues bounds a series, so that a mistyped count fails instead of filling
// the memory.
const maxValues = 100_000

// point is one value of a series: a number, a text, or missing.
type point struct {
	num     float64
	text    string
	missing bool
}

// parseSeries reads the words of a series, one value a poll:
//
//	5          the value 5, once
//	0x31       31 times 0
//	0+30x20    20 values: 0, 30, 60 …
//	600-1.5x4  4 values: 600, 598.5 …
//	_          not told; _x5 five times
//	cpux10     a text, ten times; true and false are flags
func parseSeries(words []token) ([]point, error) {
	var all []point
	for _, w := range words {
		first, step, count, err := parseItem(w.text)
		if err != nil {
			return nil, w.errorf("%v", err)
		}
		if len(all)+count > maxValues {
			return nil, w.errorf("expected at most %d values, got more", maxValues)
		}
		for i := range count {
			p := first
			p.num += float64(i) * step
			all = append(all, p)
		}
	}
	return all, nil
}

func parseItem(word string) (first point, step float64, count int, err error) {
	count = 1
	body := word
	if at := strings.LastIndexByte(word, 'x'); at > 0 && at < len(word)-1 {
		if n, e := strconv.Atoi(word[at+1:]); e == nil {
			if n < 1 || n > maxValues {
				return first, 0, 0, fmt.Errorf("expected a count from 1 to %d after x, got %q", maxValues, word)
			}
			body, count = word[:at], n
		}
	}
	if body == "_" {
		return point{missing: true}, 0, count, nil
	}
	// A sign that is not the first character, nor after the e of an exponent,
	// begins the step.
	number := body
	for i := 1; i < len(body); i++ {
		if (body[i] == '+' || body[i] == '-') && body[i-1] != 'e' && body[i-1] != 'E' {
			if v, e := strconv.ParseFloat(body[i:], 64); e == nil {
				number, step = body[:i], v
			}
			break
		}
	}
	v, e := strconv.ParseFloat(number, 64)
	switch {
	case e == nil && !math.IsNaN(v) && !math.IsInf(v, 0) && !math.IsInf(step, 0) && !math.IsNaN(step):
		return point{num: v}, step, count, nil
	case body == "true":
		return point{num: 1}, 0, count, nil
	case body == "false":
		return point{}, 0, count, nil
	case isText(body):
		return point{text: body}, 0, count, nil
	}
	return first, 0, 0, fmt.Errorf("expected a value such as 5, 0x31, 0+30x20, _x5 or cpux10, got %q", word)
}

// isText reports whether a word is a text value: it begins with a letter.
func isText(word string) bool {
	c := word[0]
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// knob is a figure that changes over time: the last setting that covers an
// instant holds there.
type knob struct {
	base float64
	set  []setting
}

type setting struct {
	span
	value float64
}

func (k *knob) at(t ms) float64 {
	for i := len(k.set) - 1; i >= 0; i-- {
		if k.set[i].has(t) {
			return k.set[i].value
		}
	}
	return k.base
}

func (k *knob) put(s span, v float64) { k.set = append(k.set, setting{s, v}) }

// on reports whether a switch is on.
func (k *knob) on(t ms) bool { return k.at(t) != 0 }
