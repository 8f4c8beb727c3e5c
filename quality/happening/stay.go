package happening

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/peerglass/peerglass/rtc"
)

// Stay is what is stored of one stay.
type Stay struct {
	Session     rtc.Session
	Connections []rtc.Connection
	Streams     []rtc.Stream
	Outcome     *rtc.Outcome // nil where there is none
	Paths       []Path       // by time
	Issues      []rtc.Issue  // those of clock trouble
	Events      []rtc.Event  // by time; those that Needless names may be left out
}

// Path is a change of a connection's selected candidate pair.
type Path struct {
	Time       time.Time
	Connection rtc.ConnectionID
	From, To   string // "host/udp srflx/udp", local and remote
}

// Needless are the names of events that tell nothing here, many of them among
// the most frequent.
var Needless = []string{
	rtc.NameICECandidate, rtc.NameGatheringState, rtc.NameLateState, rtc.NameNegotiation, rtc.NameConstraints, rtc.NameConnectionInfo, rtc.NameMapStream,
	"addIceCandidate", "addIceCandidateOnSuccess", "createOfferOnSuccess", "createAnswer", "createAnswerOnSuccess",
	"setLocalDescriptionOnSuccess", "setRemoteDescriptionOnSuccess", "generateCertificate", "generateCertificateOnSuccess",
	rtc.NameEnumerate, rtc.NameGetDisplayMedia, rtc.NameWifi, rtc.NameDataChannel, "createDataChannel", "setConfiguration",
	"setParametersOnSuccess", "replaceTrackOnSuccess", "restartIceOnSuccess", "getStats",
	// What clients of others tell of themselves.
	"MEDIA_DEVICES_SUPPORTED_CONSTRAINTS", "MEDIA_DEVICE", "ICE_CANDIDATE", "e2eRtt", "faceLandmarks", "conferenceStartTimestamp",
	"systemStatus", "hardware", "collectionIntervalChange", "timeChange", "candidatePairIPs", "oldTracesCleanup", "mapMediaStream", "mapPC",
	"sdp", "fabricSetup", "fabricTerminated", "fabricDropped", "fabricTransportChange", "fabricDetails", "fabricUsageEvent",
	"conferenceSummaryEvent", "transceiverAdded", "transceiverModified", "transceiverRemoved",
}

// Bulky are the names of events of which the value is not needed: session
// descriptions are the longest there are.
var Bulky = []string{"setLocalDescription", "setRemoteDescription", rtc.NameCreate}

// These bound what a client can make us remember.
const (
	maxTracks = 4096
	maxNames  = 256
)

// noReference is of a row that has none though its type has, asUsual of one that
// is no worse than usual though its type is.
const (
	noReference = 255
	asUsual     = rtc.Severity(255)
)

// moment is something that no event tells: a stream's first packets, a path
// that changed.
type moment struct {
	at time.Time
	do func()
}

// watch follows one stay.
type watch struct {
	stay *Stay
	rows []Row
	at   *rtc.Event // that is looked at; nil in a moment
	then time.Time  // of the moment
	told uint16     // rows of this event
	of   map[*Type]uint16

	known    known
	conns    map[rtc.ConnectionID]*conn
	tracks   map[string]*track
	live     [rtc.KindScreen + 1]int  // own tracks that are sent and not muted
	on       [rtc.KindScreen + 1]bool // as told
	muted    [rtc.KindScreen + 1]bool // the kind as a whole
	others   map[string]bool          // what other users muted, by user and kind
	settings map[string]string        // last, by connection and call
	wanted   map[string][]rtc.MediaKind
	last     []rtc.MediaKind

	entered   bool
	room      string
	role      string
	keys      map[string]string
	signaling bool
	lostAt    time.Time // signaling
	reason    string    // why the library says that it is over

	network struct {
		known, offline bool
		kind           string
		since          time.Time
	}
	hiddenAt time.Time
	hidden   bool
	used     map[string]string // devices in use, by kind
	there    map[string]int    // devices there are
	iceError map[string]bool
}

// Of returns what happened in a stay, by time.
func Of(s *Stay) []Row {
	w := &watch{
		stay: s, of: map[*Type]uint16{}, conns: map[rtc.ConnectionID]*conn{}, tracks: map[string]*track{},
		others: map[string]bool{}, settings: map[string]string{}, wanted: map[string][]rtc.MediaKind{}, keys: map[string]string{},
		used: map[string]string{}, iceError: map[string]bool{},
	}
	w.learn()
	moments := w.moments()
	for i := range s.Events {
		e := &s.Events[i]
		for len(moments) > 0 && moments[0].at.Before(e.Time) {
			w.happens(moments[0])
			moments = moments[1:]
		}
		w.at, w.told = e, 0
		w.event(e)
	}
	for _, m := range moments {
		w.happens(m)
	}
	w.end()
	slices.SortStableFunc(w.rows, func(a, b Row) int { return Compare(&a, &b) })
	return w.rows
}

func (w *watch) happens(m moment) {
	w.at, w.then = nil, m.at
	m.do()
}

// moments returns what other rows than events tell, by time.
func (w *watch) moments() []moment {
	var all []moment
	all = append(all, w.streamMoments()...)
	all = append(all, w.outcomeMoments()...)
	for i := range w.stay.Paths {
		p := &w.stay.Paths[i]
		all = append(all, moment{p.Time, func() {
			w.add(pathChanged, Row{Connection: p.Connection, Text: p.From + " → " + p.To})
		}})
	}
	for i := range w.stay.Issues {
		v := &w.stay.Issues[i]
		if v.Cause == "sleep" {
			all = append(all, moment{v.Start, func() {
				text := "it sleeps"
				if !v.End.IsZero() {
					text = "for " + length(v.End.Sub(v.Start))
				}
				w.add(slept, Row{Text: text})
			}})
		}
	}
	slices.SortStableFunc(all, func(a, b moment) int { return a.at.Compare(b.at) })
	return all
}

// add adds a row of type t; what r leaves open is filled in.
func (w *watch) add(t *Type, r Row) {
	r.Type, r.Session = t, w.stay.Session.ID
	if r.Label == "" {
		r.Label = t.Label
	}
	if r.Reference == 0 && len(t.References) == 1 {
		r.Reference = t.References[0]
	}
	if r.Reference == noReference {
		r.Reference = 0
	}
	switch r.Severity {
	case rtc.Info:
		r.Severity = t.Severity
	case asUsual:
		r.Severity = rtc.Info
	}
	if e := w.at; e != nil {
		r.Time, r.Index, r.Event, r.Place = e.Time, e.Index, e.Name, w.told
		r.Connection, r.Stream = cmp.Or(r.Connection, e.Connection), cmp.Or(r.Stream, e.Stream)
		w.told++
	} else {
		r.Time, r.Place = w.then, w.of[t]
		w.of[t]++
	}
	r.Text = shortened(r.Text)
	w.rows = append(w.rows, r)
}

// ID names a row within its call: session and index where it is the first that
// an event tells.
func (r *Row) ID() string {
	id := r.Session.String() + "/" + strconv.FormatUint(uint64(r.Index), 10)
	switch {
	case r.Index == 0 && r.Place == 0:
		return id + "/" + r.Type.Slug
	case r.Index == 0:
		return id + "/" + r.Type.Slug + "-" + strconv.Itoa(int(r.Place)+1)
	case r.Place > 0:
		return id + "/" + strconv.Itoa(int(r.Place)+1)
	}
	return id
}

// rank orders rows of one time: nothing comes before the join, and nothing
// after the exit.
func (t *Type) rank() int {
	switch t {
	case roomCreated:
		return -2
	case enteredRoom:
		return -1
	case exited:
		return 1
	case roomDissolved:
		return 2
	}
	return 0
}

// Compare orders rows by time, and those of one time always alike.
func Compare(a, b *Row) int {
	return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Type.rank(), b.Type.rank()), cmp.Compare(a.Session, b.Session),
		cmp.Compare(a.Index, b.Index), cmp.Compare(a.derived(), b.derived()), cmp.Compare(a.Place, b.Place))
}

// derived is where a row that no event tells stands among others of its time.
func (r *Row) derived() int {
	if r.Index != 0 {
		return 0
	}
	return r.Type.place
}

// end tells how the stay ended.
func (w *watch) end() {
	s := &w.stay.Session
	if !w.entered {
		w.at, w.then = nil, s.Start
		w.add(enteredRoom, Row{Text: joinedAs(s.Room, s.Role)})
	}
	if s.End.IsZero() {
		return
	}
	w.at, w.then, w.told = nil, s.End, 0
	for i := len(w.stay.Events) - 1; i >= 0; i-- {
		if e := &w.stay.Events[i]; e.Kind == rtc.KindClose {
			w.at = e
			w.told = w.rowsOf(e.Index)
			break
		}
	}
	cause, severity := exitCause(cmp.Or(w.reason, s.EndReason))
	if s.EndReason == "timeout" || s.EndReason == "replaced" || s.EndReason == "error" {
		cause, severity = exitCause(s.EndReason)
	}
	if cause == "import" {
		w.at = nil
	}
	label := "Exited voluntarily"
	switch cause {
	case "leave", "page_closed":
	case "import":
		label = "Recording ends"
	default:
		label = "Exited"
	}
	w.add(exited, Row{Label: label, Cause: cause, Severity: severity, Text: cmp.Or(exitText[cause], w.reason, s.EndReason) + after(s.Start, s.End)})
}

// rowsOf is how many rows an event has told already.
func (w *watch) rowsOf(index uint32) (n uint16) {
	for i := len(w.rows) - 1; i >= 0; i-- {
		if w.rows[i].Index == index {
			n = max(n, w.rows[i].Place+1)
		}
	}
	return n
}

func after(from, to time.Time) string {
	if from.IsZero() || to.Before(from) {
		return ""
	}
	return ", after " + length(to.Sub(from))
}
