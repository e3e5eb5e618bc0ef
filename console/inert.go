package console

import "github.com/ringfence/ringfence/internal/visible"

// maxText is how many characters of a text that others wrote are shown.
const maxText = 400

// inert is a text that an attacker may have had a hand in, safe to read;
// html/template sees to it that nothing in it is markup.
func inert(s string) string { return visible.Text(s, maxText) }

// count writes a number with thin spaces between thousands.
func count(n int) string { return visible.Count(n) }
