package heuristic

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

// wideGap is how many messages in a row have to be gone before it is more than
// tidying up a conversation.
const wideGap = 100

func init() {
	Register(Heuristic{
		Name:         "h.sms_gaps",
		Title:        "Numbers that are missing among the messages",
		Artifacts:    []string{"ios.sms"},
		AntiForensic: true,
		Refs: []string{
			"https://github.com/abrignoni/iLEAPP/blob/main/scripts/artifacts/SMSmissingROWIDs.py",
			"https://www.sqlite.org/autoinc.html",
		},
		New: func(acquisition.Device) Watcher {
			var rows []messageRow
			var last *artifact.Record
			return Rule{
				OnRecord: func(r *artifact.Record, _ Report) {
					if r.Recovered != "" || len(rows) >= 8*maxEvents || (r.Where.Table != "" && r.Where.Table != "message") {
						return
					}
					rows = append(rows, messageRow{r.Where.Row, r.Time.Unix()})
					if last == nil || r.Where.Row > last.Where.Row && len(rows)%1024 == 0 {
						last = r.Clone()
					}
				},
				OnEnd: func(report Report) { smsGaps(rows, last, report) },
			}
		},
	})
}

type messageRow struct{ row, at int64 }

func smsGaps(rows []messageRow, last *artifact.Record, report Report) {
	slices.SortFunc(rows, func(a, b messageRow) int { return cmp.Compare(a.row, b.row) })
	var gone, gaps int64
	var widest [2]messageRow
	for i := 1; i < len(rows); i++ {
		hole := rows[i].row - rows[i-1].row - 1
		if hole <= 0 {
			continue
		}
		gone, gaps = gone+hole, gaps+1
		if hole >= widest[1].row-widest[0].row {
			widest = [2]messageRow{rows[i-1], rows[i]}
		}
	}
	if gone <= 0 {
		return
	}
	most := widest[1].row - widest[0].row - 1
	severity := artifact.Info
	if most >= wideGap {
		severity = artifact.Low
	}
	report(Finding{Severity: severity, Record: last,
		Title: fmt.Sprintf("%d of %d messages were deleted, in %d places; most at once: %d, between %s and %s",
			gone, gone+int64(len(rows)), gaps, most, dayOf(widest[0].at), dayOf(widest[1].at)),
		Explanation: "The database numbers messages one after the other and never uses a number again. Missing numbers are messages that were deleted: by their owner, by the setting that keeps them for 30 days or a year only, with a conversation, as spam. Spyware deletes the message through which it came. Numbers alone do not tell which it was."})
}
