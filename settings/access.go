package settings

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/peerglass/peerglass/rtc"
)

// index is what ingest asks of the settings, in memory: read without a lock
// and replaced as a whole.
type index struct {
	read time.Time
	keys map[string]*IngestKey
	apps map[rtc.AppID]*known
}

type known struct {
	App
	verifier Verifier
}

// staleAfter is how old the index may grow before it is read again: a change
// by this program shows at once, one by another node within this time.
const staleAfter = 10 * time.Second

func (s *Settings) reload(ctx context.Context) error {
	s.reloading.Lock()
	defer s.reloading.Unlock()
	return s.readIndex(ctx)
}

func (s *Settings) readIndex(ctx context.Context) error {
	next := &index{read: s.now(), keys: map[string]*IngestKey{}, apps: map[rtc.AppID]*known{}}
	rows, err := s.db.QueryContext(ctx, `SELECT `+ingestKeyColumns+` FROM ingest_keys`)
	if err != nil {
		return fmt.Errorf("read ingest keys: %w", err)
	}
	keys, err := collect(rows, scanIngestKey)
	if err != nil {
		return fmt.Errorf("read ingest keys: %w", err)
	}
	for i := range keys {
		next.keys[keys[i].Key] = &keys[i]
	}
	if rows, err = s.db.QueryContext(ctx, `SELECT `+appColumns+`, secret FROM apps`); err != nil {
		return fmt.Errorf("read apps: %w", err)
	}
	apps, err := collect(rows, func(r row) (*known, error) {
		var k known
		var sealed string
		var err error
		if k.App, err = s.scanApp(r, &sealed); err != nil {
			return nil, err
		}
		k.verifier.App = k.ID
		k.verifier.Secret, err = s.sealer.open(sealed, secretPlace(k.ID))
		return &k, err
	})
	if err != nil {
		return fmt.Errorf("read apps: %w", err)
	}
	for _, k := range apps {
		next.apps[k.ID] = k
	}
	if rows, err = s.db.QueryContext(ctx, `SELECT `+publicKeyColumns+` FROM public_keys`); err != nil {
		return fmt.Errorf("read public keys: %w", err)
	}
	public, err := collect(rows, scanPublicKey)
	if err != nil {
		return fmt.Errorf("read public keys: %w", err)
	}
	for _, k := range public {
		if a := next.apps[k.App]; a != nil {
			a.verifier.Public = append(a.verifier.Public, k)
		}
	}
	s.index.Store(next)
	return nil
}

// fresh returns the index, read again where it is stale. While one caller
// reads, and where reading fails, the others go on with the old one: settings
// that cannot be read must not stop ingest.
func (s *Settings) fresh(ctx context.Context) *index {
	ix := s.index.Load()
	if age := s.now().Sub(ix.read); age < staleAfter && age >= 0 || !s.reloading.TryLock() {
		return ix
	}
	defer s.reloading.Unlock()
	if err := s.readIndex(ctx); err != nil {
		return ix
	}
	return s.index.Load()
}

// IngestKey returns the app that a public ingest key names. Refusals:
// CodeUnknownKey, CodeRevokedKey, CodeDisabled.
func (s *Settings) IngestKey(ctx context.Context, key string) (App, error) {
	ix := s.fresh(ctx)
	k := ix.keys[key]
	if k == nil || ix.apps[k.App] == nil {
		return App{}, refuse(CodeUnknownKey, "The ingest key is not known: copy it from the app's page in the console.")
	}
	if !k.Revoked.IsZero() {
		return App{}, refuse(CodeRevokedKey, "The ingest key was revoked: take another from the app's page in the console.").of(k.App)
	}
	return enabled(ix.apps[k.App])
}

func enabled(k *known) (App, error) {
	if !k.Enabled {
		return App{}, refuse(CodeDisabled, "App %d is disabled: enable it in the console.", k.ID).of(k.ID)
	}
	return k.App, nil
}

// AppSecret returns the secret that an app's tokens are signed with.
func (s *Settings) AppSecret(ctx context.Context, id rtc.AppID) (string, error) {
	k := s.fresh(ctx).apps[id]
	if k == nil {
		return "", errNoApp(id)
	}
	return k.verifier.Secret, nil
}

// Exists reports whether there is an app with that id, from memory.
func (s *Settings) Exists(ctx context.Context, id rtc.AppID) bool {
	return s.fresh(ctx).apps[id] != nil
}

// Thresholds returns what an app set for itself, by name, from memory. The map
// is not to be changed.
func (s *Settings) Thresholds(id rtc.AppID) map[string]float64 {
	if k := s.index.Load().apps[id]; k != nil {
		return k.Thresholds
	}
	return nil
}

// IngestApp returns an app that may take in measurements. Refusals:
// CodeNotFound, CodeDisabled.
func (s *Settings) IngestApp(ctx context.Context, id rtc.AppID) (App, error) {
	k := s.fresh(ctx).apps[id]
	if k == nil {
		return App{}, errNoApp(id)
	}
	return enabled(k)
}

// Words that stand for origins in an ingest key's list.
const (
	AnyOrigin  = "*"    // every page
	SelfOrigin = "self" // pages that this server itself serves, such as the demo
)

// CheckOrigin refuses, with CodeOrigin, a page whose origin (the header of that
// name) is not among those of the ingest key; host is the header Host, by which
// a page of this server is known. Clients that are no browsers send no origin;
// they could send any, so an absent one passes.
func (s *Settings) CheckOrigin(ctx context.Context, key, origin, host string) error {
	k := s.fresh(ctx).keys[key]
	if k == nil || origin == "" {
		return nil
	}
	o := strings.ToLower(origin)
	for _, allowed := range k.Origins {
		if originFits(allowed, o, host) {
			return nil
		}
	}
	return refuse(CodeOrigin, "The ingest key may not be used from %s: add that origin to the key on the app's page in the console.", clipText(origin, 200)).of(k.App)
}

// originFits compares an origin with one that is allowed: https://*.example.org
// stands for every host below example.org, http://localhost:* for every port.
func originFits(allowed, origin, host string) bool {
	switch allowed {
	case AnyOrigin:
		return true
	case SelfOrigin:
		_, at, ok := strings.Cut(origin, "://")
		return ok && host != "" && at == strings.ToLower(host)
	case origin:
		return true
	}
	scheme, rest, _ := strings.Cut(allowed, "://")
	u, err := url.Parse(origin)
	if err != nil || u.Scheme != scheme {
		return false
	}
	if name, ok := strings.CutSuffix(rest, ":*"); ok {
		return u.Hostname() == strings.Trim(name, "[]")
	}
	below, ok := strings.CutPrefix(rest, "*.")
	return ok && strings.HasSuffix(u.Host, "."+below)
}
