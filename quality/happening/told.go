package happening

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/peerglass/peerglass/rtc"
)

// event takes one stored event.
func (w *watch) event(e *rtc.Event) {
	switch e.Kind {
	case rtc.KindOpen:
		w.opened(e)
		return
	case rtc.KindFeedback:
		w.rated(e)
		return
	case rtc.KindLog:
		w.logs(e)
		return
	case rtc.KindClose:
		return // see end
	}
	if w.connectionEvent(e) || w.mediaEvent(e) || w.deviceEvent(e) || w.toldEvent(e) {
		return
	}
	if call, ok := strings.CutSuffix(e.Name, rtc.OnFailure); ok {
		name, _ := failure(e.Value)
		w.add(callFailed, Row{Label: call + " failed", Cause: cmp.Or(word(name), "failed"), Text: strings.Trim(call+": "+failed(e.Value), ": ")})
		return
	}
	if e.Kind == rtc.KindEvent && !slices.Contains(Needless, e.Name) && !itself[e.Name] {
		w.add(appEvent, Row{Label: cmp.Or(shortenedName(e.Name), appEvent.Label), Severity: e.Severity, Text: line(e.Value)})
	}
}

// itself are events by which clients of others tell of themselves what the
// identity says already.
var itself = map[string]bool{rtc.NameIdentity: true, "watchrtc": true, "keys": true, "userAgentData": true, "userDetails": true, "userJoined": true, "connectionInfo": true}

func shortenedName(name string) string {
	if r := []rune(name); len(r) > 80 {
		return string(r[:80]) + "…"
	}
	return name
}

// opened takes who and where.
func (w *watch) opened(e *rtc.Event) {
	if e.Name == rtc.NameConnectionInfo { // the server wrote that
		return
	}
	var p struct {
		Room, Role any
		Keys       map[string]any
	}
	read(e.Value, &p)
	room, role := textOf(p.Room), textOf(p.Role)
	if room != "" {
		w.enters(room, role)
		if w.room != "" && w.room != room {
			w.add(crossRoom, Row{Cause: "another_room", Text: w.room + " → " + room})
		}
		w.room = room
	}
	if role != "" {
		if w.role != "" && w.role != role {
			w.add(roleSwitched, Row{Cause: word(role), Text: w.role + " → " + role})
		}
		w.role = role
	}
	var fresh []string
	for name, v := range p.Keys {
		value := short(v)
		if old, known := w.keys[name]; known && old == value || !known && len(w.keys) >= maxNames {
			continue
		}
		w.keys[name] = value
		fresh = append(fresh, name+": "+value)
	}
	if len(fresh) > 0 {
		slices.Sort(fresh)
		w.add(keysSet, Row{Text: strings.Join(fresh, ", ")})
	}
}

// enters tells the join, once.
func (w *watch) enters(room, role string) {
	if !w.entered {
		w.entered = true
		w.add(enteredRoom, Row{Text: joinedAs(cmp.Or(room, w.stay.Session.Room), cmp.Or(role, w.stay.Session.Role))})
	}
}

// rated takes a user's rating.
func (w *watch) rated(e *rtc.Event) {
	var p struct {
		Overall, Audio, Video, Screen any
		Comment                       any
	}
	read(e.Value, &p)
	var parts []string
	severity := rtc.Info
	for _, f := range [...]struct {
		name  string
		value any
	}{{"", p.Overall}, {"audio ", p.Audio}, {"video ", p.Video}, {"screen ", p.Screen}} {
		if v, ok := f.value.(float64); ok {
			parts = append(parts, fmt.Sprintf("%s%.4g of 5", f.name, v))
			if v <= 2 {
				severity = rtc.Warning
			}
		}
	}
	text := strings.Join(parts, ", ")
	if c := textOf(p.Comment); c != "" {
		text = strings.TrimPrefix(text+": “"+c+"”", ": ")
	}
	w.add(feedback, Row{Severity: severity, Text: text})
}

// logs takes a line of the application's log.
func (w *watch) logs(e *rtc.Event) {
	level := strings.ToLower(e.Name)
	if level == "log" || level == "logs" {
		level = ""
	}
	label := logged.Label
	if level != "" {
		label += ": " + shortenedName(level)
	}
	w.add(logged, Row{Label: label, Cause: word(level), Severity: e.Severity, Text: line(e.Value)})
}

// deviceEvent takes an event of devices and the page, and reports whether it
// was one.
func (w *watch) deviceEvent(e *rtc.Event) bool {
	switch e.Name {
	case rtc.NameGetUserMedia:
		w.asks(e)
	case rtc.NameGetUserMedia + rtc.OnSuccess:
		w.captures(e)
	case rtc.NameGetDisplayMedia + rtc.OnSuccess:
		id := ""
		for _, n := range tracksIn(e.Value) {
			if n.kind == rtc.KindVideo {
				id = n.id
			} else if t := w.track(n.id, n.kind); t != nil {
				t.own, t.label = true, n.label
			}
		}
		w.screen(e, true, id, "")
	case rtc.NameGetUserMedia + rtc.OnFailure:
		w.refuses(e, w.askedFor(e.Corr))
	case rtc.NameGetDisplayMedia + rtc.OnFailure:
		w.refuses(e, []rtc.MediaKind{rtc.KindScreen})
	case rtc.NameDevices:
		w.uses(e)
	case rtc.NameDeviceChange, rtc.NameEnumerate + rtc.OnSuccess, "connectedDevices", "connectedDeviceList":
		w.lists(e, e.Name == rtc.NameDeviceChange)
	case "ondevicesadded", "ondevicesremoved":
		verb, cause := "plugged in", "plugged"
		if e.Name == "ondevicesremoved" {
			verb, cause = "taken away", "unplugged"
		}
		w.add(deviceChanged, Row{Cause: cause, Text: verb + ": " + strings.Join(labelsIn(e.Value), ", ")})
	case rtc.NameVisibility:
		w.sees(e)
	case rtc.NamePageHide:
		w.add(pageLeft, Row{Cause: "pagehide", Text: "closed or loaded anew"})
	case "clock":
		var p struct{ Was, Offset float64 }
		read(e.Value, &p)
		w.add(clockJumped, Row{Cause: "clock_set", Text: fmt.Sprintf("by %+.1f s", (p.Was-p.Offset)/1000)})
	default:
		return false
	}
	return true
}

// asks notes what the page asks of the user's devices.
func (w *watch) asks(e *rtc.Event) {
	var p struct{ Audio, Video any }
	read(e.Value, &p)
	var kinds []rtc.MediaKind
	if p.Audio != nil && p.Audio != false {
		kinds = append(kinds, rtc.KindAudio)
	}
	if p.Video != nil && p.Video != false {
		kinds = append(kinds, rtc.KindVideo)
	}
	w.last = kinds
	if e.Corr != "" && len(w.wanted) < maxNames {
		w.wanted[e.Corr] = kinds
	}
}

func (w *watch) askedFor(corr string) []rtc.MediaKind {
	if kinds, ok := w.wanted[corr]; ok {
		delete(w.wanted, corr)
		return kinds
	}
	return w.last
}

// captures tells which devices the page got.
func (w *watch) captures(e *rtc.Event) {
	asked := w.askedFor(e.Corr)
	found := tracksIn(e.Value)
	for _, n := range found {
		t := w.track(n.id, n.kind)
		if t == nil {
			continue
		}
		t.own, t.remote, t.label = true, false, n.label
		w.gives(t.kind, strings.TrimSuffix(n.label+", "+size(n.settings), ", "))
	}
	if len(found) == 0 {
		for _, kind := range asked {
			w.gives(kind, "")
		}
	}
}

func (w *watch) gives(kind rtc.MediaKind, what string) {
	r := Row{Kind: kind, Cause: "captured", Reference: noReference, Text: strings.TrimSuffix(deviceOf(kind)+": "+what, ": ")}
	if kind == rtc.KindVideo {
		r.Reference = refCamera
	}
	w.add(deviceOpened, r)
}

// size reads the picture's size out of a track's settings.
func size(settings map[string]any) string {
	width, _ := settings["width"].(float64)
	height, _ := settings["height"].(float64)
	if width <= 0 || height <= 0 {
		return ""
	}
	text := fmt.Sprintf("%.0f×%.0f", width, height)
	if rate, _ := settings["frameRate"].(float64); rate > 0 {
		text += fmt.Sprintf(" at %.0f fps", rate)
	}
	return text
}

// refusals are the names of errors of getUserMedia, those of W3C Media Capture
// and Streams §10.2 and those that browsers used before it.
var refusals = map[string]string{
	"NotAllowedError": "denied", "PermissionDeniedError": "denied", "SecurityError": "denied", "PermissionDismissedError": "denied",
	"NotFoundError": "not_found", "DevicesNotFoundError": "not_found",
	"NotReadableError": "in_use", "TrackStartError": "in_use", "AbortError": "aborted", "InvalidStateError": "aborted",
	"OverconstrainedError": "overconstrained", "ConstraintNotSatisfiedError": "overconstrained",
}

// refuses tells that the page did not get what it asked for.
func (w *watch) refuses(e *rtc.Event, kinds []rtc.MediaKind) {
	name, words := failure(e.Value)
	var devices []string
	for _, k := range kinds {
		devices = append(devices, deviceOf(k))
	}
	r := Row{Cause: cmp.Or(refusals[name], word(name), "failed"), Direction: rtc.Send, Text: strings.Trim(strings.Join(devices, " and ")+": "+strings.Trim(name+": "+words, ": "), ": ")}
	if len(kinds) == 1 {
		r.Kind = kinds[0]
		if r.Kind == rtc.KindScreen && r.Cause == "denied" {
			r.Label, r.Severity = "Screen not shared", rtc.Warning // mostly the user thought better of it
		}
	}
	w.add(captureFailed, r)
}

// uses takes which devices are in use, and tells those that are others.
func (w *watch) uses(e *rtc.Event) {
	var p map[string]any
	read(e.Value, &p)
	for _, d := range [...]struct {
		input string
		kind  rtc.MediaKind
		dir   rtc.Direction
	}{{"audioinput", rtc.KindAudio, rtc.Send}, {"videoinput", rtc.KindVideo, rtc.Send}, {"audiooutput", rtc.KindAudio, rtc.Receive}} {
		label := textOf(p[d.input])
		if was := w.used[d.input]; label != "" && was != label {
			if was != "" {
				w.add(deviceSwitched, Row{Kind: d.kind, Direction: d.dir, Cause: d.input, Text: was + " → " + label})
			} else if d.input == "audiooutput" {
				w.add(deviceSwitched, Row{Kind: d.kind, Direction: d.dir, Cause: d.input, Text: "to " + label})
			}
			w.used[d.input] = label
		}
	}
}

// lists takes the devices that there are, and tells what came and went.
func (w *watch) lists(e *rtc.Event, changed bool) {
	labels := labelsIn(e.Value)
	now := map[string]int{}
	for _, l := range labels {
		now[l]++
	}
	was := w.there
	w.there = now
	if !changed {
		return
	}
	var came, went []string
	if was != nil {
		for l, n := range now {
			if n > was[l] {
				came = append(came, l)
			}
		}
		for l, n := range was {
			if n > now[l] {
				went = append(went, l)
			}
		}
	}
	slices.Sort(came)
	slices.Sort(went)
	var parts []string
	cause := "changed"
	if len(came) > 0 {
		cause, parts = "plugged", append(parts, "plugged in: "+strings.Join(came, ", "))
	}
	if len(went) > 0 {
		parts = append(parts, "taken away: "+strings.Join(went, ", "))
		if cause != "plugged" {
			cause = "unplugged"
		}
	}
	if len(parts) == 0 {
		parts = append(parts, fmt.Sprintf("%d devices now: %s", len(labels), strings.Join(labels, ", ")))
	}
	w.add(deviceChanged, Row{Cause: cause, Text: strings.Join(parts, "; ")})
}

// labelsIn returns the devices in a list, a device by its kind where it has no
// label, at most 64.
func labelsIn(value string) []string {
	var list []any
	if json.Unmarshal([]byte(value), &list) != nil {
		return nil
	}
	var labels []string
	for _, v := range list {
		var kind, label string
		switch d := v.(type) {
		case map[string]any:
			kind, label = textOf(d["kind"]), textOf(d["label"])
		case []any:
			if len(d) > 1 {
				kind, label = textOf(d[0]), textOf(d[1])
			}
		case string:
			label = d
		}
		if label = cmp.Or(label, deviceWords[kind], kind); label != "" && len(labels) < 64 {
			labels = append(labels, label)
		}
	}
	return labels
}

var deviceWords = map[string]string{"audioinput": "a microphone", "videoinput": "a camera", "audiooutput": "a loudspeaker"}

// sees takes whether the page is seen.
func (w *watch) sees(e *rtc.Event) {
	var p struct{ Hidden bool }
	if !read(e.Value, &p) || p.Hidden == w.hidden {
		return
	}
	w.hidden = p.Hidden
	if p.Hidden {
		w.hiddenAt = e.Time
		w.add(pageHidden, Row{Cause: "hidden"})
		return
	}
	w.add(pageShown, Row{Cause: "shown", Text: strings.TrimPrefix(after(w.hiddenAt, e.Time), ", ")})
}

// toldEvent takes what the application, its library or the server told, and
// reports whether it has a meaning here.
func (w *watch) toldEvent(e *rtc.Event) bool {
	var p struct {
		Reason, Only, Direction, User, Function, Name, Message, Room any
		Count                                                        float64
	}
	switch e.Name {
	case rtc.NameJoin:
		w.enters("", "")
	case rtc.NameNetwork:
		w.networkEvent(e)
	case rtc.NameError:
		if !read(e.Value, &p) {
			p.Message = unquoted(e.Value)
		}
		name := textOf(p.Name)
		text := strings.Trim(strings.Trim(name+": "+textOf(p.Message), ": "), " ")
		if f := textOf(p.Function); f != "" {
			text = strings.TrimSuffix(f+": "+text, ": ")
		}
		w.add(reported, Row{Cause: cmp.Or(refusals[name], word(name), word(textOf(p.Function))), Text: text})
	case "reconnecting":
		if read(e.Value, &p); textOf(p.Direction) != "" || textOf(p.User) != "" {
			return true // of one connection: its own state tells
		}
		w.loses("reconnecting", "the library lost its connection to the room, and tries again")
	case "reconnected":
		w.regains("reconnected")
	case "disconnected":
		read(e.Value, &p)
		w.reason = textOf(p.Reason)
		cause, _ := exitCause(w.reason)
		if cause == "join_failed" {
			w.add(schedulingFailed, Row{Cause: "join_failed", Text: w.reason})
		}
		w.loses(cause, strings.TrimSpace("the library is disconnected: "+w.reason))
	case "signalingConnected":
		if !w.lostAt.IsZero() {
			w.regains("told")
		} else if !w.signaling {
			w.signaling = true
			w.add(signalingConnected, Row{Cause: "told", Text: "the application says so"})
		}
	case "signalingDisconnected":
		read(e.Value, &p)
		w.loses(cmp.Or(word(textOf(p.Reason)), "told"), cmp.Or(textOf(p.Reason), "the application says so"))
	case "schedulingFailed":
		read(e.Value, &p)
		w.add(schedulingFailed, Row{Cause: cmp.Or(word(textOf(p.Reason)), "told"), Text: textOf(p.Reason)})
	case "crossRoom":
		read(e.Value, &p)
		w.add(crossRoom, Row{Cause: "told", Text: line(e.Value)})
	case "uplinkVideo":
		w.add(uplinkVideoSet, Row{Direction: rtc.Send, Kind: rtc.KindVideo, Cause: "told", Text: line(e.Value)})
	case "downlinkAudio":
		w.add(downlinkAudioSet, Row{Direction: rtc.Receive, Kind: rtc.KindAudio, Cause: "told", Text: line(e.Value)})
	case rtc.NameFramesMissed:
		read(e.Value, &p)
		w.add(framesMissed, Row{Cause: "lost", Text: fmt.Sprintf("%.0f frames never came", p.Count)})
	case "fabricSetupFailed":
		read(e.Value, &p)
		if w.at.Connection == 0 || !w.conn(w.at.Connection).failed {
			w.add(connectionFailed, Row{Cause: "never_connected", Text: textOf(p.Reason)})
		}
	default:
		return false
	}
	return true
}

// loses tells that the signaling is gone, once.
func (w *watch) loses(cause, text string) {
	severity := rtc.Warning
	if cause == "leave" || cause == "room_closed" || cause == "replaced" {
		severity = asUsual
	}
	w.lostAt = w.when()
	w.add(signalingDisconnected, Row{Cause: cause, Severity: severity, Text: text})
}

func (w *watch) regains(cause string) {
	if w.lostAt.IsZero() {
		return
	}
	w.add(signalingConnected, Row{Cause: cause, Text: strings.TrimPrefix(after(w.lostAt, w.when()), ", ")})
	w.lostAt, w.signaling = time.Time{}, true
}

func (w *watch) when() time.Time {
	if w.at != nil {
		return w.at.Time
	}
	return w.then
}
