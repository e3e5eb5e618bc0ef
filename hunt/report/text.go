package report

import (
	"math"
	"strconv"
	"time"

	"github.com/ringfence/ringfence/internal/visible"
)

// maxText is how many characters of one text of a record are shown.
const maxText = 200

// shown is a text from the records as it may stand on a page or a terminal.
func shown(s string) string { return visible.Text(s, maxText) }

// count writes a number with narrow spaces between thousands.
func count[N int | int64](n N) string { return visible.Count(n) }

// utc writes a time as in the records, to the second.
func utc(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") }

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// counted is count for a template, which knows types only when it runs.
func counted(n any) string {
	if n, ok := n.(int64); ok {
		return count(n)
	}
	return count(n.(int))
}

// short writes a place in a drawing.
func short(f float64) string { return strconv.FormatFloat(math.Round(f*10)/10, 'f', -1, 64) }
