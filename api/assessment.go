package api

import (
	"slices"

	"github.com/peerglass/peerglass/rtc"
)

// Assessment is what was found in a call, in the shapes of the API: what
// `peerglass analyze --json` says of a file.
type Assessment struct {
	Verdict  *Verdict       `json:"verdict"`
	Issues   []Issue        `json:"issues"`
	Outcomes []Outcome      `json:"outcomes"`
	Features []FeatureGroup `json:"features"`
}

// Assess puts rows into the shapes of the API; v may be nil.
func Assess(v *rtc.Verdict, issues []rtc.Issue, outcomes []rtc.Outcome, features []rtc.Feature) Assessment {
	byStart := slices.Clone(issues)
	slices.SortStableFunc(byStart, func(a, b rtc.Issue) int { return a.Start.Compare(b.Start) })
	a := Assessment{Issues: each(byStart, issueOf), Outcomes: each(outcomes, outcomeOf), Features: groupFeatures(features)}
	if v != nil {
		told := verdictOf(v)
		a.Verdict = &told
	}
	return a
}
