package guard

import (
	"time"

	"github.com/ringfence/ringfence/wire"
)

// Report is that somebody found a call strange, or an account that knocked.
type Report struct {
	Number   int64
	At       time.Time
	Reporter wire.ID
	Account  wire.ID // who is reported
	Call     wire.ID // zero: a knock
}
