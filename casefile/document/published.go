package document

func (w *writer) published() {
	w.begin("indicators", "Indicators")
	w.said("By these others can look for the same. The same in a form for programs is in stix.json, and one a line in indicators. Networks and relays are left out: many who have nothing to do with it share them.")
	t := table{ID: "signs", Caption: "Indicators", Head: columns("Record", "Type", "Value", "First seen", "Last seen", "Pattern (STIX 2.1)", "Rests on", "Entry")}
	for _, h := range w.infrastructure {
		if s, ok := signOf(h.Fact); ok && s.list != "" {
			t.Rows = append(t.Rows, []cell{code(h.ID), w.text(s.kind), code(s.value), at(h.Fact.First), at(h.Fact.Last), code(s.pattern()), w.rests(h.Record), w.of(h.Record)})
		}
	}
	w.table(t, "No indicator is recorded.")
}
