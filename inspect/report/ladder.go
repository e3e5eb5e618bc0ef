package report

import (
	"fmt"
	"html"
	"net/netip"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/inspect"
)

// The drawing of a call's messages: a line down for each end, an arrow for each
// message, time beside.
const (
	mostEnds = 5
	column   = 210 // between two ends
	left     = 150 // for time
	top      = 46
	row      = 30
)

// ends are the hosts of a call, in the order in which they appear.
func ends(c *inspect.Call) (all []string) {
	for _, m := range c.Messages {
		for _, a := range []string{host(m.From), host(m.To)} {
			if !slices.Contains(all, a) {
				all = append(all, a)
			}
		}
	}
	return all
}

func host(s string) string {
	if a, err := netip.ParseAddrPort(s); err == nil {
		return a.Addr().String()
	}
	return s
}

// ladder draws the messages of a call; "" when there are none.
func ladder(c *inspect.Call, n int) string {
	hosts := ends(c)
	if len(hosts) < 2 {
		return ""
	}
	hosts = hosts[:min(len(hosts), mostEnds)]
	var b strings.Builder
	width, height := left+column*(len(hosts)-1)+120, top+row*(len(c.Messages)+2)
	title := fmt.Sprintf("The messages of %s between %d hosts; the table below says the same", c.ID, len(hosts))
	fmt.Fprintf(&b, `<svg viewBox="0 0 %d %d" width="%d" role="img" aria-label="%s"><defs><marker id="head%d" viewBox="0 0 8 8" refX="7" refY="4" markerUnits="userSpaceOnUse" markerWidth="10" markerHeight="10" orient="auto-start-reverse"><path d="M0 0 L8 4 L0 8 z" class="head"/></marker></defs>`,
		width, height, width, html.EscapeString(title), n)
	for i, h := range hosts {
		x := left + column*i
		fmt.Fprintf(&b, `<text class="end" x="%d" y="20" text-anchor="middle">%s</text><line class="life" x1="%d" y1="30" x2="%d" y2="%d"/>`, x, html.EscapeString(shown(h)), x, x, height-10)
	}
	y, answered := top, false
	for _, m := range c.Messages {
		if c.Answered != nil && !answered && !m.At.Before(*c.Answered) {
			answered = true
			y += row
			fmt.Fprintf(&b, `<line class="answer" x1="10" y1="%d" x2="%d" y2="%d"/><text class="said" x="10" y="%d">answered</text>`, y, width-10, y, y-5)
		}
		y += row
		b.WriteString(arrow(&m, hosts, y, n))
	}
	b.WriteString("</svg>")
	return b.String()
}

// arrow draws one message.
func arrow(m *inspect.Message, hosts []string, y, n int) string {
	from, to := slices.Index(hosts, host(m.From)), slices.Index(hosts, host(m.To))
	if from < 0 || to < 0 {
		return ""
	}
	class := "signal"
	switch {
	case m.Bad:
		class = "bad"
	case m.Media:
		class = "media"
	}
	x1, x2 := left+column*from, left+column*to
	label := m.Label
	if m.Bad {
		label = "! " + label
	}
	return fmt.Sprintf(`<g class="%s"><text class="time" x="%d" y="%d">%s</text><line x1="%d" y1="%d" x2="%d" y2="%d" marker-end="url(#head%d)"/><text x="%d" y="%d" text-anchor="middle">%s</text></g>`,
		class, 4, y+4, m.At.UTC().Format("15:04:05.000"), x1, y, x2, y, n, (x1+x2)/2, y-5, html.EscapeString(shown(label)))
}
