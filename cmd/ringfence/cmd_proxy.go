package main

func init() {
	command("proxy", "Stand in front of a service that exists already, and let nothing of a caller's choosing through before the answer.", &proxyCommand{})
}

type proxyCommand struct {
	SIP  proxySIPCommand  `cmd:"" name:"sip" help:"Between phones and a SIP service, such as Kamailio or Asterisk."`
	Turn proxyTurnCommand `cmd:"" name:"turn" help:"A TURN server in the place of coturn, with the same time-limited credentials."`
}
