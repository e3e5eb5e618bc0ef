package edition

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/csv"
	"strconv"
	"strings"

	"github.com/ringfence/ringfence/verify"
)

// documents writes what a person reads: how to verify, the redaction log, and the
// case file itself.
func (x *export) documents(ctx context.Context) error {
	x.say("the case file")
	var log bytes.Buffer
	w := csv.NewWriter(&log)
	_ = w.Write([]string{"entry", "exhibit", "field", "why"})
	err := x.c.Each(ctx, func(e verify.Entry) error {
		shown, hidden := x.o.Edition.entry(e)
		for _, field := range hidden {
			_ = w.Write([]string{strconv.FormatInt(e.N, 10), shown.Text("exhibit"), field, x.o.Edition.why(e, field)})
		}
		return nil
	})
	if err != nil {
		return err
	}
	w.Flush()
	if err := x.bag.add("data/redactions.csv", log.Bytes()); err != nil {
		return err
	}
	return x.bag.add("data/README.md", []byte(x.readme()))
}

// readme says how a stranger verifies the case file, with nothing of ours.
func (x *export) readme() string {
	return strings.NewReplacer("{bag}", x.bag.root, "{case}", x.c.ID, "{edition}", x.o.Edition.Name, "{origin}", x.c.Origin, "{made}", x.o.Now.UTC().Format("2006-01-02 15:04 MST")).Replace(readmeText)
}

//go:embed readme.txt
var readmeText string
