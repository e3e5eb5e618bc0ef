package verify

import (
	"bufio"
	"fmt"
	"io"
)

// maxFaults is how many faults of one check are printed; the report has all.
const maxFaults = 20

// Print writes the report for a person to read.
func (r *Report) Print(to io.Writer) error {
	w := bufio.NewWriter(to)
	fmt.Fprintf(w, "%s\ncase %s, edition %q, %d entries in the ledger %s\n\n", r.File, r.Case, r.Edition, r.Entries, r.Origin)
	if err := PrintChecks(w, r.Checks); err != nil {
		return err
	}
	fmt.Fprintf(w, "\nThe service's key: %s\n", r.Key)
	if !r.KeyGiven {
		fmt.Fprintln(w, "It is from the case file itself. Compare it with the key that the service publishes, or give it with --key.")
	}
	for _, s := range r.Witnesses {
		fmt.Fprintf(w, "Witness %s cosigned at %s.\n", s.Name, s.At.Format("2006-01-02 15:04:05 MST"))
	}
	for _, s := range r.Stamps {
		fmt.Fprintf(w, "Time stamp %s: openssl ts -verify, as README.md in the case file says.\n", s)
	}
	verdict := "WHOLE: everything in it is as it was exported and as the ledger says."
	if !r.Whole {
		verdict = "NOT WHOLE: do not rely on it before the faults above are explained."
	}
	fmt.Fprintf(w, "\n%s\n", verdict)
	return w.Flush()
}

// PrintChecks writes what was looked at, one a line, and what is wrong with it.
func PrintChecks(w io.Writer, all []Check) error {
	for _, c := range all {
		if len(c.Faults) == 0 {
			fmt.Fprintf(w, "  ok     %-10s %s\n", c.Name, c.Says)
			continue
		}
		fmt.Fprintf(w, "  WRONG  %-10s %d faults\n", c.Name, len(c.Faults))
		for _, f := range c.Faults[:min(len(c.Faults), maxFaults)] {
			fmt.Fprintf(w, "           %s\n", f)
		}
		if more := len(c.Faults) - maxFaults; more > 0 {
			fmt.Fprintf(w, "           and %d more\n", more)
		}
	}
	return nil
}
