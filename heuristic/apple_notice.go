package heuristic

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

// notices are words of Apple's threat notifications, in lower case, as they
// were published; words of other languages are those of Apple's support page in
// that language, next to which "Apple" and "iPhone" must stand.
var (
	notices = []string{
		"state-sponsored attackers may be targeting your iphone",
		"apple detected a targeted mercenary spyware attack against your iphone",
		"apple detected that you are being targeted by a mercenary spyware attack",
		"apple believes you are being targeted by state-sponsored attackers",
	}
	translated = []string{
		"spyware mercenario", "spyware mercenaire", "logiciel espion mercenaire", "logiciels espions mercenaires", "software espía mercenario", "spyware mercenário",
		"söldner-spyware", "mercenary spyware", "najemn", "наёмн", "наемн", "برامج التجسس المرتزقة", "تجسس مرتزقة",
	}
	// appleSenders are the addresses of which Apple says that it writes from them.
	appleSenders = []string{"threat-notifications@email.apple.com", "threat-notifications@apple.com"}
)

func init() {
	Register(Heuristic{
		Name:      "h.apple_notice",
		Title:     "Apple's warnings of an attack with spyware",
		Artifacts: []string{"ios.sms", "ios.whatsapp", "android.sms_backup"},
		Refs: []string{
			"https://support.apple.com/en-us/102174",
			"https://citizenlab.ca/2021/12/pegasus-vs-predator-dissidents-doubly-infected-iphone-reveals-cytrox-mercenary-spyware/",
		},
		New: func(acquisition.Device) Watcher {
			return bounded(func(r *artifact.Record) (Finding, bool) {
				said := text(r, "text")
				// Most messages are told apart without changing them to lower case.
				if r.Act == artifact.Sent || !strings.Contains(said, "Apple") && !strings.Contains(said, "iPhone") {
					return Finding{}, false
				}
				return notice(strings.ToLower(said), first(r, "contact", "from", "sender", "address"))
			})
		},
	})
}

// notice judges a message by its words in lower case and its sender.
func notice(said, sender string) (Finding, bool) {
	const genuine = "Apple also shows the warning at the top of the page after signing in at account.apple.com: look there, by typing the address. "
	f := Finding{Attempt: true, Severity: artifact.High,
		Next: "Do not reset or restart the phone. Look at account.apple.com whether the warning stands there, switch Lockdown Mode on after this acquisition is safely kept, and write to the digital security helpline of Access Now, which Apple itself names."}
	from := fmt.Sprintf("The message names %q as its sender, which is not an address that Apple says it writes from; a copy that was passed on, or a fake that wants you to open a link, would look like that. ", sender)
	plausible := slices.Contains(appleSenders, strings.ToLower(sender))
	switch {
	case plausible:
		from = "The sender is an address from which Apple says that it writes. "
	case sender == "":
		from = "The database does not say who sent it. "
	}
	has := func(words string) bool { return strings.Contains(said, words) }
	switch {
	case slices.ContainsFunc(notices, has):
		f.Title = fmt.Sprintf("A warning by Apple came in that the phone is attacked with spyware (sender: %s)", orNone(sender))
		f.Explanation = from + genuine + "A real one means that Apple saw somebody attack this account with spyware for governments. It does not say that the attack succeeded. Apple's warnings never ask to open links, install anything or give a password."
	case strings.Contains(said, "apple") && strings.Contains(said, "iphone") && slices.ContainsFunc(translated, has):
		f.Title = fmt.Sprintf("A message speaks like Apple's warning of an attack with spyware (sender: %s)", orNone(sender))
		f.Explanation = from + genuine + "News about such warnings use the same words."
		if !plausible {
			f.Severity, f.Attempt, f.Next = artifact.Low, false, ""
		}
	default:
		return f, false
	}
	return f, true
}
