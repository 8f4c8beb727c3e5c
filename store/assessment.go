package store

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/ClickHouse/ch-go/proto"

	"github.com/peerglass/peerglass/rtc"
)

// The types of enumerated columns, as in the schema.
const (
	typePhase  = "Enum8('call' = 0, 'joining' = 1)"
	typeSource = "Enum8('unknown' = 0, 'local_user' = 1, 'remote_user' = 2, 'network' = 3, 'server' = 4)"
	typeLevel  = "Enum8('clear' = 0, 'low' = 1, 'medium' = 2, 'high' = 3)"
	typeSide   = "Enum8('none' = 0, 'user' = 1, 'user_network' = 2, 'network' = 3, 'server' = 4)"
)

var issueColumns = []column[rtc.Issue]{
	colUint32("app", func(r *rtc.Issue) uint32 { return uint32(r.App) }),
	colUint64("call", func(r *rtc.Issue) uint64 { return uint64(r.Call) }),
	colUint64("session", func(r *rtc.Issue) uint64 { return uint64(r.Session) }),
	colUint32("issue", func(r *rtc.Issue) uint32 { return uint32(r.ID) }),
	colString("type", func(r *rtc.Issue) string { return r.Type }),
	colEnum("phase", typePhase, func(r *rtc.Issue) uint8 { return uint8(r.Phase) }),
	colString("cause", func(r *rtc.Issue) string { return r.Cause }),
	colEnum("source", typeSource, func(r *rtc.Issue) uint8 { return uint8(r.Source) }),
	colEnum("severity", typeLevel, func(r *rtc.Issue) uint8 { return uint8(r.Severity) }),
	colTime("start", func(r *rtc.Issue) time.Time { return r.Start }),
	colTime("end", func(r *rtc.Issue) time.Time { return r.End }),
	colUint16("connection", func(r *rtc.Issue) uint16 { return uint16(r.Connection) }),
	colUint32("stream", func(r *rtc.Issue) uint32 { return uint32(r.Stream) }),
	colString("remote_user", func(r *rtc.Issue) string { return r.RemoteUser }),
	colString("evidence", func(r *rtc.Issue) string { return EncodeEvidence(r.Evidence) }),
	colUint64("version", func(r *rtc.Issue) uint64 { return r.Version }),
}

var outcomeColumns = []column[rtc.Outcome]{
	colUint32("app", func(r *rtc.Outcome) uint32 { return uint32(r.App) }),
	colUint64("call", func(r *rtc.Outcome) uint64 { return uint64(r.Call) }),
	colUint64("session", func(r *rtc.Outcome) uint64 { return uint64(r.Session) }),
	colBool("tried", func(r *rtc.Outcome) bool { return r.Tried }),
	colBool("joined", func(r *rtc.Outcome) bool { return r.Joined }),
	colFloat32("join", func(r *rtc.Outcome) float32 { return r.Join }),
	colFloat32("signalling", func(r *rtc.Outcome) float32 { return r.Signalling }),
	colFloat32("ice", func(r *rtc.Outcome) float32 { return r.ICE }),
	colFloat32("dtls", func(r *rtc.Outcome) float32 { return r.DTLS }),
	colFloat32("first_audio_sent", func(r *rtc.Outcome) float32 { return r.FirstAudioSent }),
	colFloat32("first_video_sent", func(r *rtc.Outcome) float32 { return r.FirstVideoSent }),
	colFloat32("first_audio_received", func(r *rtc.Outcome) float32 { return r.FirstAudioReceived }),
	colFloat32("first_video_received", func(r *rtc.Outcome) float32 { return r.FirstVideoReceived }),
	colUint32("push_tried", func(r *rtc.Outcome) uint32 { return r.PushTried }),
	colUint32("push_ok", func(r *rtc.Outcome) uint32 { return r.PushOK }),
	colUint32("pull_tried", func(r *rtc.Outcome) uint32 { return r.PullTried }),
	colUint32("pull_ok", func(r *rtc.Outcome) uint32 { return r.PullOK }),
	colFloat32("video_time", func(r *rtc.Outcome) float32 { return r.VideoTime }),
	colFloat32("video_stutter", func(r *rtc.Outcome) float32 { return r.VideoStutter }),
	colFloat32("audio_time", func(r *rtc.Outcome) float32 { return r.AudioTime }),
	colFloat32("audio_stutter", func(r *rtc.Outcome) float32 { return r.AudioStutter }),
	colFloat32("lag_time", func(r *rtc.Outcome) float32 { return r.LagTime }),
	colFloat32("bad_time", func(r *rtc.Outcome) float32 { return r.BadTime }),
	colFloat32("score", func(r *rtc.Outcome) float32 { return r.Score }),
	colFloat32("audio_score", func(r *rtc.Outcome) float32 { return r.AudioScore }),
	colFloat32("video_score", func(r *rtc.Outcome) float32 { return r.VideoScore }),
	colUint16("score_version", func(r *rtc.Outcome) uint16 { return r.ScoreVersion }),
	colString("reasons", func(r *rtc.Outcome) string { return encode(r.Reasons, len(r.Reasons)) }),
	colUint64("version", func(r *rtc.Outcome) uint64 { return r.Version }),
}

var verdictColumns = []column[rtc.Verdict]{
	colUint32("app", func(r *rtc.Verdict) uint32 { return uint32(r.App) }),
	colUint64("call", func(r *rtc.Verdict) uint64 { return uint64(r.Call) }),
	colStrings("sentences", func(r *rtc.Verdict) []string { return r.Sentences }),
	colEnum("side", typeSide, func(r *rtc.Verdict) uint8 { return uint8(r.Side) }),
	colString("user", func(r *rtc.Verdict) string { return r.User }),
	colString("cause", func(r *rtc.Verdict) string { return r.Cause }),
	colFloat32("confidence", func(r *rtc.Verdict) float32 { return r.Confidence }),
	colString("evidence", func(r *rtc.Verdict) string { return EncodeEvidence(r.Evidence) }),
	colFloat32("score", func(r *rtc.Verdict) float32 { return r.Score }),
	colUint16("score_version", func(r *rtc.Verdict) uint16 { return r.ScoreVersion }),
	colUint32("issues_low", func(r *rtc.Verdict) uint32 { return r.Issues[rtc.Low] }),
	colUint32("issues_medium", func(r *rtc.Verdict) uint32 { return r.Issues[rtc.Medium] }),
	colUint32("issues_high", func(r *rtc.Verdict) uint32 { return r.Issues[rtc.High] }),
	colUint64("version", func(r *rtc.Verdict) uint64 { return r.Version }),
}

var featureColumns = []column[rtc.Feature]{
	colUint32("app", func(r *rtc.Feature) uint32 { return uint32(r.App) }),
	colUint64("call", func(r *rtc.Feature) uint64 { return uint64(r.Call) }),
	colUint64("session", func(r *rtc.Feature) uint64 { return uint64(r.Session) }),
	colString("set", func(r *rtc.Feature) string { return r.Set }),
	colString("scope", func(r *rtc.Feature) string { return r.Scope }),
	colString("subject", func(r *rtc.Feature) string { return r.Subject }),
	colString("name", func(r *rtc.Feature) string { return r.Name }),
	each("number", "Float64", func(b *proto.Buffer, r *rtc.Feature) { b.PutFloat64(r.Number) }),
	colString("text", func(r *rtc.Feature) string { return r.Text }),
}

// What a waiting row takes in memory, its fixed part.
const (
	issueBytes    = 256
	evidenceBytes = 160
	outcomeBytes  = 240
	verdictBytes  = 200
	featureBytes  = 120
)

// Issue takes an issue's newest row.
func (s *Store) Issue(r *rtc.Issue) {
	row := *r
	row.Evidence = slices.Clone(r.Evidence)
	s.issues.append(uint64(r.Session), issueBytes+evidenceBytes*len(r.Evidence), func(b *rowBuffer[rtc.Issue]) { b.rows = append(b.rows, row) })
}

// Outcome takes what a stay came to by now.
func (s *Store) Outcome(r *rtc.Outcome) {
	s.outcomes.append(uint64(r.Session), outcomeBytes+evidenceBytes*len(r.Reasons), func(b *rowBuffer[rtc.Outcome]) { b.rows = append(b.rows, *r) })
}

// Verdict takes a call's newest verdict.
func (s *Store) Verdict(r *rtc.Verdict) {
	size := verdictBytes + evidenceBytes*len(r.Evidence)
	for _, text := range r.Sentences {
		size += len(text)
	}
	s.verdicts.append(uint64(r.Call), size, func(b *rowBuffer[rtc.Verdict]) { b.rows = append(b.rows, *r) })
}

// Features takes the features of a session.
func (s *Store) Features(rows []rtc.Feature) {
	for i := range rows {
		r := &rows[i]
		s.features.append(uint64(r.Session), featureBytes+len(r.Text), func(b *rowBuffer[rtc.Feature]) { b.rows = append(b.rows, *r) })
	}
}

// evidence is what rtc.Evidence is in the store: with the session that it is
// from, which the API tells by its text.
type evidence struct {
	From string `json:"session,omitempty"`
	rtc.Evidence
}

// EncodeEvidence writes evidence as it is kept; DecodeEvidence reads it.
func EncodeEvidence(list []rtc.Evidence) string {
	told := make([]evidence, len(list))
	for i, e := range list {
		told[i].Evidence = e
		if e.Session != 0 {
			told[i].From = e.Session.String()
		}
	}
	return encode(told, len(told))
}

// DecodeEvidence reads what EncodeEvidence wrote.
func DecodeEvidence(text string) ([]rtc.Evidence, error) {
	if text == "" {
		return nil, nil
	}
	var told []evidence
	if err := json.Unmarshal([]byte(text), &told); err != nil {
		return nil, fmt.Errorf("read evidence: %w", err)
	}
	list := make([]rtc.Evidence, len(told))
	for i, e := range told {
		list[i] = e.Evidence
		if e.From != "" {
			id, err := rtc.ParseID(e.From)
			if err != nil {
				return nil, fmt.Errorf("read evidence: session %q: %w", e.From, err)
			}
			list[i].Session = rtc.SessionID(id)
		}
	}
	return list, nil
}

// DecodeReasons reads the reasons of an outcome.
func DecodeReasons(text string) (list []rtc.Reason, err error) {
	if text == "" {
		return nil, nil
	}
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, fmt.Errorf("read the reasons of a score: %w", err)
	}
	return list, nil
}

// encode writes a list of n as JSON, "" for none.
func encode(list any, n int) string {
	if n == 0 {
		return ""
	}
	text, err := json.Marshal(list)
	if err != nil {
		return "" // a figure that is not finite; nothing of ours makes one
	}
	return string(text)
}
