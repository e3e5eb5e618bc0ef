package document

func (w *writer) judged() {
	w.nothing("a judgement on who did it. The answer is: not attributed")
}

func (w *writer) attribution() {
	w.begin("attribution", "Attribution")
	w.nothing("a judgement on who did it. The answer is: not attributed")
}
