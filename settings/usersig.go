package settings

import (
	"bytes"
	"compress/zlib"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/peerglass/peerglass/rtc"
)

// UserSig is Tencent's signature TLSSigAPIv2: a JSON object, compressed with
// zlib, in base64 with three characters of its own, whose HMAC is over four
// lines. What is signed for a Tencent application is good here where both have
// the same app id and secret.
type userSig struct {
	Version    string `json:"TLS.ver"`
	Identifier string `json:"TLS.identifier"` // the user
	App        uint64 `json:"TLS.sdkappid"`
	Expire     int64  `json:"TLS.expire"` // seconds after Time
	Time       int64  `json:"TLS.time"`   // Unix seconds
	UserBuf    string `json:"TLS.userbuf,omitempty"`
	Signature  string `json:"TLS.sig"`
}

// maxUserSig bounds what a UserSig may inflate to, in bytes.
const maxUserSig = 8 << 10

var (
	toUserSig   = strings.NewReplacer("+", "*", "/", "-", "=", "_")
	fromUserSig = strings.NewReplacer("*", "+", "-", "/", "_", "=")
)

// looksLikeUserSig tells a UserSig from a JWT, which has dots and begins with
// "{" in base64; zlib begins with 0x78.
func looksLikeUserSig(token string) bool {
	return !strings.Contains(token, ".") && strings.HasPrefix(token, "e") && !strings.HasPrefix(token, "ey")
}

// signature is the HMAC over what the signature says.
func (u *userSig) signature(secret string) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "TLS.identifier:%s\nTLS.sdkappid:%d\nTLS.time:%d\nTLS.expire:%d\n", u.Identifier, u.App, u.Time, u.Expire)
	if u.UserBuf != "" {
		fmt.Fprintf(mac, "TLS.userbuf:%s\n", u.UserBuf)
	}
	return mac.Sum(nil)
}

// SignUserSig returns a UserSig for claims.User of claims.App that is good from
// now until claims.Expires; with claims.Room it lets into that room only.
func SignUserSig(secret string, claims Claims, now time.Time) (string, error) {
	switch {
	case !claims.Expires.After(now):
		return "", refuse(CodeInvalid, "A token must expire in the future.")
	case !oneLine(claims.User):
		return "", refuse(CodeInvalid, "A UserSig speaks for a user: name one, in one line.")
	case claims.ID != "":
		return "", refuse(CodeInvalid, "A UserSig cannot be for one use: ask for a JWT.")
	}
	u := userSig{Version: "2.0", Identifier: claims.User, App: uint64(claims.App), Time: now.Unix(), Expire: int64(claims.Expires.Sub(now).Seconds())}
	if claims.Room != "" {
		u.UserBuf = base64.StdEncoding.EncodeToString(appendUserBuf(nil, claims))
	}
	u.Signature = base64.StdEncoding.EncodeToString(u.signature(secret))
	text, err := json.Marshal(&u)
	if err != nil {
		return "", fmt.Errorf("sign a UserSig: %w", err)
	}
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	_, _ = z.Write(text) // into memory
	_ = z.Close()
	return toUserSig.Replace(base64.StdEncoding.EncodeToString(packed.Bytes())), nil
}

// appendUserBuf appends the room permission of a UserSig: version 1 (a room
// with a name), user, app, no numbered room, expiry, every privilege, no
// account type, room.
func appendUserBuf(b []byte, c Claims) []byte {
	b = append(b, 1)
	b = binary.BigEndian.AppendUint16(b, uint16(len(c.User)))
	b = append(b, c.User...)
	for _, v := range []uint32{uint32(c.App), 0, uint32(c.Expires.Unix()), 255, 0} {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	b = binary.BigEndian.AppendUint16(b, uint16(len(c.Room)))
	return append(b, c.Room...)
}

// roomOfUserBuf is the room of a room permission, "" where it names none.
func roomOfUserBuf(b []byte) (string, bool) {
	if len(b) < 3 {
		return "", false
	}
	version, n := b[0], int(binary.BigEndian.Uint16(b[1:]))
	b = b[3:]
	if len(b) < n+20 {
		return "", false
	}
	number := binary.BigEndian.Uint32(b[n+4:])
	b = b[n+20:]
	if version == 0 || number != 0 {
		return strconv.FormatUint(uint64(number), 10), true
	}
	if len(b) < 2 || len(b) != 2+int(binary.BigEndian.Uint16(b)) {
		return "", false
	}
	return string(b[2:]), true
}

// oneLine reports whether a name can stand in what is signed without being
// taken for more of its lines.
func oneLine(name string) bool { return name != "" && !strings.ContainsAny(name, "\r\n") }

// readUserSig takes a UserSig apart.
func readUserSig(token string) (u userSig, err error) {
	packed, err := base64.StdEncoding.DecodeString(fromUserSig.Replace(token))
	if err != nil {
		return u, fmt.Errorf("read a UserSig: %w", err)
	}
	z, err := zlib.NewReader(bytes.NewReader(packed))
	if err != nil {
		return u, fmt.Errorf("inflate a UserSig: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(z, maxUserSig))
	if err != nil {
		return u, fmt.Errorf("inflate a UserSig: %w", err)
	}
	if err := json.Unmarshal(text, &u); err != nil {
		return u, fmt.Errorf("read a UserSig: %w", err)
	}
	return u, nil
}

// verifyUserSig checks a UserSig as Verify does.
func (v *Verifier) verifyUserSig(token string, now time.Time) (Claims, error) {
	u, err := readUserSig(token)
	if err != nil {
		return Claims{}, &Error{Code: CodeTokenMalformed, What: "The UserSig cannot be read: copy all of it, without the quotes.", Cause: err}
	}
	if u.App != uint64(v.App) {
		return Claims{}, refuse(CodeTokenApp, "The UserSig is for SDKAppID %d, but it was brought to app %d: use the id and the secret of one app.", u.App, v.App)
	}
	signature, err := base64.StdEncoding.DecodeString(u.Signature)
	if err != nil || v.Secret == "" || !hmac.Equal(signature, u.signature(v.Secret)) {
		return Claims{}, refuse(CodeTokenSignature, "The UserSig was not signed with this app's secret: copy the secret from the app's page, and mind that rotating it makes old ones invalid.")
	}
	const century = 100 * 365 * 24 * 3600
	if !oneLine(u.Identifier) || u.Time < 0 || u.Time > 1<<40 || u.Expire <= 0 || u.Expire > century {
		return Claims{}, refuse(CodeTokenMalformed, "The UserSig names no user, or its time or validity makes no sense.")
	}
	claims := Claims{App: rtc.AppID(u.App), User: u.Identifier, Expires: time.Unix(u.Time+u.Expire, 0).UTC()}
	if u.UserBuf != "" {
		permission, err := base64.StdEncoding.DecodeString(u.UserBuf)
		room, ok := roomOfUserBuf(permission)
		if err != nil || !ok {
			return Claims{}, refuse(CodeTokenMalformed, "The room permission in the UserSig cannot be read.")
		}
		claims.Room = room
	}
	switch from := time.Unix(u.Time, 0).UTC(); {
	case from.After(now.Add(clockLeeway)):
		return Claims{}, refuse(CodeTokenNotYet, "The UserSig is not good before %s, and here it is %s: compare the back end's clock with this server's.", from.Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	case !now.Before(claims.Expires.Add(clockLeeway)):
		return claims, refuse(CodeTokenExpired, "The UserSig expired at %s: let the back end issue a new one.", claims.Expires.Format(time.RFC3339))
	}
	return claims, nil
}
