package sign

import (
	"strings"
	"time"

	"cel.dev/cel-go/common/types"

	"github.com/ringfence/ringfence/hunt/record"
)

// row is a record as a rule sees it; it gives the values of the columns to CEL.
type row struct {
	*record.Batch
	words record.Dictionary
	i     int
}

// ResolveName implements the interpreter's Activation.
func (r *row) ResolveName(name string) (any, bool) {
	c, ok := columns[name]
	if !ok {
		return nil, false
	}
	if v := c.value(r); v != nil {
		return v, true
	}
	return types.NullValue, true
}

// column is a column as a rule may name it.
type column struct {
	set   record.Columns
	of    *types.Type
	value func(*row) any // nil: absent

	// small tells the values of a column apart where there are few of them, so
	// that a condition is looked at once for each. It may be nil.
	small func(*row) record.Code
	texts bool // small is the code of a text
	// numbers are the values of a column of numbers or times. It may be nil.
	numbers func(*record.Batch) ([]int32, []int64)
	// ids are the accounts of a column. It may be nil.
	ids func(*record.Batch) []record.ID
}

var (
	optionalText = types.NewNullableType(types.StringType)
	optionalInt  = types.NewNullableType(types.IntType)
	optionalBool = types.NewNullableType(types.BoolType)
)

// columns are those of the contract, under the same names.
var columns = map[string]column{
	"time": {set: record.Time, of: types.TimestampType,
		value:   func(r *row) any { return types.Timestamp{Time: time.Unix(0, r.Time[r.i]).UTC()} },
		numbers: func(b *record.Batch) ([]int32, []int64) { return nil, b.Time }},
	"call_id": {set: record.Call, of: optionalText, value: func(r *row) any { return known(r.Text(record.Call, r.i)) }},
	"caller": {set: record.Caller, of: types.StringType,
		value: func(r *row) any { return types.String(r.Text(record.Caller, r.i)) },
		ids:   func(b *record.Batch) []record.ID { return b.Caller }},
	"callee": {set: record.Callee, of: types.StringType,
		value: func(r *row) any { return types.String(r.Text(record.Callee, r.i)) },
		ids:   func(b *record.Batch) []record.ID { return b.Callee }},
	"caller_print":    word(record.CallerPrint, func(b *record.Batch) []record.Code { return b.CallerPrint }),
	"caller_version":  word(record.CallerVersion, func(b *record.Batch) []record.Code { return b.CallerVersion }),
	"caller_network":  word(record.CallerNetwork, func(b *record.Batch) []record.Code { return b.CallerNetwork }),
	"caller_country":  word(record.CallerCountry, func(b *record.Batch) []record.Code { return b.CallerCountry }),
	"callee_country":  word(record.CalleeCountry, func(b *record.Batch) []record.Code { return b.CalleeCountry }),
	"ring_ms":         number(record.RingMS, 0, func(b *record.Batch) []int32 { return b.RingMS }),
	"talk_ms":         number(record.TalkMS, 0, func(b *record.Batch) []int32 { return b.TalkMS }),
	"caller_age_days": number(record.CallerAge, 0, func(b *record.Batch) []int32 { return b.CallerAge }),
	"outcome": {set: record.OutcomeColumn, of: types.StringType,
		value: func(r *row) any { return types.String(r.Outcome[r.i].String()) },
		small: func(r *row) record.Code { return record.Code(r.Outcome[r.i]) }},
	"contact": {set: record.ContactColumn, of: optionalBool, value: contact,
		small: func(r *row) record.Code {
			if r.Contact == nil {
				return 0
			}
			return record.Code(r.Contact[r.i])
		}},
	"rules": {set: record.Rules, of: types.NewListType(types.StringType), value: rules, texts: true,
		small: func(r *row) record.Code { return codeOf(r.Rules, r.i) }},
}

func known(s string) any {
	if s == "" {
		return nil
	}
	return types.String(s)
}

func codeOf(codes []record.Code, i int) record.Code {
	if codes == nil {
		return 0
	}
	return codes[i]
}

func word(set record.Columns, of func(*record.Batch) []record.Code) column {
	small := func(r *row) record.Code { return codeOf(of(r.Batch), r.i) }
	return column{set: set, of: optionalText, small: small, texts: true, value: func(r *row) any { return known(r.words.Text(small(r))) }}
}

// number is a column of numbers, absent where they are below the least.
func number(set record.Columns, least int32, of func(*record.Batch) []int32) column {
	return column{set: set, of: optionalInt,
		value: func(r *row) any {
			all := of(r.Batch)
			if all == nil || all[r.i] < least {
				return nil
			}
			return types.Int(all[r.i])
		},
		numbers: func(b *record.Batch) ([]int32, []int64) { return of(b), nil }}
}

func contact(r *row) any {
	if r.Contact == nil || r.Contact[r.i] == record.Unknown {
		return nil
	}
	return types.Bool(r.Contact[r.i] == record.Accepted)
}

func rules(r *row) any {
	text := r.words.Text(codeOf(r.Rules, r.i))
	if text == "" {
		return []string{}
	}
	return strings.Split(text, ";")
}
