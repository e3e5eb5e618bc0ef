package heuristic

import (
	"slices"

	"github.com/ringfence/ringfence/artifact"
)

// usageArtifacts are the databases in which iOS counts the traffic of processes.
var usageArtifacts = []string{"ios.data_usage", "ios.net_usage"}

// usageRefs are about what is deleted there, and what that leaves.
var usageRefs = []string{
	"https://www.amnesty.org/en/latest/research/2021/07/forensic-methodology-report-how-to-catch-nso-groups-pegasus/",
	"https://docs.mvt.re/en/latest/ios/records/",
}

// usage is one such database: its processes and the traffic that refers to them.
type usage struct {
	live    map[int64]bool             // primary keys of processes
	deleted map[int64]*artifact.Record // and of processes whose row was deleted
	traffic map[int64]*artifact.Record // by the process that it belongs to
	last    *artifact.Record
}

// usages gathers the databases by their file.
type usages map[string]*usage

func (us usages) watch(r *artifact.Record) {
	u := us[r.Where.File]
	if u == nil {
		if len(us) >= maxListed {
			return
		}
		u = &usage{map[int64]bool{}, map[int64]*artifact.Record{}, map[int64]*artifact.Record{}, nil}
		us[r.Where.File] = u
	}
	switch {
	case r.Where.Table == "ZPROCESS" && r.Recovered != "":
		if len(u.deleted) < maxGroups {
			u.deleted[r.Where.Row] = r.Clone()
		}
	case r.Where.Table == "ZPROCESS":
		if len(u.live) < maxEvents {
			u.live[r.Where.Row] = true
		}
		if u.last == nil || r.Where.Row >= u.last.Where.Row {
			u.last = r.Clone()
		}
	case r.Where.Table == "ZLIVEUSAGE" && r.Recovered == "":
		if id := r.Int("process_id"); id != 0 && len(u.traffic) < maxEvents/16 && u.traffic[id] == nil {
			u.traffic[id] = r.Clone()
		}
	}
}

// files lists the databases in order.
func (us usages) files() []string {
	files := make([]string, 0, len(us))
	for file := range us {
		files = append(files, file)
	}
	slices.Sort(files)
	return files
}
