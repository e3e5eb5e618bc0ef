package console

import (
	"net/http"
)

// place is somewhere that the palette leads to.
type place struct {
	Name string `json:"name"`
	Path string `json:"path"`
}

// pagePlaces are the pages that everybody has.
var pagePlaces = []place{{"At a glance", "/"}, {"Verdicts", "/verdicts"}, {"Campaigns", "/campaigns"}, {"Cases", "/cases"}, {"Rules", "/rules"}, {"Bans", "/bans"}, {"Flags", "/flags"}, {"Blocks", "/blocks"}, {"Keys", "/keys"}, {"You", "/me"}}

// palette answers the script of the command palette with all places that this person
// may go to.
func (d *console) palette(w http.ResponseWriter, r *http.Request) {
	all := append([]place{}, pagePlaces...)
	if d.Desk.Cases != nil {
		rows, err := d.caseRows(r.Context(), analyst(r).Name)
		if err != nil {
			d.Log.Error("console: the cases could not be read for the palette", "error", err)
		}
		for _, row := range rows {
			all = append(all, casePlaces(row)...)
		}
	}
	answer(w, http.StatusOK, map[string]any{"places": all})
}

func casePlaces(row caseRow) (all []place) {
	for _, t := range caseTabs {
		one := place{inert(row.ID + " " + t.Name + ": " + row.Title), "/cases/" + row.ID}
		if t.Path != "" {
			one.Path += "/" + t.Path
		}
		all = append(all, one)
	}
	return all
}
