package draw

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"time"
)

var may = time.Date(2019, 5, 3, 9, 0, 0, 0, time.UTC)

// sampleFlow is the attack of 2019 in short: call settings with code in them, and packets
// through the relay before anybody answered.
func sampleFlow() Flow {
	ms := time.Millisecond
	offer := Message{Name: "offer: sound or video, keys", From: Caller, To: Signalling}
	ring := Message{At: 80 * ms, Name: "ring (64 bytes, written by the server)", From: Signalling, To: Callee}
	accept := Message{At: 4200 * ms, Name: "accept", From: Callee, To: Signalling}
	media := Message{At: 4400 * ms, Name: "media", From: Relay, To: Callee}
	hostile := Message{Name: "offer with call settings of 2 319 bytes", From: Caller, To: Signalling, Differs: true,
		Bytes: []Octets{{Offset: 0x40, Data: bytes.Repeat([]byte{0x90, 0xcc, 0x0f}, 16), Says: "connecting_tone_desc is longer than any client writes"}}}
	packet := Message{At: 310 * ms, Name: "RTCP before the answer", From: Relay, To: Callee, Differs: true,
		Bytes: []Octets{{Offset: 0, Data: []byte{0x8f, 0xcd, 0, 1}, Says: "length says 8 bytes, there are 1 400"}}}
	stopped := packet
	stopped.Stopped, stopped.Bytes, stopped.At = true, nil, 350*ms
	ring2 := ring
	ring2.At = 95 * ms
	return Flow{Head: Head{Title: "A call of 9 May beside a normal one", Desc: "The attack sends packets through the relay before the answer."},
		Steps: []Step{{&offer, &hostile}, {&ring, &ring2}, {nil, &packet}, {nil, &stopped}, {&accept, nil}, {&media, nil}}, NormalAnswer: 5, AttackAnswer: Never}
}

// sampleTimeline has n attempts over ten days.
func sampleTimeline(n int) Timeline {
	l := Timeline{Head: Head{Title: "Calls of May", Desc: "Accounts, the relay and two targets along ten days."}}
	for i, name := range []string{"account A-1", "account A-2", "relay R-1", "T-0007", "T-0012"} {
		lane := Lane{Name: name, Role: []string{"attacker account", "attacker account", "relay", "target", "target"}[i]}
		for k := range n / 5 {
			at := may.Add(time.Duration(float64(k*k%977) / 977 * float64(10*24*time.Hour)))
			lane.Points = append(lane.Points, Point{At: at, Kind: Kind((k + i) % 4), Says: "call " + count(k)})
		}
		l.Lanes = append(l.Lanes, lane)
	}
	l.Lanes[2].Spans = []Span{{may, may.Add(100 * time.Hour), "certificate CN=relay"}}
	l.Marks = []Mark{{may.Add(40 * time.Hour), "server patched"}, {may.Add(42 * time.Hour), "clients patched"}, {may.Add(200 * time.Hour), "notices sent"}}
	return l
}

func sampleTargets() Targets {
	hour := func(n int) time.Time { return may.Add(time.Duration(n) * time.Hour) }
	return Targets{Head: Head{Title: "Attempts and traces", Desc: "Two people."}, People: []Target{
		{Name: "T-0007", Attempts: []Point{{hour(2), Attempt, "call"}, {hour(30), Held, "call"}}, Traces: []Point{{hour(3), Trace, "process bh"}}, Records: []Span{{hour(0), hour(50), "crash logs"}}, Examined: hour(60)},
		{Name: "T-0012", Attempts: []Point{{hour(20), Held, "call"}}}}}
}

// sampleGraph has n nodes in three groups, and one bridge.
func sampleGraph(n int) Graph {
	g := Graph{Head: Head{Title: "What ties the accounts together", Desc: "Three clusters and one bridge."}}
	for i := range n {
		c, a := float64(i%3), float64(i)*2.4
		r := 0.12 * math.Sqrt(float64(i)/float64(n))
		g.Nodes = append(g.Nodes, Node{Name: fmt.Sprintf("node-%d.example", i), Kind: NodeKind(i % 6), Group: "cluster " + string(rune('A'+i%3)), X: 0.17 + 0.33*c + r*math.Cos(a), Y: 0.5 + 3*r*math.Sin(a)})
		if i > 2 {
			g.Edges = append(g.Edges, Edge{From: i, To: i % 3, Weight: float64(i), Says: "same relay"})
		}
	}
	g.Edges = append(g.Edges, Edge{From: 0, To: 1, Weight: 9, Bridge: true, Says: "one certificate"})
	return g
}

func sampleCountries() Countries {
	return Countries{Head: Head{Title: "Targets by country", Desc: "Most are in Mexico."}, Threshold: 10,
		Counts: map[string]int{"MX": 456, "IN": 100, "BH": 82, "MA": 69, "PK": 58, "ID": 54, "IL": 51, "ES": 21, "NL": 11, "HU": 8, "FR": 7, "GB": 2, "US": 1, "??": 3}}
}

func sampleLadder() Ladder {
	return Ladder{Head: Head{Title: "Attribution", Desc: "Five claims."}, Rungs: []Rung{
		{"These calls are of one cluster", "almost certain", "high", ""},
		{"The product is Fictus", "very likely", "moderate", "all evidence is of one family"},
		{"Fictus Ltd made the product", "likely", "moderate", ""},
		{"One operator was behind the cluster of May", "roughly even chance", "low", "without the certificate the ranking flips"},
		{"A government was the operator", "", "", "needs two independent families and two reviewers"}}}
}

func sampleMatrix() Matrix {
	m := Matrix{Head: Head{Title: "Competing hypotheses", Desc: "Four hypotheses."}, Hypotheses: []Hypothesis{{"operator of cluster A", 1, "1.0"}, {"another customer", 2, "3.5"}, {"false flag", 3, "6.0"}, {"unknown", 2, "3.5"}}}
	for i, says := range []string{"the certificate of relay R-1 names the product", "calls in office hours of one time zone", "the same build was sold before"} {
		e := Evidence{Says: says, Grade: "B2", Family: "servers", Struck: i == 2}
		for k := range m.Hypotheses {
			e.Cells = append(e.Cells, Cell{[]string{"CC", "C", "N", "I", "II", "NA"}[(i*2+k)%6], "because of the date"})
		}
		m.Evidence = append(m.Evidence, e)
	}
	return m
}

func sampleBars(n int) Bars {
	b := Bars{Head: Head{Title: "Calls per hour", Desc: "What was held back."}, From: may, Step: time.Hour}
	for i := range n {
		b.Bars = append(b.Bars, Bar{Passed: 20 + i%7, Held: i * i % 61})
	}
	return b
}

// samples are all figures, and some that are crowded or empty.
func samples() map[string]Drawing {
	spark := Spark{Head: Head{Title: "Calls held back, by day"}}
	for i := range 60 {
		spark.Values = append(spark.Values, i*i%37)
	}
	return map[string]Drawing{
		"flow": sampleFlow(), "timeline": sampleTimeline(60), "timeline-crowded": sampleTimeline(20_000), "targets": sampleTargets(), "graph": sampleGraph(18), "graph-crowded": sampleGraph(900),
		"countries": sampleCountries(), "ladder": sampleLadder(), "matrix": sampleMatrix(), "bars": sampleBars(72), "bars-crowded": sampleBars(5000), "spark": spark,
		"light-intact": Light{Head{Title: "Integrity"}, Intact, "all 1,204 exhibits proved intact 12 min ago"}, "light-pending": Light{State: Pending}, "light-broken": Light{State: Broken}, "light-unproved": Light{},
		"empty-flow": Flow{}, "empty-timeline": Timeline{}, "empty-targets": Targets{}, "empty-graph": Graph{}, "empty-countries": Countries{}, "empty-ladder": Ladder{}, "empty-matrix": Matrix{}, "empty-bars": Bars{}, "empty-spark": Spark{},
	}
}

// evil are texts that want to be more than text.
var evil = []string{`<script>alert(1)</script>`, `]]><x onload="y">&amp;'"`, "\u202egnp.exe\u2066\u200b", strings.Repeat("W", 10_000), strings.Repeat("a\u0301\u0301\u0301\u0301", 3000), "\x00\xff\x1b[31m", "حساب المهاجم 12"}

// hostile is all figures with a text in every place where there is one.
func hostile(s string) map[string]Drawing {
	h := Head{Title: s, Desc: s, Words: map[string]string{"answered": s, "Attack": s, "bridge": s}}
	m := Message{Name: s, Differs: true, From: -7, To: 99, At: math.MinInt64, Bytes: []Octets{{-5, []byte(s), s}, {math.MaxInt, []byte(s), s}}}
	far := time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)
	point := Point{At: far, Kind: 99, Says: s}
	return map[string]Drawing{
		"flow":      Flow{h, []Step{{&m, &m}, {&m, nil}}, 1, 77},
		"timeline":  Timeline{h, time.Time{}, time.Time{}, []Lane{{s, s, []Point{point, {Says: s}, {At: may, Says: s}, {At: may, Says: s}}, []Span{{far, time.Time{}, s}}}}, []Mark{{far, s}, {may, s}}},
		"targets":   Targets{Head: h, People: []Target{{Name: s, Attempts: []Point{point}, Traces: []Point{point}}}},
		"graph":     Graph{h, []Node{{s, 99, s, math.NaN(), math.Inf(1)}, {s, -9, s, -1e300, 0.5}}, []Edge{{0, 1, math.NaN(), true, s}, {0, 1, math.Inf(1), false, s}, {-1, 7, 1, false, s}}},
		"countries": Countries{h, map[string]int{s: 100, "MX": math.MaxInt, "FR": math.MinInt}, map[string]string{"MX": s}, -1},
		"ladder":    Ladder{h, []Rung{{s, s, s, s}, {s, "likely", "high", s}}},
		"matrix":    Matrix{h, []Hypothesis{{s, -1, s}}, []Evidence{{s, s, s, true, []Cell{{s, s}, {s, s}}}}},
		"bars":      Bars{h, far, math.MaxInt64, []Bar{{-1, math.MaxInt}, {3, 4}}},
		"spark":     Spark{h, []int{math.MaxInt, math.MinInt, 0}},
		"light":     Light{h, 99, s},
	}
}
