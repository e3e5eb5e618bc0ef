package main

import (
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"

	"github.com/oschwald/maxminddb-golang/v2"

	"github.com/ringfence/ringfence/service"
)

// addressDatabases say where addresses are from, as the operator's files have it
// (https://maxmind.github.io/MaxMind-DB/).
type addressDatabases []*maxminddb.Reader

// maxDatabase is the largest file that is read into memory. Being there, it may be
// replaced on disk while the service runs.
const maxDatabase = 1 << 30

func openAddressDatabases(paths []string) (all addressDatabases, err error) {
	for _, path := range paths {
		info, err := os.Stat(path)
		if err == nil && info.Size() > maxDatabase {
			err = fmt.Errorf("it has more than %d bytes", maxDatabase)
		}
		var b []byte
		if err == nil {
			b, err = os.ReadFile(path)
		}
		var db *maxminddb.Reader
		if err == nil {
			db, err = maxminddb.OpenBytes(b)
		}
		if err != nil {
			return nil, &failure{code: "address_database", what: "--address-database " + path, why: err, hint: "give a file in the MMDB format, like GeoLite2-ASN.mmdb or GeoLite2-Country.mmdb", exit: exitUsage}
		}
		all = append(all, db)
	}
	return all, nil
}

// locate says where an address is from, in the fields of the databases that are
// common: those of MaxMind and DB-IP, and IPinfo's. The first database that knows
// wins; what is no network or country is not known.
func (all addressDatabases) locate(a netip.Addr) (o service.Origin) {
	for _, db := range all {
		found := db.Lookup(a)
		var number uint32
		var asn, code, flat string
		// A field that is not there, or of another type, leaves what is there.
		_ = found.DecodePath(&number, "autonomous_system_number")
		_ = found.DecodePath(&asn, "asn")
		_ = found.DecodePath(&code, "country", "iso_code")
		_ = found.DecodePath(&flat, "country_code")
		if n, err := strconv.ParseUint(strings.TrimPrefix(asn, "AS"), 10, 32); err == nil && number == 0 {
			number = uint32(n)
		}
		if o.Network == "" && number > 0 {
			o.Network = fmt.Sprintf("AS%d", number)
		}
		if code == "" {
			code = flat
		}
		if o.Country == "" && len(code) == 2 && strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" {
			o.Country = code
		}
	}
	return o
}
