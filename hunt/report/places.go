package report

import (
	"math"
	"strings"
)

// The map: a square for each country, about where it lies in its part of the
// world. It is our own; squares show every country, however small, and need no
// borders. What has no square is listed beside it.
var parts = []struct{ name, rows string }{
	{"north", `
-- -- CA -- -- -- GL --
-- -- US -- -- BM -- --
MX -- -- CU BS -- -- --
GT BZ -- JM HT DO PR KN
SV HN -- -- -- AG DM LC
-- NI -- -- VC BB GD --
-- CR PA -- AW CW TT --`},
	{"europe", `
IS -- -- NO SE FI -- -- --
-- FO -- -- -- EE RU -- --
IE GB -- DK -- LV LT -- --
-- -- NL BE DE PL BY -- --
-- -- LU CZ SK UA -- -- --
-- FR LI CH AT HU MD -- --
AD MC SM SI HR RS RO -- --
ES -- IT VA BA ME XK BG --
PT GI -- MT -- AL MK GR CY`},
	{"asia", `
-- -- GE -- KZ -- -- MN -- -- --
TR AM AZ UZ KG -- CN -- KP -- JP
LB SY IQ TM TJ -- -- -- KR -- --
IL JO IR AF -- NP BT -- MO HK TW
PS SA KW PK IN BD MM LA VN -- --
-- BH QA AE -- -- TH KH -- PH --
YE OM -- -- LK -- MY BN -- -- --
-- -- -- -- MV -- SG ID TL -- --`},
	{"south", `
-- CO VE GY SR GF
EC PE BR -- -- --
-- BO PY -- -- --
CL AR UY -- -- FK`},
	{"africa", `
-- MA DZ TN LY EG -- -- --
EH MR ML NE TD SD ER DJ --
CV SN GM BF NG CF SS ET SO
GW GN CI GH BJ CM UG KE --
SL LR -- TG GQ CG RW TZ SC
-- -- -- ST GA CD BI MW KM
-- -- -- -- AO ZM MZ YT MG
-- -- -- -- NA BW ZW RE MU
-- -- -- -- -- ZA SZ -- --
-- -- -- -- -- LS -- -- --`},
	{"oceania", `
-- MP GU PW FM MH --
-- PG SB NR KI -- --
-- -- VU TV WS AS --
AU NC FJ TO NU CK PF
-- NZ -- -- -- -- --`},
}

const tileSize = 24

// places are the countries of a campaign's targets.
type places struct {
	Parts    []continent
	Rows     []place // by number of targets
	Unmapped []place
	Known    int // targets whose country is known
}

// continent is one part of the map.
type continent struct {
	Name       string
	Wide, High int
	Tiles      []tile
}

// tile is a country. Level: 0, nobody, to 5.
type tile struct {
	Code  string
	X, Y  int
	Level int
	Says  string
}

// place is how many targets a country has.
type place struct {
	Code, Name string
	N          int
}

func newPlaces(countries map[string]int, w *words) (p places) {
	most := 1
	for _, t := range tallies(countries) {
		p.Rows = append(p.Rows, place{t.Name, w.country(t.Name), int(t.N)})
		p.Known += int(t.N)
		most = max(most, int(t.N))
	}
	drawn := map[string]bool{}
	for _, part := range parts {
		c := continent{Name: w.Region[part.name]}
		for y, row := range strings.Split(strings.TrimSpace(part.rows), "\n") {
			c.High = (y + 1) * tileSize
			c.row(strings.Fields(row), countries, most, w)
		}
		for _, t := range c.Tiles {
			drawn[t.Code] = true
		}
		p.Parts = append(p.Parts, c)
	}
	for _, r := range p.Rows {
		if !drawn[r.Code] {
			p.Unmapped = append(p.Unmapped, r)
		}
	}
	return p
}

// row adds a row of tiles, at the height that the continent has now.
func (c *continent) row(codes []string, countries map[string]int, most int, w *words) {
	for x, code := range codes {
		c.Wide = max(c.Wide, (x+1)*tileSize)
		if code == "--" {
			continue
		}
		t := tile{Code: code, X: x * tileSize, Y: c.High - tileSize, Says: w.country(code)}
		if n := countries[code]; n > 0 {
			t.Level, t.Says = level(n, most), t.Says+": "+count(n)
		}
		c.Tiles = append(c.Tiles, t)
	}
}

// level is 1 to 5, by orders of magnitude.
func level(n, most int) int {
	if most < 2 {
		return 5
	}
	return 1 + int(math.Round(4*math.Log(float64(n))/math.Log(float64(most))))
}
