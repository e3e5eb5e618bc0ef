package document

func (w *writer) published() {
	w.begin("indicators", "Indicators")
	w.nothing("indicators")
}
