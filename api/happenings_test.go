package api

import (
	"slices"
	"testing"

	"github.com/peerglass/peerglass/quality/happening"
	"github.com/peerglass/peerglass/rtc"
)

func TestHappenings(t *testing.T) {
	b := newBench(t)
	path := "/apps/1/calls/" + mine.String() + "/happenings"
	run(t, b, []scenario{
		{name: "rows", as: "one", path: path, status: 200, lacks: foreign, has: []string{
			`"id":"` + stay.String() + `/0/entered_room","time":"2026-03-01T12:00:00Z"`, `"type":"entered_room","reference":1,"label":"Entered room","cause":null`, `"lane":"room","direction":null,"kind":null`, `"value":null`,
			`"id":"` + stay.String() + `/7/2"`, `"event":"mute","type":"audio_disabled","reference":5,"label":"Muted","cause":"muted","severity":"info","lane":"media","direction":"up","kind":"audio"`, `"value":{"kind":"audio"}`,
			`"total":2,"types":{"audio_disabled":1,"entered_room":1},"room":{"created":"2026-03-01T12:00:00Z","dissolved":null,"peak":2,"peakAt":"2026-03-01T12:00:00Z"},"complete":true,"next":"further"`}},
		{name: "types", as: "one", path: "/happening-types", status: 200, has: []string{
			`"type":"upstream_established","label":"Upstream connected","references":[18],"view":"Established upstream media transmission channel","lane":"connection","laneLabel":"Connection","color":"green","shape":"triangle"`}},
		{name: "no such type", as: "one", path: path + "?type=party", status: 422, has: []string{"query.type", "party", "/happening-types"}},
		{name: "no such lane", as: "one", path: path + "?lane=party", status: 422},
		{name: "no such kind", as: "one", path: path + "?kind=transport", status: 422},
		{name: "no session", as: "one", path: path + "?session=zzz", status: 404},
		{name: "their app", as: "one", path: "/apps/2/calls/" + theirs.String() + "/happenings", status: 404, has: []string{"The app was not found."}, lacks: foreign},
		{name: "their call in my app", as: "one", path: "/apps/1/calls/" + theirs.String() + "/happenings", status: 404, lacks: append(foreign, "ada")},
		{name: "nobody", path: path, status: 401},
		{name: "filters", as: "one", path: path + "?session=" + stay.String() + "&session=" + theirStay.String() + "&type=exited,log&type=feedback&lane=media&kind=screen&direction=up&severity=error&search=x&from=1&to=2&values=no&order=desc&limit=7&cursor=c", status: 200},
	})
	f := b.query.happenings
	if !slices.Equal(f.Sessions, []rtc.SessionID{stay, theirStay}) || !slices.Equal(f.Types, []string{"exited", "log", "feedback"}) || !slices.Equal(f.Lanes, []happening.Lane{happening.LaneMedia}) ||
		!slices.Equal(f.Kinds, []rtc.MediaKind{rtc.KindScreen}) || !slices.Equal(f.Directions, []rtc.Direction{rtc.Send}) || f.MinSeverity != rtc.Error || f.Search != "x" ||
		f.From.UnixMilli() != 1 || f.To.UnixMilli() != 2 || f.Values || !f.Descending || f.Limit != 7 || f.Cursor != "c" {
		t.Errorf("happenings were asked with %+v", f)
	}
}
