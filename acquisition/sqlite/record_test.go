package sqlite

import (
	"encoding/hex"
	"reflect"
	"strings"
	"testing"
)

func octets(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

// Records by hand (file format §2.1): the header's length, a serial type for
// each value, the values.
func TestRecord(t *testing.T) {
	test := func(record string, want ...any) {
		t.Helper()
		s := &shape{last: len(want) - 1}
		for i := range want {
			s.slots, s.value = append(s.slots, []int{i}), append(s.value, nil)
		}
		r := Row{shape: s, values: make([]value, len(want)), encoding: 1}
		if err := r.decode(octets(record)); err != nil {
			t.Errorf("%s: %v", record, err)
			return
		}
		for i, w := range want {
			if got := r.Value(i); !reflect.DeepEqual(got, w) {
				t.Errorf("%s: value %d is %#v, not %#v", record, i, got, w)
			}
		}
	}
	test("02 00", nil)
	test("02 01 ff", int64(-1))
	test("02 02 8000", int64(-32768))
	test("02 03 800000", int64(-8388608))
	test("02 04 7fffffff", int64(2147483647))
	test("02 05 ffffffffffff", int64(-1))
	test("02 06 8000000000000000", int64(-1<<63))
	test("02 07 3ff8000000000000", 1.5)
	test("03 08 09", int64(0), int64(1)) // no bytes of their own
	test("02 0c", []byte(nil))           // an empty blob
	test("02 0d", "")                    // an empty text
	test("03 0e 0f 61 62", []byte("a"), "b")
	test("03 81 07"+strings.Repeat("61", 61), strings.Repeat("a", 61)) // a type of two bytes: 135 = 13 + 2*61
}

// Records that are refused.
func TestRecordRefused(t *testing.T) {
	for record, why := range map[string]string{
		"":                                "nothing",
		"00":                              "a header of no bytes",
		"05 01":                           "a header longer than the record",
		"02 0a":                           "a serial type that is reserved",
		"02 04 0000":                      "a value beyond the end",
		"03 81 07":                        "a text of 61 bytes beyond the end",
		"02 81":                           "a type that is cut short",
		"0a ff ff ff ff ff ff ff ff ff":   "a blob larger than any",
		"ff ff ff ff ff ff ff ff ff 0000": "a header larger than any",
	} {
		r := Row{shape: &shape{slots: [][]int{{0}}, value: []any{nil}}, values: make([]value, 1), encoding: 1}
		if r.decode(octets(record)) == nil {
			t.Errorf("%s is taken: %s", why, record)
		}
	}
}

func TestVarint(t *testing.T) {
	for s, want := range map[string]uint64{"00": 0, "7f": 127, "8100": 128, "ff7f": 16383, "ffffffffffffffffff": 1<<64 - 1, "80808080808080807f": 127} {
		if v, n := varint(octets(s)); v != want || n != len(s)/2 {
			t.Errorf("%s is %d of %d bytes, not %d", s, v, n, want)
		}
	}
}
