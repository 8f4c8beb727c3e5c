package enrich

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/oschwald/maxminddb-golang/v2"
)

// Place is what is known of an address. Members are "" where not known.
type Place struct {
	// Region is the country's ISO 3166-1 code, and after it the subdivision
	// (or, where the database has none, the city) by its English name: "DE" or
	// "DE, Berlin". What begins with one code is one country.
	Region string
	// Carrier is the network's operator as the database names it.
	Carrier string
}

// Geography answers from one or several databases; each adds what it knows.
// It is safe for concurrent use. The nil Geography knows nothing.
type Geography struct {
	databases []*maxminddb.Reader
}

// Open opens databases. Close releases them.
func Open(paths ...string) (*Geography, error) {
	g := &Geography{}
	for _, path := range paths {
		db, err := maxminddb.Open(path)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("open %s as a database of addresses (a .mmdb file such as GeoLite2-City.mmdb is wanted): %w", path, err), g.Close())
		}
		g.databases = append(g.databases, db)
	}
	return g, nil
}

// Close releases the databases.
func (g *Geography) Close() error {
	var err error
	for _, db := range g.databases {
		err = errors.Join(err, db.Close())
	}
	return err
}

// record has the members that the field's databases use: nested ones are of
// GeoLite2, GeoIP2 and DB-IP, the flat ones of IPinfo.
type record struct {
	Country struct {
		Code string `maxminddb:"iso_code"`
	} `maxminddb:"country"`
	Subdivisions []struct {
		Names names `maxminddb:"names"`
	} `maxminddb:"subdivisions"`
	City struct {
		Names names `maxminddb:"names"`
	} `maxminddb:"city"`
	ISP          string `maxminddb:"isp"`
	Organization string `maxminddb:"autonomous_system_organization"`
}

type flat struct {
	Code   string `maxminddb:"country_code"`
	Region string `maxminddb:"region"`
	City   string `maxminddb:"city"`
	Name   string `maxminddb:"as_name"`
}

type names struct {
	English string `maxminddb:"en"`
}

// Of returns what is known of an address. One that no database has, or whose
// entry cannot be read, is an empty Place: a measurement is worth more than
// its region.
func (g *Geography) Of(address netip.Addr) Place {
	var p Place
	if g == nil || !address.IsValid() {
		return p
	}
	address = address.Unmap().WithZone("")
	country, within := "", ""
	for _, db := range g.databases {
		result := db.Lookup(address)
		if !result.Found() {
			continue
		}
		var r record
		var f flat
		// An entry of the one shape may fail to read as the other.
		nested, plain := result.Decode(&r) == nil, result.Decode(&f) == nil
		if nested {
			country = cmp.Or(country, r.Country.Code)
			if len(r.Subdivisions) > 0 {
				within = cmp.Or(within, r.Subdivisions[0].Names.English)
			}
			within = cmp.Or(within, r.City.Names.English)
			p.Carrier = cmp.Or(p.Carrier, r.ISP, r.Organization)
		}
		if plain {
			country, within = cmp.Or(country, f.Code), cmp.Or(within, f.Region, f.City)
			p.Carrier = cmp.Or(p.Carrier, f.Name)
		}
	}
	if country == "" {
		return p
	}
	p.Region = country
	if within = strings.TrimSpace(within); within != "" {
		p.Region += ", " + within
	}
	return p
}
