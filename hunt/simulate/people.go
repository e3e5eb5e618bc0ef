package simulate

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// townSize is how many people live in a town. They know each other best.
const townSize = 500

// World is a population. Nobody in it is stored: what somebody is follows from
// their number and the seed.
type World struct {
	seed      uint64
	users     int
	days      int
	harder    bool
	from      time.Time
	countries []country
	towns     [][]int // by country
	where     []int32 // country by town
	nth       []int32 // how many-th town of its country a town is
	step      uint64  // scatters ranks over people
	hosting   []string
	vpn       []string
	prints    []print
	hours     []float64 // share of all calls by hour
}

func newWorld(o Options) *World {
	w := &World{seed: mixed(o.Seed), users: o.Users, days: o.Days, harder: o.Harder, from: o.From, countries: readCountries(), hosting: rented(14061, 14), vpn: rented(9009, 7)}
	total := 0.0
	for _, c := range w.countries {
		total += c.weight
	}
	w.towns = make([][]int, len(w.countries))
	for t := range (o.Users + townSize - 1) / townSize {
		at := share(w.draw(ofTown, uint64(t), 0)) * total
		c := 0
		for ; c < len(w.countries)-1 && at >= w.countries[c].weight; c++ {
			at -= w.countries[c].weight
		}
		if t < len(w.countries) && o.Users >= 100*townSize {
			c = t // every country has a town, in a world of some size
		}
		w.where = append(w.where, int32(c))
		w.nth = append(w.nth, int32(len(w.towns[c])))
		w.towns[c] = append(w.towns[c], t)
	}
	w.step = w.draw(ofWorld, 1, 1)%uint64(o.Users) | 1
	for gcd(w.step, uint64(o.Users)) != 1 {
		w.step += 2
	}
	w.prints = w.makePrints()
	w.hours = w.makeHours()
	return w
}

func gcd(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// makeHours works out how much is called in each hour, the world over.
func (w *World) makeHours() (all []float64) {
	sum := 0.0
	for h := range w.days * 24 {
		s := 0.0
		for c, towns := range w.towns {
			s += float64(len(towns)) * w.awakeIn(c, h, 0)
		}
		all = append(all, s)
		sum += s
	}
	for h := range all {
		all[h] /= sum
	}
	return all
}

// awakeIn is how much is called in a country in an hour of the simulation, by
// people who are shifted by so many hours against the others.
func (w *World) awakeIn(c, hour, shift int) float64 {
	local := float64(hour+w.from.Hour()) + w.countries[c].offset + float64(shift)
	a := awake[((int(math.Floor(local))%24)+24)%24]
	day := w.from.Add(time.Duration(local * float64(time.Hour))).Weekday()
	if day == time.Saturday || day == time.Sunday {
		a *= 1.08
	}
	if w.harder {
		a *= w.mood(c, hour/24)
	}
	return a
}

// town of a person; towns are full but for the last one.
func (w *World) town(u int) (t, at, size int) {
	t = u / townSize
	return t, u % townSize, min(townSize, w.users-t*townSize)
}

func (w *World) country(u int) int {
	if u >= w.users {
		return w.countryOfTown(int(w.draw(ofPerson, uint64(u), 9) % uint64(len(w.where))))
	}
	return w.countryOfTown(u / townSize)
}

func (w *World) countryOfTown(t int) int { return int(w.where[t]) }

// homes are how ten people who live in a row are households.
var homes = [...][10]uint8{
	{0, 1, 1, 2, 2, 2, 3, 3, 3, 3}, {0, 0, 1, 1, 1, 2, 2, 2, 2, 2}, {0, 1, 2, 2, 2, 2, 3, 3, 3, 3}, {0, 0, 0, 0, 1, 1, 1, 1, 1, 1}, {0, 0, 1, 1, 2, 2, 3, 3, 4, 5}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9},
}

// household is a number that the people of one household share.
func (w *World) household(u int) uint64 {
	row := uint64(u / 10)
	return row*16 + uint64(w.homes(row)[u%10])
}

func (w *World) homes(row uint64) *[10]uint8 {
	return &homes[w.draw(ofHome, row, 0)%uint64(len(homes))]
}

// kin returns somebody of one's household, or -1.
func (w *World) kin(u int, d uint64) int {
	row, own := u/10*10, w.homes(uint64(u/10))
	for k := range 10 {
		v := row + (u%10+1+int(d%10)+k)%10
		if v != u && v < w.users && own[v%10] == own[u%10] {
			return v
		}
	}
	return -1
}

// degree is how many friends somebody has in town: most a few, some very many.
func (w *World) degree(u int) int {
	return min(int(4/math.Sqrt(share(w.draw(ofPerson, uint64(u), 1))+1e-4)), townSize/4)
}

// friend returns the j-th friend in town, or -1. Friendship is mutual: the j-th
// friend of a friend is oneself.
func (w *World) friend(u, j int) int {
	t, at, n := w.town(u)
	v := (int(w.draw(ofFriends, uint64(t), uint64(j))%uint64(n)) - at + n) % n
	if v == at {
		return -1
	}
	return t*townSize + v
}

// countryman returns the j-th friend in the country, or -1.
func (w *World) countryman(u, j int) int {
	t, at, _ := w.town(u)
	c := w.countryOfTown(t)
	all := w.towns[c]
	n := len(all) * townSize
	mine := int(w.nth[t])*townSize + at
	v := (int(w.draw(ofFriends, 1<<40+uint64(c), uint64(j))%uint64(n)) - mine + n) % n
	u2 := all[v/townSize]*townSize + v%townSize
	if u2 == u || u2 >= w.users {
		return -1
	}
	return u2
}

// abroad returns the j-th friend somewhere, or -1.
func (w *World) abroad(u, j int) int {
	v := (int(w.draw(ofFriends, 1<<41, uint64(j))%uint64(w.users)) - u + w.users) % w.users
	if v == u {
		return -1
	}
	return v
}

// contact draws one of somebody's contacts: those at home and close friends most
// of the time.
func (w *World) contact(u int, d uint64) int {
	x, y := share(d), share(mixed(d))
	v := -1
	switch {
	case x < .3:
		v = w.kin(u, d)
	case x < .93:
		v = w.friend(u, int(float64(w.degree(u))*y*y*y))
	case x < .985:
		v = w.countryman(u, int(6*y*y))
	default:
		v = w.abroad(u, int(3*y))
	}
	if v < 0 {
		v = w.friend(u, int(float64(w.degree(u))*y))
	}
	return v
}

// age of an account in days, at the beginning: of people most are some years old.
func (w *World) age(u int) int {
	x := share(w.draw(ofPerson, uint64(u), 2))
	if w.harder && x < .02 {
		return int((x/.02 - .5) * 28) // half of them made while we look
	}
	if x < .004*float64(w.days)/14*1 { // made while we look
		return -int(x / .004 * 14)
	}
	return int(2900 * math.Pow(x, 1.6))
}

// home and road are the networks somebody uses at home and outside.
func (w *World) home(u int) string {
	of := w.countries[w.country(u)].networks
	x := share(w.draw(ofHome, w.household(u), 3))
	return of[int(float64(len(of))*x*x)]
}

func (w *World) road(u int) string {
	of := w.countries[w.country(u)].networks
	x := share(w.draw(ofPerson, uint64(u), 4))
	return of[len(of)-1-int(float64(len(of)/2+1)*x*x)]
}

// network is where somebody calls from; "" is not known.
func (w *World) network(u int, d uint64) string {
	x := share(d)
	habit := share(w.draw(ofPerson, uint64(u), 5))
	switch {
	case x < .02:
		return ""
	case habit < .022 && x < .8:
		return w.vpn[w.draw(ofPerson, uint64(u), 6)%uint64(len(w.vpn))]
	case habit < .0235 && x < .7:
		return w.hosting[w.draw(ofPerson, uint64(u), 6)%uint64(len(w.hosting))]
	case x < .55:
		return w.home(u)
	}
	return w.road(u)
}

// print is what a client shows of itself.
type print struct {
	name, version string
	weight        float64
}

// makePrints makes the clients that people use: three platforms and their
// releases, and a tail of rare ones.
func (w *World) makePrints() (all []print) {
	platforms := []struct {
		name  string
		share float64
		tail  int
	}{{"android", .68, 30}, {"ios", .27, 8}, {"desktop", .05, 6}}
	for p, of := range platforms {
		for n := range 6 + of.tail {
			weight := of.share * math.Pow(.52, float64(min(n, 5)))
			if n > 5 {
				weight = of.share * .03 * math.Pow(.8, float64(n-6))
			}
			d := w.draw(ofWorld, uint64(p), uint64(n))
			all = append(all, print{fmt.Sprintf("%s-%06x", of.name, d&0xffffff), fmt.Sprintf("%d.%d.%d", 26-n/6, 19-n%6*3, d>>40%9), weight})
		}
	}
	sum := 0.0
	for i := range all {
		sum += all[i].weight
		all[i].weight = sum
	}
	for i := range all {
		all[i].weight /= sum
	}
	return all
}

// client is what somebody calls with on a day: a phone is updated some time.
func (w *World) client(u, day int) *print {
	if w.harder {
		if rare := w.fork(u); rare != nil {
			return rare
		}
	}
	x := share(w.draw(ofPerson, uint64(u), 7))
	i, _ := slices.BinarySearchFunc(w.prints, x, func(p print, x float64) int {
		if p.weight < x {
			return -1
		}
		return 1
	})
	i = min(i, len(w.prints)-1)
	if updated := int(share(w.draw(ofPerson, uint64(u), 8)) * 40); i > 0 && day >= updated && w.prints[i-1].name[:3] == w.prints[i].name[:3] {
		i--
	}
	return &w.prints[i]
}
