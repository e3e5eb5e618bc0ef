package inspect

// known are the programs of which the prints were made by running them against a
// server of our own (TestPrints). A print that is not here is of a program that
// was not at hand, or of another version: that alone says nothing against it.
var known = map[string]string{
	"dd2i080600_df5057009e57_817bfcfa1160": "pion",
	"dd3i140900_fa23b50283d1_01b4b87481e4": "Chromium 156",
}

// Program is the program that is known to have a print, "" when none is.
func Program(print string) string { return known[print] }
