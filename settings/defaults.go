package settings

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/peerglass/peerglass/rtc"
)

// maxDefaults bounds each part of a default configuration, in bytes.
const maxDefaults = 16 << 10

// storedDefaults is how an app's default configuration is kept.
type storedDefaults struct {
	PeerConnection json.RawMessage `json:"peerConnection,omitempty"`
	Media          json.RawMessage `json:"media,omitempty"`
}

func defaultsPlace(id rtc.AppID) string { return fmt.Sprintf("default configuration of app %d", id) }

// SetDefaults sets what an app's pages make their peer connections and media
// requests with: an RTCConfiguration and MediaStreamConstraints, as JSON
// objects; empty or null for none. It is checked as far as browsers would
// throw at it.
func (s *Settings) SetDefaults(ctx context.Context, id rtc.AppID, peerConnection, media json.RawMessage) (App, error) {
	var d storedDefaults
	var err error
	if d.PeerConnection, err = compact("peerConnection", peerConnection, checkPeerConnection); err != nil {
		return App{}, err
	}
	if d.Media, err = compact("media", media, checkMedia); err != nil {
		return App{}, err
	}
	sealed := ""
	if d.PeerConnection != nil || d.Media != nil {
		text, err := json.Marshal(&d)
		if err != nil {
			return App{}, fmt.Errorf("set the default configuration: %w", err)
		}
		sealed = s.sealer.seal(string(text), defaultsPlace(id))
	}
	result, err := s.db.ExecContext(ctx, `UPDATE apps SET defaults = $1 WHERE id = $2`, sealed, id)
	if err != nil {
		return App{}, fmt.Errorf("set the default configuration of app %d: %w", id, err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return App{}, errors.Join(err, errNoApp(id))
	}
	if err := s.reload(ctx); err != nil {
		return App{}, err
	}
	return s.App(ctx, id)
}

// openDefaults reads what SetDefaults stored into a.
func (s *Settings) openDefaults(a *App, sealed string) error {
	if sealed == "" {
		return nil
	}
	text, err := s.sealer.open(sealed, defaultsPlace(a.ID))
	if err != nil {
		return err
	}
	var d storedDefaults
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		return fmt.Errorf("read the default configuration of app %d: %w", a.ID, err)
	}
	a.PeerConnection, a.Media = d.PeerConnection, d.Media
	return nil
}

// compact checks one part and takes the spaces out of it.
func compact(name string, text json.RawMessage, check func(map[string]json.RawMessage) error) (json.RawMessage, error) {
	text = bytes.TrimSpace(text)
	if len(text) == 0 || string(text) == "null" {
		return nil, nil
	}
	if len(text) > maxDefaults {
		return nil, refuse(CodeInvalid, "%s is longer than %d bytes.", name, maxDefaults)
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return nil, &Error{Code: CodeInvalid, What: name + " must be a JSON object", Cause: err}
	}
	if err := check(members); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := json.Compact(&out, text); err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return out.Bytes(), nil
}

// oneOf are the members of an RTCConfiguration with a fixed choice (WebRTC 1.0,
// 4.2.1).
var oneOf = map[string][]string{
	"iceTransportPolicy": {"all", "relay"},
	"bundlePolicy":       {"balanced", "max-compat", "max-bundle"},
	"rtcpMuxPolicy":      {"require", "negotiate"},
}

// checkPeerConnection checks an RTCConfiguration. Members that it does not know
// pass: browsers have some of their own.
func checkPeerConnection(members map[string]json.RawMessage) error {
	for name, choice := range oneOf {
		var v string
		if text := members[name]; text != nil && (json.Unmarshal(text, &v) != nil || !slices.Contains(choice, v)) {
			return refuse(CodeInvalid, "peerConnection.%s must be one of %s.", name, strings.Join(choice, ", "))
		}
	}
	var pool uint8
	if text := members["iceCandidatePoolSize"]; text != nil && json.Unmarshal(text, &pool) != nil {
		return refuse(CodeInvalid, "peerConnection.iceCandidatePoolSize must be a number from 0 to 255.")
	}
	if members["certificates"] != nil {
		return refuse(CodeInvalid, "peerConnection.certificates cannot be delivered: browsers make them.")
	}
	if members["iceServers"] == nil {
		return nil
	}
	var servers []struct {
		URLs       json.RawMessage `json:"urls"`
		Username   *string         `json:"username"`
		Credential *string         `json:"credential"`
	}
	if err := json.Unmarshal(members["iceServers"], &servers); err != nil {
		return &Error{Code: CodeInvalid, What: `peerConnection.iceServers must be a list such as [{"urls":"stun:stun.example.org"}]`, Cause: err}
	}
	for i, server := range servers {
		var urls []string
		if json.Unmarshal(server.URLs, &urls) != nil {
			urls = make([]string, 1)
			if json.Unmarshal(server.URLs, &urls[0]) != nil {
				return refuse(CodeInvalid, "peerConnection.iceServers[%d].urls must be an address or a list of them.", i)
			}
		}
		if len(urls) == 0 {
			return refuse(CodeInvalid, "peerConnection.iceServers[%d].urls is empty.", i)
		}
		for _, u := range urls {
			scheme, rest, _ := strings.Cut(u, ":")
			turn := scheme == "turn" || scheme == "turns"
			switch {
			case !turn && scheme != "stun" && scheme != "stuns", rest == "", strings.HasPrefix(rest, "//"):
				return refuse(CodeInvalid, "peerConnection.iceServers[%d]: %q is not an address such as stun:stun.example.org:3478 or turns:turn.example.org?transport=tcp.", i, u)
			case turn && (server.Username == nil || server.Credential == nil):
				return refuse(CodeInvalid, "peerConnection.iceServers[%d]: a TURN server needs username and credential, or browsers throw.", i)
			}
		}
	}
	return nil
}

// checkMedia checks MediaStreamConstraints.
func checkMedia(members map[string]json.RawMessage) error {
	asked := false
	for _, name := range []string{"audio", "video"} {
		text := members[name]
		if text == nil {
			continue
		}
		var object map[string]json.RawMessage
		var truth bool
		switch {
		case json.Unmarshal(text, &truth) == nil && string(text) != "null":
			asked = asked || truth
		case json.Unmarshal(text, &object) == nil && object != nil:
			asked = true
		default:
			return refuse(CodeInvalid, "media.%s must be true, false or constraints such as {\"width\":{\"ideal\":1280}}.", name)
		}
	}
	if !asked {
		return refuse(CodeInvalid, "media asks for neither audio nor video, which browsers refuse.")
	}
	return nil
}
