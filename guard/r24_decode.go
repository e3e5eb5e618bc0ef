package guard

func init() {
	Register(Rule{
		ID:       "R24",
		Title:    "Sound and pictures are decoded after the answer, apart from everything else.",
		Plain:    "Nothing fires here: on a device of ours the browser decodes, in a process of its own, and nothing of a call reaches it before the answer.",
		Stops:    []string{"CVE-2020-1886", "CVE-2021-24026", "CVE-2022-36934", "CVE-2025-54957"},
		Sources:  []string{"RFC 8827 §6.2", "https://googleprojectzero.blogspot.com/2021/01/the-state-of-state-machines.html"},
		Seats:    []Seat{Device},
		Severity: High,
		Action:   Drop,
	})
}
