// Command ringfence-verify checks a case file that Ringfence exported. It needs
// nothing of Ringfence, no network and no key.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"

	"github.com/ringfence/ringfence/verify"
)

func main() {
	key := flag.String("key", "", "the service's verifier `key`, as somebody you trust gave it to you")
	asJSON := flag.Bool("json", false, "write the report as JSON")
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: ringfence-verify [--key KEY] [--json] case.zip\n\nExit codes: 0 it is whole; 1 it is not; 2 wrong use.")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	r, err := verify.File(flag.Arg(0), verify.Options{Key: *key})
	if err != nil {
		fmt.Fprintf(os.Stderr, "ringfence-verify: %s: %v\n", flag.Arg(0), err)
		os.Exit(1)
	}
	if *asJSON {
		err = json.NewEncoder(os.Stdout).Encode(r)
	} else {
		err = r.Print(os.Stdout)
	}
	if err != nil || !r.Whole {
		os.Exit(1)
	}
}
