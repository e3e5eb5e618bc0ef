package guard

func init() {
	Register(Rule{
		ID:       "R7",
		Title:    "A field with a list of values holds one of them.",
		Plain:    "Somebody sent a value that does not exist: a kind of media, a reason, a character that may not stand there. Such values were never expected by the code behind them.",
		Stops:    []string{"CVE-2020-1891", "CVE-2023-40018", "AST-2018-002", "CVE-2026-41416"},
		Sources:  []string{"docs/protocol.md", "RFC 8839 §5.4"},
		Seats:    []Seat{Server, Device, Proxy},
		Kinds:    []Kind{Message, HandIn, Knock, SignIn, Request, Parameters, Settings},
		Severity: High,
		Action:   Refuse,
		Check:    refused("R7"),
	})
}
