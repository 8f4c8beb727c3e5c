package internals

import (
	"strconv"
	"strings"
	"time"
)

// manners of writing a day in numbers.
type manners uint8

const (
	dayFirst manners = iota
	monthFirst
)

const (
	quarter = 15 * 60 * 1000.0      // ms: time zones differ by multiples of it
	maxZone = 15 * 60 * 60 * 1000.0 // ms: none is further from UTC
)

// absolute reads a time that leaves nothing open: RFC 3339, or Unix ms. It
// returns 0 for another.
func absolute(text string) float64 {
	if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return unixMs(at)
	}
	if f, err := strconv.ParseFloat(text, 64); err == nil && f > 1e11 && f < 1e14 {
		return f
	}
	return 0
}

// local reads a time as JavaScript's toLocaleString writes it ("12/03/2024,
// 14:37:21", "3/12/2024, 2:37:21 PM", "12.3.2024, 14:37:21", "2024-03-12
// 14:37:21"), as if it was UTC. m says what comes first where both could.
func local(text string, m manners) (ms float64, ok bool) {
	var n [6]int
	count := 0
	inside := false
	for _, c := range text {
		if c < '0' || c > '9' {
			inside = false
			continue
		}
		if !inside {
			if count++; count > len(n) {
				break
			}
			inside = true
		}
		if n[count-1] > 9999 {
			return 0, false
		}
		n[count-1] = n[count-1]*10 + int(c-'0')
	}
	if count < 5 {
		return 0, false
	}
	year, month, day := n[0], n[1], n[2]
	if year <= 31 {
		year, day, month = n[2], n[0], n[1]
		if (m == monthFirst || month > 12) && day <= 12 {
			day, month = month, day
		}
	}
	hour := n[3]
	upper := strings.ToUpper(text)
	switch {
	case strings.Contains(upper, "PM") && hour < 12:
		hour += 12
	case strings.Contains(upper, "AM") && hour == 12:
		hour = 0
	}
	if year < 2010 || year > 2200 || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || n[4] > 59 || n[5] > 60 {
		return 0, false
	}
	return unixMs(time.Date(year, time.Month(month), day, hour, n[4], n[5], 0, time.UTC)), true
}
