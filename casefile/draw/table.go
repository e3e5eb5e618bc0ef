package draw

// maxRows is how many rows a table has; what is beyond is counted in its last row.
const maxRows = 2000

// listing is the rows of a table, up to the limit, and how many there are beyond.
type listing struct {
	rows [][]string
	more int
}

// add takes a row, which is written only if it is listed.
func (l *listing) add(row func() []string) {
	if len(l.rows) == maxRows {
		l.more++
		return
	}
	l.rows = append(l.rows, row())
}

// table writes an HTML table: the first cell of each row is its heading.
func table(h Head, heads []string, rows [][]string) []byte {
	return (&listing{rows[:min(len(rows), maxRows)], max(len(rows)-maxRows, 0)}).table(h, heads)
}

func (l *listing) table(h Head, heads []string) []byte {
	var p pen
	p.raw(`<table class="draw-table"><caption dir="auto">`, esc(h.Title, maxText), "</caption><thead><tr>")
	for _, head := range heads {
		p.raw(`<th scope="col">`, esc(h.say(head), maxText), "</th>")
	}
	p.raw("</tr></thead><tbody>")
	for _, row := range l.rows {
		p.raw(`<tr><th scope="row"><bdi>`, esc(row[0], maxText), "</bdi></th>")
		for _, cell := range row[1:] {
			p.raw("<td><bdi>", esc(cell, maxText), "</bdi></td>")
		}
		p.raw("</tr>")
	}
	if l.more > 0 {
		p.raw(`<tr><th scope="row">+`, count(l.more), `</th><td colspan="`, count(max(len(heads)-1, 1)), `">`, esc(h.say("more rows that are not listed here"), maxText), "</td></tr>")
	}
	p.raw("</tbody></table>\n")
	return p.b.Bytes()
}
