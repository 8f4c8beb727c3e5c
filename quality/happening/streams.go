package happening

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/peerglass/peerglass/rtc"
)

// sets takes how video is to be sent, where it is set anew.
func (w *watch) sets(e *rtc.Event) {
	key := fmt.Sprint(e.Connection, e.Name)
	was, known := w.settings[key]
	if was == e.Value && known || !known && len(w.settings) >= maxNames || e.Value == "" || strings.Contains(e.Value, `"audio/`) {
		return
	}
	w.settings[key] = e.Value
	w.add(uplinkVideoSet, Row{Direction: rtc.Send, Kind: rtc.KindVideo, Cause: word(e.Name), Text: settingText(e.Value)})
}

// settingText says what the encodings of a sender are to be.
func settingText(value string) string {
	type parameters struct {
		Encodings []struct {
			RID                   string
			Active                *bool
			MaxBitrate            float64
			MaxFramerate          float64
			ScaleResolutionDownBy float64
		}
	}
	var p struct {
		parameters
		First parameters `json:"0"` // of clients that tell the call's arguments
	}
	if !read(value, &p) {
		return line(value)
	}
	if len(p.Encodings) == 0 {
		p.Encodings = p.First.Encodings
	}
	if len(p.Encodings) == 0 {
		return line(value)
	}
	var all []string
	for _, e := range p.Encodings {
		parts := []string{}
		if e.RID != "" {
			parts = append(parts, e.RID)
		}
		if e.Active != nil && !*e.Active {
			parts = append(parts, "off")
		}
		if e.MaxBitrate > 0 {
			parts = append(parts, fmt.Sprintf("up to %.0f kbit/s", e.MaxBitrate/1000))
		}
		if e.MaxFramerate > 0 {
			parts = append(parts, fmt.Sprintf("%.0f fps", e.MaxFramerate))
		}
		if e.ScaleResolutionDownBy > 1 {
			parts = append(parts, fmt.Sprintf("1/%.4g of the size", e.ScaleResolutionDownBy))
		}
		if len(parts) > 0 {
			all = append(all, strings.Join(parts, " "))
		}
	}
	if len(all) == 0 {
		return "without limits"
	}
	return strings.Join(all, "; ")
}

// streamMoments are what streams tell where no event does.
func (w *watch) streamMoments() (all []moment) {
	pushed := map[string]bool{}
	for i := range w.stay.Streams {
		s := &w.stay.Streams[i]
		if w.known.byID[s.ID] == nil || s.Start.IsZero() {
			continue
		}
		id := s.Track
		if id == "" {
			id = fmt.Sprintf("stream %d", s.ID)
			w.known.streams[id] = s
		}
		what := cmp.Or(s.Codec, nameOf(s.Kind))
		if s.Direction == rtc.Send {
			all = append(all, moment{s.Start, func() {
				if !w.known.tracks {
					if s.Kind == rtc.KindScreen {
						if !w.on[rtc.KindScreen] {
							w.tells(rtc.KindScreen, true, "captured", refScreen, "")
						}
					} else {
						w.sends(named{kind: s.Kind, id: id}, s.Connection, "sent")
					}
				}
				key := fmt.Sprint(s.Connection, s.Kind, s.Track, s.MID)
				if s.Packets > 0 && !pushed[key] {
					pushed[key] = true
					w.add(pushMeasured, Row{Direction: rtc.Send, Kind: s.Kind, Connection: s.Connection, Stream: s.ID, Text: what})
				}
			}})
			continue
		}
		if s.Direction != rtc.Receive {
			continue
		}
		all = append(all, moment{s.Start, func() {
			if !w.known.comes {
				w.comes(id, s.Kind)
			}
			if s.Packets <= 0 {
				return
			}
			if t := w.track(id, s.Kind); t != nil && !w.known.unmutes[s.Track] && !t.own {
				w.opens(t, id, "media", "first packets")
			}
			w.add(pullMeasured, Row{Direction: rtc.Receive, Kind: s.Kind, Connection: s.Connection, Stream: s.ID, RemoteUser: s.RemoteUser, Text: what})
		}})
	}
	return all
}
