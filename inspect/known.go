package inspect

import "strings"

// known are the programs of which the prints were made by running them against a
// server of our own (TestPrints, TestSIPPrints). A print that is not here is of a
// program that was not at hand, or of another version or setting: that alone says
// nothing against it.
var known = map[string]string{
	"dd2i080600_df5057009e57_817bfcfa1160": "pion",
	"dd3i140900_fa23b50283d1_01b4b87481e4": "Chromium 156",

	"sip1-eaea39110fd5": "SIPp 3.6",
	"sip1-c66a2cb73b1a": "baresip 1.0",
	"sip1-994309bf581a": "Linphone 5.1",
}

// Program is the program that is known to have a print, "" when none is. Of the print
// of a SIP request the part of its header fields is enough.
func Program(print string) string {
	if p := known[print]; p != "" {
		return p
	}
	head, _, _ := strings.Cut(print, "_")
	return known[head]
}

// families are the names by which the programs of known call themselves.
var families = []string{"baresip", "Linphone", "SIPp", "Chromium", "pion"}

// family is the one that a name begins with, "" for none of them.
func family(name string) string {
	for _, f := range families {
		if len(name) >= len(f) && strings.EqualFold(name[:len(f)], f) {
			return f
		}
	}
	return ""
}
