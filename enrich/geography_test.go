package enrich

import (
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
)

// database writes one of the entries and returns its path.
func database(t *testing.T, kind string, entries map[string]mmdbtype.Map) string {
	t.Helper()
	tree, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: kind, RecordSize: 24, IncludeReservedNetworks: true})
	if err != nil {
		t.Fatal(err)
	}
	for network, entry := range entries {
		if err := tree.Insert(ipNet(t, network), entry); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), kind+".mmdb")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tree.WriteTo(f); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func english(name string) mmdbtype.Map {
	return mmdbtype.Map{"names": mmdbtype.Map{"en": mmdbtype.String(name), "de": mmdbtype.String("-")}}
}

func TestPlaces(t *testing.T) {
	city := database(t, "Test-City", map[string]mmdbtype.Map{
		"203.0.113.0/24":  {"country": mmdbtype.Map{"iso_code": mmdbtype.String("DE")}, "subdivisions": mmdbtype.Slice{english("Berlin")}, "city": english("Spandau")},
		"198.51.100.0/24": {"country": mmdbtype.Map{"iso_code": mmdbtype.String("SG")}, "city": english("Singapore")},
		"2001:db8::/32":   {"country": mmdbtype.Map{"iso_code": mmdbtype.String("FR")}},
	})
	asn := database(t, "Test-ASN", map[string]mmdbtype.Map{
		"203.0.113.0/25": {"autonomous_system_organization": mmdbtype.String("Example Telecom")},
	})
	plain := database(t, "Test-Plain", map[string]mmdbtype.Map{
		"192.0.2.0/24": {"country": mmdbtype.String("Japan"), "country_code": mmdbtype.String("JP"), "as_name": mmdbtype.String("Example Net")},
	})
	g, err := Open(city, asn, plain)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	for address, want := range map[string]Place{
		"203.0.113.9":        {"DE, Berlin", "Example Telecom"},
		"203.0.113.200":      {"DE, Berlin", ""},
		"::ffff:203.0.113.9": {"DE, Berlin", "Example Telecom"},
		"198.51.100.1":       {"SG, Singapore", ""},
		"2001:db8::7%eth0":   {"FR", ""},
		"192.0.2.1":          {"JP", "Example Net"},
		"10.0.0.1":           {},
	} {
		if got := g.Of(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s is %+v, want %+v", address, got, want)
		}
	}
	if got := g.Of(netip.Addr{}); got != (Place{}) {
		t.Errorf("no address is %+v", got)
	}
	var none *Geography
	if got := none.Of(netip.MustParseAddr("203.0.113.9")); got != (Place{}) {
		t.Errorf("without a database %+v is known", got)
	}
}

func TestWhatIsNoDatabaseIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cities.csv")
	if err := os.WriteFile(path, []byte("a,b\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); err == nil || !strings.Contains(err.Error(), "cities.csv") {
		t.Fatalf("opened, or not named: %v", err)
	}
}

func ipNet(t *testing.T, network string) *net.IPNet {
	t.Helper()
	_, n, err := net.ParseCIDR(network)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
