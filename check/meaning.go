package check

import (
	"fmt"
	"slices"

	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

// meaning is what a match is, in words for the person whose phone it is.
type meaning struct {
	severity    artifact.Severity
	what        string // "A message with a link to %s came in"
	explanation string
	next        string
}

func (m meaning) title(s *Sign) string {
	of := s.Malware
	if of == "" {
		of = "an attack"
	}
	return fmt.Sprintf(m.what, s.Value) + ", which is a published sign of " + of
}

const (
	nextExpert = "Do not reset, update or restart the phone, and do not write to the sender. Keep the phone and this acquisition, use another device, and ask a digital security helpline to look at it."
	nextLink   = "Do not open the link. Keep the message: it is evidence. Tell a digital security helpline, also when you did not open it, and examine the phones of people who may have received the same."
	nextLow    = "Nothing has to be done because of this alone. Keep it in mind together with the other findings."
)

func generalNext(s artifact.Severity) string {
	switch {
	case s >= artifact.Medium:
		return nextExpert
	default:
		return nextLow
	}
}

// meaningOf is what it means that something of this type was seen in a record
// of this act.
func meaningOf(act artifact.Act, t indicator.Type) meaning {
	switch act {
	case artifact.Received:
		return meaning{artifact.High, "A message that names %s came in",
			"Somebody sent this to the phone. It does not mean that the link was opened, nor that the phone was infected. Some attacks need no click, so that an examination of the whole phone matters.", nextLink}
	case artifact.Sent:
		return meaning{artifact.Medium, "A message that names %s went out",
			"The phone's owner, or somebody with access to it, sent this on: often to warn or to ask. It does not mean that the phone was infected.", nextLink}
	case artifact.Visited:
		return meaning{artifact.High, "A page of %s was opened or loaded in a browser",
			"The browser met this site: by a click, by a redirect or inside another page. Attack pages can take over a phone when they load; that one was loaded does not yet show that this happened. Reading about spyware on a vendor's or researcher's site can leave the same trace.", nextExpert}
	case artifact.Contacted:
		return meaning{artifact.Critical, "The phone contacted %s",
			"Something on the phone resolved this name or connected to this address. Nobody has to click for that: software on the phone did it. It is what installed spyware does; an app or a page that only showed a link may do it too.", nextExpert}
	case artifact.Ran:
		return meaning{artifact.Critical, "%s ran on the phone",
			"The phone's own records say that a program of this name or file was running. Names can be the same by chance; published names of spyware are chosen because they are not used by the system.", nextExpert}
	case artifact.Installed:
		return meaning{artifact.Critical, "%s was installed on the phone",
			"An app, certificate or profile that is published as spyware, or as a part of it, is or was installed. Somebody with access to the phone, or an attack, put it there.", nextExpert}
	case artifact.Configured:
		return meaning{artifact.Critical, "%s has rights or settings on the phone",
			"The phone granted something to it or is configured by it, so that it is or was present.", nextExpert}
	case artifact.Present:
		return present(t)
	}
	return named(t)
}

func present(t indicator.Type) meaning {
	switch t {
	case indicator.MD5, indicator.SHA1, indicator.SHA256, indicator.CertMD5, indicator.CertSHA1, indicator.CertSHA256:
		return meaning{artifact.Critical, "A file with the fingerprint %s is on the phone",
			"The file's contents are exactly those of a published sample, or are signed by its maker.", nextExpert}
	case indicator.Domain, indicator.IPv4, indicator.IPv6, indicator.URL: // as site does
		return meaning{artifact.High, "The phone keeps data of the site %s",
			"Apps keep such files for sites that were loaded in them. It means that the site was met, not that the phone was infected.", nextExpert}
	case indicator.App, indicator.Process:
		return meaning{artifact.Critical, "Files of %s are on the phone",
			"A folder or file belongs to an app or program that is published as spyware.", nextExpert}
	}
	return meaning{artifact.High, "The file %s is or was on the phone",
		"A file stands, or stood, where published analyses found files of spyware. A name alone can be the same by chance; the place makes that unlikely.", nextExpert}
}

// site tells whether an indicator names something on the network.
func site(kind string) bool {
	for _, t := range []indicator.Type{indicator.Domain, indicator.IPv4, indicator.IPv6, indicator.URL} {
		if t.String() == kind {
			return true
		}
	}
	return false
}

func named(t indicator.Type) meaning {
	if t == indicator.Email {
		return meaning{artifact.High, "The phone looked up the account %s",
			"The phone asked for an account that is published as used by attackers, which happens when that account writes or is written to, also invisibly. It shows that somebody tried to reach this phone; it does not show that an attack worked.", nextExpert}
	}
	return meaning{artifact.Medium, "%s is named on the phone",
		"It was mentioned in passing: in a contact, a setting or a log. It does not mean that it was opened or ran.", nextExpert}
}

// verdict is the gravest of what the findings show, and whether nothing found
// means something.
func verdict(r *Result) Verdict {
	gravity := []Verdict{Nothing, Suspicious, Attempted, Traces}
	worst := 0
	for _, f := range r.Findings {
		worst = max(worst, slices.Index(gravity, f.Shows))
	}
	if worst == 0 && !conclusive(r) {
		return Inconclusive
	}
	return gravity[worst]
}

// shows is what a finding shows by itself.
func shows(f *Finding) Verdict {
	switch {
	case f.Severity <= artifact.Low:
		return Nothing
	case f.Severity == artifact.Medium:
		return Suspicious
	case f.Severity == artifact.Critical:
		return Traces
	case f.Kind == "indicator" && f.Act == artifact.Present && !site(f.Indicator.Type):
		return Traces
	case f.Kind == "indicator" && f.Act != artifact.Ran || f.Attempt:
		return Attempted
	}
	return Suspicious
}

// conclusive tells whether enough could be read for "nothing found" to mean
// something: some artifact was read, and at most as many could not be.
func conclusive(r *Result) bool {
	read, not := 0, 0
	for _, c := range r.Coverage {
		switch {
		case c.State == Read:
			read++
		case c.State == Unreadable && !c.Undecoded:
			not++
		}
	}
	return read > 0 && not <= read
}

// Incomplete tells whether some evidence could not be read.
func (r *Result) Incomplete() bool {
	for _, c := range r.Coverage {
		if c.State == Damaged || c.Missing > 0 || (c.State == Unreadable && !c.Undecoded) {
			return true
		}
	}
	return false
}

// Found tells whether something above low was found.
func (r *Result) Found() bool {
	return len(r.Findings) > 0 && r.Findings[0].Severity > artifact.Low
}
