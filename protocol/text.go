package protocol

import (
	"encoding/json"
	"strings"
)

// Text is a member of a client's JSON that is a string or a number, by what
// kind of client; "" of anything else. It is cut at MaxName bytes.
type Text string

// UnmarshalJSON implements json.Unmarshaler.
func (t *Text) UnmarshalJSON(value []byte) error {
	switch c := value[0]; {
	case c == '"':
		if err := json.Unmarshal(value, (*string)(t)); err != nil {
			return err
		}
	case c == '-' || c >= '0' && c <= '9':
		*t = Text(value)
	}
	if len(*t) > MaxName {
		*t = Text(strings.ToValidUTF8(string((*t)[:MaxName]), ""))
	}
	return nil
}
