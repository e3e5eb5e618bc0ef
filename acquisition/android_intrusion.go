package acquisition

import "strings"

func init() {
	register(recogniser{kind: AndroidIntrusionLogs, marks: "dns_event, connect_event or security_event of Android's intrusion logs", order: 80, recognise: intrusionLogs,
		keeps: func(string, func(string) bool) bool { return true }})
}

// maxLogs is how many files are looked into for intrusion logs.
const maxLogs = 1000

// intrusionLogs opens what Android's Advanced Protection logged: texts of one
// object a line, in a folder or zip files.
func intrusionLogs(g *candidate) ([]*Acquisition, error) {
	t := &listed{candidate: g}
	var zips []entry
	looked, found := 0, false
	err := g.storage.each("", true, func(e entry) bool {
		switch name := strings.ToLower(e.path); {
		case e.dir || e.link != "":
		case strings.HasSuffix(name, ".zip"):
			zips = append(zips, e)
		case strings.HasSuffix(name, ".txt") || strings.HasSuffix(name, ".json") || strings.HasSuffix(name, ".ndjson") || strings.HasSuffix(name, ".jsonl"):
			if found || (looked < maxLogs && isIntrusionLog(g.beginning(e, 64<<10))) {
				found = true
			}
			looked++
			t.add(e, "/intrusion_logs/"+e.path)
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, nil
	}
	a := g.acquisition(AndroidIntrusionLogs, t)
	all := []*Acquisition{a}
	for _, e := range zips {
		all = append(all, g.nested(a, e)...)
	}
	return all, nil
}
