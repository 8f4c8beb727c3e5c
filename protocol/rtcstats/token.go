package rtcstats

// TokenParameter is the query parameter of a client's URL that its token is in:
// a JWT (HS256) with Claims as claim rtcStats. Package settings checks it.
const TokenParameter = "rtcstats-token"

// Claims is what a client's token says of it: the claim rtcStats.
type Claims struct {
	User       string `json:"user"`       // of the application, long-lived
	Session    string `json:"session"`    // of the application: one stay
	Conference string `json:"conference"` // what sessions of one call have in common
}
