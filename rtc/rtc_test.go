package rtc

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestIDsSortByTimeAndReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ms := rapid.Int64Range(idEpochMs, idEpochMs+1<<42).Draw(t, "ms")
		random := rapid.Uint64().Draw(t, "random")
		id := CallID(NewID(ms, random))
		if got := id.Time(); !got.Equal(time.UnixMilli(ms)) {
			t.Fatalf("time %v, want %v", got, time.UnixMilli(ms))
		}
		back, err := ParseID(id.String())
		if err != nil || CallID(back) != id {
			t.Fatalf("%s reads back as %d, %v; want %d", id, back, err, id)
		}
		later := CallID(NewID(ms+1, rapid.Uint64().Draw(t, "random2")))
		if later <= id || later.String() <= id.String() {
			t.Fatalf("%s does not sort after %s", later, id)
		}
	})
}

func TestParseIDRefusesWhatIsNotOne(t *testing.T) {
	for _, s := range []string{"", "abc", "0a1b2c3d4e5fu", "zzzzzzzzzzzzz", "0a1b2c3d4e5f67"} {
		if id, err := ParseID(s); err == nil {
			t.Errorf("ParseID(%q) = %d, want an error", s, id)
		}
	}
}

func TestEveryMemberIsDescribed(t *testing.T) {
	for m := Member(1); m < memberEnd; m++ {
		i := m.Info()
		if i.Name == "" || i.Form == 0 {
			t.Errorf("member %d is not described: %+v", m, i)
		}
		if LookupMember([]byte(i.Name)) != m {
			t.Errorf("%s does not look up as itself", i.Name)
		}
	}
}
