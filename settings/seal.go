package settings

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// sealer encrypts what must be readable again: AES-256-GCM, with the place
// where the text belongs as additional data, so that a secret copied to
// another app's row does not open.
type sealer struct{ aead cipher.AEAD }

func newSealer(key []byte) (sealer, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return sealer{}, fmt.Errorf("master key: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return sealer{}, fmt.Errorf("master key: %w", err)
	}
	return sealer{aead}, nil
}

func (s sealer) seal(text, place string) string {
	nonce := make([]byte, s.aead.NonceSize())
	_, _ = rand.Read(nonce) // never fails: crypto/rand ends the program instead
	return base64.RawStdEncoding.EncodeToString(s.aead.Seal(nonce, nonce, []byte(text), []byte(place)))
}

func (s sealer) open(sealed, place string) (string, error) {
	b, err := base64.RawStdEncoding.DecodeString(sealed)
	if err != nil || len(b) < s.aead.NonceSize() {
		return "", fmt.Errorf("decrypt %s: the stored text is damaged", place)
	}
	n := s.aead.NonceSize()
	text, err := s.aead.Open(nil, b[:n], b[n:], []byte(place))
	if err != nil {
		return "", fmt.Errorf("decrypt %s: the master key does not fit: %w", place, err)
	}
	return string(text), nil
}

// masterKey returns the key that text spells or, where that is empty, the one
// in the file, which is made when absent.
func masterKey(text, path string) ([]byte, error) {
	if text != "" {
		key, err := parseMasterKey(text)
		if err != nil {
			return nil, fmt.Errorf("PEERGLASS_MASTER_KEY: %w", err)
		}
		return key, nil
	}
	content, err := os.ReadFile(path)
	if err == nil {
		key, err := parseMasterKey(strings.TrimSpace(string(content)))
		if err != nil {
			return nil, fmt.Errorf("master key file %s: %w", path, err)
		}
		return key, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the master key: %w", err)
	}
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("make the master key: %w", err)
	}
	_, err = fmt.Fprintln(f, hex.EncodeToString(key))
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, fmt.Errorf("make the master key: %w", err)
	}
	return key, nil
}

var errMasterKey = errors.New("a key is 32 bytes, as 64 hex digits or as base64; make one with: openssl rand -hex 32")

func parseMasterKey(text string) ([]byte, error) {
	if key, err := hex.DecodeString(text); err == nil && len(key) == 32 {
		return key, nil
	}
	for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		if key, err := enc.DecodeString(text); err == nil && len(key) == 32 {
			return key, nil
		}
	}
	return nil, errMasterKey
}

// checkMasterKey tells a wrong key at the start instead of at the first token.
func (s *Settings) checkMasterKey(ctx context.Context) error {
	const name, text = "master_key_check", "peerglass"
	var sealed string
	err := s.db.QueryRowContext(ctx, `SELECT value FROM facts WHERE name = $1`, name).Scan(&sealed)
	if errors.Is(err, sql.ErrNoRows) {
		_, err := s.db.ExecContext(ctx, `INSERT INTO facts (name, value) VALUES ($1, $2)`, name, s.sealer.seal(text, name))
		return err
	}
	if err != nil {
		return err
	}
	if _, err := s.sealer.open(sealed, name); err != nil {
		return errors.New("the master key is not the one that these settings were made with: set PEERGLASS_MASTER_KEY to that one, or put its master.key back into the data folder")
	}
	return nil
}
