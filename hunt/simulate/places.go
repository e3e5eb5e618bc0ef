package simulate

import (
	"fmt"
	"strconv"
	"strings"
)

// country is where people live: how many of all, and their clock.
type country struct {
	code     string
	weight   float64
	offset   float64 // hours from UTC
	networks []string
}

// countryTable has 95 countries: code, people in millions who call this way, and
// hours from UTC. The numbers are rough, for a world that is uneven as ours is.
const countryTable = `IN 480 5.5;BR 150 -3;ID 110 7;MX 80 -6;US 75 -6;RU 70 3;DE 60 1;IT 45 1;ES 40 1;TR 50 3;PK 55 5;NG 50 1;GB 40 0;FR 25 1;AR 35 -3;CO 35 -5;EG 40 2;
ZA 25 2;SA 25 3;IR 20 3.5;IQ 18 3;MY 20 8;PE 18 -5;CL 14 -4;KE 15 3;BD 30 6;MA 18 1;DZ 14 1;NL 13 1;AE 9 4;IL 7 2;PT 7 0;PL 8 1;UA 9 2;RO 7 2;GH 9 0;TZ 9 3;UG 6 3;ET 7 3;
VE 10 -4;EC 9 -5;GT 6 -6;BO 5 -4;PY 4 -4;UY 3 -3;CR 3 -6;PA 3 -5;DO 5 -4;CU 2 -5;HN 3 -6;SV 3 -6;NI 2 -6;CA 9 -5;AU 7 10;NZ 2 12;SG 4 8;HK 4 8;TH 6 7;PH 12 8;VN 5 7;LK 6 5.5;NP 5 5.75;
MM 4 6.5;KH 3 7;KZ 5 5;UZ 5 5;AZ 3 4;GE 2 4;AM 1.5 4;BY 2 3;MD 1.5 2;BG 3 2;GR 4 2;RS 3 1;HR 2 1;HU 3 1;CZ 3 1;SK 2 1;AT 4 1;CH 4 1;BE 4 1;SE 3 1;NO 2 1;DK 2 1;FI 2 2;IE 2 0;LB 3 2;JO 4 3;
KW 2 3;QA 2 3;BH 1 3;OM 2 4;YE 4 3;SD 4 2;RW 2 2;SN 4 0`

// readCountries reads the table. Each country has a few networks at home and on
// the road; the number of them comes from its size.
func readCountries() (all []country) {
	next := 100
	for _, line := range strings.Split(strings.ReplaceAll(countryTable, "\n", ""), ";") {
		var c country
		f := strings.Fields(line)
		c.code = f[0]
		c.weight, _ = strconv.ParseFloat(f[1], 64) // the table is ours
		c.offset, _ = strconv.ParseFloat(f[2], 64)
		for n := range 3 + min(int(c.weight)/12, 9) {
			c.networks = append(c.networks, fmt.Sprintf("AS%d", 65000+next*16+n))
		}
		next++
		all = append(all, c)
	}
	return all
}

// rented are networks of hosting companies and of VPNs, which people all over
// the world use, too.
func rented(from, n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprintf("AS%d", from+17*i))
	}
	return all
}

// awake is how much people call by the hour of their day.
var awake = [24]float64{.18, .1, .06, .05, .06, .12, .25, .45, .62, .72, .78, .82, .85, .82, .78, .78, .82, .9, 1, 1, .95, .8, .55, .32}
