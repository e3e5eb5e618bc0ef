package console

import "github.com/ringfence/ringfence/guard"

// The words that pages use for the guard's terms.

var actionWords = map[guard.Action]string{
	guard.Allow:      "let through",
	guard.Drop:       "dropped, in silence",
	guard.Refuse:     "refused",
	guard.Quarantine: "held back",
}

// actionPlain says what an action did, as a sentence.
var actionPlain = map[guard.Action]string{
	guard.Allow:      "It was let through.",
	guard.Drop:       "It was dropped. The sender was told nothing; the other side has received nothing.",
	guard.Refuse:     "It was refused. The other side has received nothing.",
	guard.Quarantine: "It was held back. The phone did not ring; the person it was meant for sees that somebody tried.",
}

// kindWords name an event with an article, to follow "what".
var kindWords = map[guard.Kind]string{
	guard.Message:    "a message to the server",
	guard.Offer:      "a call",
	guard.Step:       "a step in a call",
	guard.HandIn:     "an envelope handed in",
	guard.Knock:      "a knock",
	guard.SignIn:     "a sign-in or registration",
	guard.Request:    "a request about an account",
	guard.Allocate:   "an allocation at the relay",
	guard.Permission: "a permission or channel at the relay",
	guard.Packet:     "a packet through the relay",
	guard.Parameters: "session parameters of a call",
	guard.Settings:   "instructions said to be the server's",
}

// kindShort name an event in a list of choices.
var kindShort = map[guard.Kind]string{
	guard.Message: "message", guard.Offer: "call", guard.Step: "step in a call", guard.HandIn: "envelope",
	guard.Knock: "knock", guard.SignIn: "sign-in", guard.Request: "request", guard.Allocate: "relay allocation",
	guard.Permission: "relay permission", guard.Packet: "relay packet", guard.Parameters: "call parameters",
	guard.Settings: "server instructions",
}

var originWords = map[guard.Origin]string{
	guard.FromPeople: "real traffic",
	guard.FromRange:  "the test range",
}

// limitWords say what each limit is for, by its name in guard.json.
var limitWords = map[string]string{
	"offers_per_minute":         "calls that one account may try, a minute",
	"offers_per_pair_minute":    "calls of one account to the same person, a minute",
	"offers_to_callee_minute":   "calls to one person from anybody, a minute",
	"hand_ins_per_token_minute": "envelopes with one delivery token, a minute",
	"letters_per_mailbox":       "envelopes waiting for one device",
	"bytes_per_mailbox":         "bytes waiting for one device",
	"knocks_per_day":            "knocks of one account, a day",
	"knocks_per_invite_day":     "knocks of all whom one account invited, a day",
	"knocks_to_account_day":     "knocks at one account, a day",
	"reports_per_day":           "strange calls and knocks that one account reports, a day",
	"tries_per_minute":          "sign-ins and invites tried from one address, a minute",
	"invite_tries_per_minute":   "invites and registrations tried from all addresses together, a minute",
	"requests_per_minute":       "requests of one account, a minute",
	"keys_per_contact_day":      "one-time keys of one account given to one contact, a day",
	"restarts_per_minute":       "new media paths (ICE restarts) that one side of a call asks for, a minute",
	"restarts_per_hour":         "new media paths (ICE restarts) that one side of a call asks for, an hour",
	"allocations_per_leg":       "relay allocations for one leg of a call",
	"packets_per_second":        "relay packets of one leg, a second",
	"packet_size":               "bytes in one relay packet",
	"relay_tries_per_minute":    "relay requests of one address without an allocation, a minute",
}

// word looks a term up and falls back to the term itself, so that a term that
// is new to the console is shown, not hidden.
func word[K ~string](words map[K]string, k K) string {
	if w, ok := words[k]; ok {
		return w
	}
	return inert(string(k))
}
