package rtc

import "testing"

func TestNamesThatAreNoneDoNotLookUp(t *testing.T) {
	for m := Member(1); m < memberEnd; m++ {
		name := m.Info().Name
		for _, other := range []string{name + "x", "x" + name, name[:len(name)-1], name[1:]} {
			if got := LookupMember([]byte(other)); got != 0 && got.Info().Name != other {
				t.Errorf("%q looks up as %s", other, got)
			}
		}
	}
	if LookupMember(nil) != 0 {
		t.Error("the empty name looks up as a member")
	}
}

func BenchmarkLookupMember(b *testing.B) {
	var names [][]byte
	for m := Member(1); m < memberEnd; m++ {
		names = append(names, []byte(m.Info().Name))
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if LookupMember(names[i%len(names)]) == 0 {
			b.Fatal("not found")
		}
	}
}
