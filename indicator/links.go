package indicator

import "iter"

// Links gives every link in free text, as written but for trailing punctuation
// and what was done to defang it: with any scheme, without one ("evil.example/q"),
// defanged ("hxxps://evil[.]example").
func Links(text string) iter.Seq[string] { return func(func(string) bool) {} }

// IsShortened tells whether a link's host is a known link shortener.
func IsShortened(link string) bool { return false }
