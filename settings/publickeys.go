package settings

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/peerglass/peerglass/rtc"
)

// PublicKey is the public half of a key that an app's back end signs tokens
// with (ES256); the private half never leaves it.
type PublicKey struct {
	ID      int64
	App     rtc.AppID
	KeyID   string // how a token names the key: header kid, or claim keyID
	Name    string
	PEM     string // SubjectPublicKeyInfo
	Created time.Time
	Revoked time.Time // zero while it is good

	key *ecdsa.PublicKey
}

// Limits of public keys.
const (
	maxPublicKeys     = 50
	maxPublicKeyBytes = 8 << 10
)

var keyIDForm = regexp.MustCompile(`^[A-Za-z0-9._:=+/-]{1,128}$`)

const publicKeyColumns = `id, app, kid, name, pem, created, revoked`

func scanPublicKey(r row) (PublicKey, error) {
	var k PublicKey
	var created int64
	var revoked sql.NullInt64
	if err := r.Scan(&k.ID, &k.App, &k.KeyID, &k.Name, &k.PEM, &created, &revoked); err != nil {
		return k, err
	}
	k.Created = time.UnixMilli(created).UTC()
	if revoked.Valid {
		k.Revoked = time.UnixMilli(revoked.Int64).UTC()
	}
	var err error
	k.key, _, err = parsePublicKey(k.PEM)
	return k, err
}

const keyHelp = "paste a PEM (-----BEGIN PUBLIC KEY-----) or a JWK of a P-256 key; openssl ec -in private.pem -pubout writes one"

// parsePublicKey reads a P-256 public key in PEM or as a JWK, and the key id
// that a JWK may have.
func parsePublicKey(text string) (key *ecdsa.PublicKey, kid string, err error) {
	text = strings.TrimSpace(text)
	if len(text) > maxPublicKeyBytes {
		return nil, "", refuse(CodeInvalid, "The public key is longer than %d bytes: %s.", maxPublicKeyBytes, keyHelp)
	}
	if strings.HasPrefix(text, "{") {
		return parseJWK(text)
	}
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, "", refuse(CodeInvalid, "This is no public key: %s.", keyHelp)
	}
	if strings.Contains(block.Type, "PRIVATE") {
		return nil, "", errPrivate
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, "", &Error{Code: CodeInvalid, What: "The public key cannot be read: " + keyHelp + ".", Cause: err}
	}
	key, ok := parsed.(*ecdsa.PublicKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil, "", refuse(CodeInvalid, "The public key is not of the curve P-256, which ES256 needs: openssl ecparam -name prime256v1 -genkey -noout makes one.")
	}
	return key, "", nil
}

var errPrivate = refuse(CodeInvalid, "This is a private key: keep it in the back end, and replace it if it was sent anywhere else. Register its public half; openssl ec -in private.pem -pubout writes it.")

func parseJWK(text string) (*ecdsa.PublicKey, string, error) {
	var j struct{ Kty, Crv, X, Y, D, Kid string }
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		return nil, "", &Error{Code: CodeInvalid, What: "The JWK is no JSON object: " + keyHelp + ".", Cause: err}
	}
	if j.D != "" {
		return nil, "", errPrivate
	}
	x, errX := base64.RawURLEncoding.DecodeString(j.X)
	y, errY := base64.RawURLEncoding.DecodeString(j.Y)
	if j.Kty != "EC" || j.Crv != "P-256" || errX != nil || errY != nil || len(x) != 32 || len(y) != 32 {
		return nil, "", refuse(CodeInvalid, "The JWK is not a P-256 key (kty EC, crv P-256, x, y): %s.", keyHelp)
	}
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, x, y))
	if err != nil {
		return nil, "", &Error{Code: CodeInvalid, What: "The JWK is not a point of P-256: " + keyHelp + ".", Cause: err}
	}
	return key, j.Kid, nil
}

// thumbprint is the key's JWK thumbprint (RFC 7638), the key id that other
// tools would give it.
func thumbprint(key *ecdsa.PublicKey) (string, error) {
	point, err := key.Bytes()
	if err != nil {
		return "", fmt.Errorf("read the public key: %w", err)
	}
	enc := base64.RawURLEncoding.EncodeToString
	sum := sha256.Sum256([]byte(`{"crv":"P-256","kty":"EC","x":"` + enc(point[1:33]) + `","y":"` + enc(point[33:]) + `"}`))
	return enc(sum[:]), nil
}

// PublicKeys returns the public keys of an app, the newest first.
func (s *Settings) PublicKeys(ctx context.Context, app rtc.AppID) ([]PublicKey, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT `+publicKeyColumns+` FROM public_keys WHERE app = $1 ORDER BY id DESC`, app)
	if err != nil {
		return nil, fmt.Errorf("list public keys: %w", err)
	}
	return collect(rows, scanPublicKey)
}

// AddPublicKey registers a public key, PEM or JWK, that tokens of an app may be
// signed with. keyID is how tokens name it; "" takes that of the JWK, or its
// thumbprint (RFC 7638). CodeConflict where the app has a key of that id.
func (s *Settings) AddPublicKey(ctx context.Context, app rtc.AppID, name, keyID, text string) (PublicKey, error) {
	if name == "" {
		name = "Public key"
	}
	name, err := checkName("a key", name)
	if err != nil {
		return PublicKey{}, err
	}
	key, own, err := parsePublicKey(text)
	if err != nil {
		return PublicKey{}, err
	}
	if keyID = strings.TrimSpace(keyID); keyID == "" {
		keyID = own
	}
	if keyID == "" {
		if keyID, err = thumbprint(key); err != nil {
			return PublicKey{}, err
		}
	}
	if !keyIDForm.MatchString(keyID) {
		return PublicKey{}, refuse(CodeInvalid, "A key id has 1 to 128 characters of A-Z a-z 0-9 . _ : = + / -")
	}
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return PublicKey{}, fmt.Errorf("write the public key: %w", err)
	}
	k := PublicKey{
		App: app, KeyID: keyID, Name: name, Created: s.now().UTC().Truncate(time.Millisecond), key: key,
		PEM: string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})),
	}
	err = s.change(ctx, func(tx *sql.Tx) error {
		if err := appExists(ctx, tx, app); err != nil {
			return err
		}
		var all, same int
		if err := tx.QueryRowContext(ctx, `SELECT count(*), COALESCE(sum(CASE WHEN kid = $1 THEN 1 ELSE 0 END), 0) FROM public_keys WHERE app = $2`, keyID, app).Scan(&all, &same); err != nil {
			return err
		}
		switch {
		case same > 0:
			return refuse(CodeConflict, "The app already has a key %q; a revoked one keeps its id, so that it cannot come back.", keyID)
		case all >= maxPublicKeys:
			return refuse(CodeConflict, "The app has %d public keys, the most that are kept.", all)
		}
		if k.ID, err = nextID(ctx, tx, "public_key"); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO public_keys (id, app, kid, name, pem, created) VALUES ($1, $2, $3, $4, $5, $6)`,
			k.ID, k.App, k.KeyID, k.Name, k.PEM, k.Created.UnixMilli())
		return err
	})
	if err != nil {
		return PublicKey{}, fmt.Errorf("add public key: %w", err)
	}
	return k, s.reload(ctx)
}

// RevokePublicKey makes tokens that the key signed refused from now on. It
// stays in the list.
func (s *Settings) RevokePublicKey(ctx context.Context, app rtc.AppID, id int64) error {
	result, err := s.db.ExecContext(ctx, `UPDATE public_keys SET revoked = COALESCE(revoked, $1) WHERE id = $2 AND app = $3`, s.now().UnixMilli(), id, app)
	if err != nil {
		return fmt.Errorf("revoke public key: %w", err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, refuse(CodeNotFound, "Public key %d was not found.", id))
	}
	return s.reload(ctx)
}
