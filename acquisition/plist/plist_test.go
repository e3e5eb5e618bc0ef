package plist

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"
)

// build writes a binary list of objects that are encoded by hand; the first is
// the top.
func build(objects ...[]byte) []byte {
	b := []byte("bplist00")
	var table []byte
	for _, o := range objects {
		table = binary.BigEndian.AppendUint16(table, uint16(len(b)))
		b = append(b, o...)
	}
	at := len(b)
	b = append(b, table...)
	trailer := make([]byte, trailerSize)
	trailer[6], trailer[7] = 2, 1
	binary.BigEndian.PutUint64(trailer[8:], uint64(len(objects)))
	binary.BigEndian.PutUint64(trailer[24:], uint64(at))
	return append(b, trailer...)
}

func raw(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

func ascii(s string) []byte { return append([]byte{0x50 | byte(len(s))}, s...) }

func TestBinaryValues(t *testing.T) {
	test := func(object []byte, want any) {
		t.Helper()
		got, err := Parse(build(object))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%x is %#v, %v; not %#v", object, got, err, want)
		}
	}
	test(raw("08"), false)
	test(raw("09"), true)
	test(raw("00"), nil)
	test(raw("10 ff"), int64(255))                                            // one byte: no sign
	test(raw("13 ffffffffffffffff"), int64(-1))                               // eight bytes: a sign
	test(raw("14 0000000000000000 ffffffffffffffff"), uint64(math.MaxUint64)) // sixteen
	test(raw("22 3fc00000"), 1.5)
	test(raw("23 c000000000000000"), -2.0)
	test(raw("33 41c0000000000000"), epoch.Add(536870912*time.Second))
	test(raw("43 010203"), []byte{1, 2, 3})
	test(ascii("text"), "text")
	test(raw("62 00e4 260e"), "ä☎")
	test(raw("5f 10 10 30313233343536373839616263646566"), "0123456789abcdef")
	test(raw("81 0102"), UID(0x102))
	test(raw("a0"), []any{})
	test(raw("d0"), Dict{})
}

func TestBinaryContainers(t *testing.T) {
	got, err := Parse(build(raw("d2 01 02 03 04"), ascii("a"), ascii("b"), raw("a2 05 05"), raw("09"), raw("10 07")))
	if want := (Dict{"a": []any{int64(7), int64(7)}, "b": true}); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%#v, %v", got, err)
	}
}

func TestXML(t *testing.T) {
	got, err := Parse([]byte(`<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>
 <key>text</key><string>a &amp; b</string><key>n</key><integer>-3</integer><key>big</key><integer>18446744073709551615</integer>
 <key>r</key><real>1.5</real><key>yes</key><true/><key>at</key><date>2026-01-02T03:04:05Z</date>
 <key>data</key><data> AQ
 ID </data><key>list</key><array><string/><dict/></array><key>ref</key><dict><key>CF$UID</key><integer>4</integer></dict>
</dict></plist>`))
	want := Dict{"text": "a & b", "n": int64(-3), "big": uint64(math.MaxUint64), "r": 1.5, "yes": true, "at": time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		"data": []byte{1, 2, 3}, "list": []any{"", Dict{}}, "ref": UID(4)}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%#v, %v", got, err)
	}
}

func TestRefuses(t *testing.T) {
	test := func(name string, b []byte, want error) {
		t.Helper()
		if _, err := Parse(b); !errors.Is(err, want) {
			t.Errorf("%s: %v, not %v", name, err, want)
		}
	}
	nested := func(n int) []byte {
		return []byte("<plist>" + strings.Repeat("<array>", n) + strings.Repeat("</array>", n) + "</plist>")
	}
	test("nothing", nil, ErrNotPlist)
	test("a text", []byte("hello"), ErrNotPlist)
	test("OpenStep", []byte(`{ a = "b"; }`), ErrNotPlist)
	test("HTML", []byte("<!DOCTYPE html><html></html>"), ErrNotPlist)
	test("another version", append([]byte("bplist16"), make([]byte, 64)...), ErrNotPlist)
	test("300 levels", nested(300), ErrLimit)
	test("a ring", build(raw("a1 00")), ErrDamaged)
	test("a reference outside", build(raw("a1 09")), ErrDamaged)
	test("a text beyond the end", build(raw("5f 12 7fffffff 41")), ErrDamaged)
	test("an endless array", build(raw("af 13 7fffffffffffffff 00")), ErrDamaged)
	test("an entity", []byte(`<!DOCTYPE plist [<!ENTITY x "y">]><plist><string>&x;</string></plist>`), ErrDamaged)
	test("a value without a key", []byte(`<plist><dict><string>x</string></dict></plist>`), ErrDamaged)
	test("a key without a value", []byte(`<plist><dict><key>x</key></dict></plist>`), ErrDamaged)
	test("a cut list", []byte(`<plist><dict><key>x</key><string>`), ErrDamaged)
	// Each level refers to the next twice: 2^40 nodes in 200 bytes.
	var bomb [][]byte
	for i := range 40 {
		bomb = append(bomb, []byte{0xa2, byte(i + 1), byte(i + 1)})
	}
	test("a bomb of shared objects", build(append(bomb, raw("09"))...), ErrLimit)
	// A text that hundreds of objects begin in, each a byte later.
	var inner []byte
	for range 300 {
		inner = append(inner, raw("5f 11 0f00")...)
	}
	inner = append(inner, make([]byte, 4000)...)
	test("texts that overlap", overlapping(inner, 300), ErrLimit)
	if _, err := Parse([]byte("{ a = b; }")); err == nil || !strings.Contains(err.Error(), "OpenStep") {
		t.Errorf("an OpenStep list: %v", err)
	}
	if _, err := Parse(nested(200)); err != nil {
		t.Errorf("200 levels: %v", err)
	}
}

// overlapping is an array of n texts that begin four bytes after each other.
func overlapping(texts []byte, n int) []byte {
	head := append(raw("af 11"), byte(n>>8), byte(n))
	for i := range n {
		head = binary.BigEndian.AppendUint16(head, uint16(i+1))
	}
	b := append(append([]byte("bplist00"), head...), texts...)
	at := len(b)
	b = binary.BigEndian.AppendUint16(b, 8)
	for i := range n {
		b = binary.BigEndian.AppendUint16(b, uint16(8+len(head)+4*i))
	}
	trailer := make([]byte, trailerSize)
	trailer[6], trailer[7] = 2, 2
	binary.BigEndian.PutUint64(trailer[8:], uint64(n+1))
	binary.BigEndian.PutUint64(trailer[24:], uint64(at))
	return append(b, trailer...)
}

// A keyed archive as XML refers by {"CF$UID": n}, also within arrays.
func TestUnarchiveXML(t *testing.T) {
	v, err := Parse([]byte(`<plist><dict><key>$archiver</key><string>NSKeyedArchiver</string><key>$top</key><dict><key>root</key><dict><key>CF$UID</key><integer>1</integer></dict></dict>
<key>$objects</key><array><string>$null</string>
<dict><key>$class</key><dict><key>CF$UID</key><integer>3</integer></dict><key>NS.objects</key><array><dict><key>CF$UID</key><integer>2</integer></dict><integer>010</integer><integer>-0x10</integer></array></dict>
<string>one</string><dict><key>$classname</key><string>NSArray</string></dict></array></dict></plist>`))
	if err != nil {
		t.Fatal(err)
	}
	got, err := Unarchive(v)
	if want := []any{"one", int64(10), int64(-16)}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%#v, %v", got, err)
	}
}

func TestUnarchive(t *testing.T) {
	class := func(name string) Dict { return Dict{"$classname": name} }
	archive := Dict{"$archiver": "NSKeyedArchiver", "$top": Dict{"root": UID(1)}, "$objects": []any{
		"$null",
		Dict{"$class": UID(2), "NS.keys": []any{UID(3), UID(5)}, "NS.objects": []any{UID(4), UID(7)}}, class("NSMutableDictionary"),
		"url", Dict{"$class": UID(6), "NS.base": UID(0), "NS.relative": "https://example.org/"},
		"own", class("NSURL"), Dict{"$class": UID(8), "name": UID(3), "self": UID(7), "at": UID(9)}, class("LPLinkMetadata"),
		Dict{"$class": UID(10), "NS.time": 0.5}, class("NSDate"),
	}}
	got, err := Unarchive(archive)
	want := Dict{"url": "https://example.org/", "own": Dict{"$class": "LPLinkMetadata", "name": "url", "self": ring, "at": epoch.Add(time.Second / 2)}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%#v, %v", got, err)
	}
	for _, v := range []any{nil, "x", Dict{}, Dict{"$archiver": "x"}, Dict{"$archiver": "x", "$objects": []any{}, "$top": Dict{"root": UID(9)}}} {
		if _, err := Unarchive(v); !errors.Is(err, ErrDamaged) {
			t.Errorf("%v: %v", v, err)
		}
	}
}

func FuzzPlist(f *testing.F) {
	f.Add(build(raw("d2 01 02 03 04"), ascii("a"), ascii("b"), raw("a2 05 05"), raw("09"), raw("10 07")))
	f.Add([]byte(`<plist><dict><key>a</key><array><data>AQID</data><date>2026-01-02T03:04:05Z</date></array></dict></plist>`))
	f.Add(build(raw("d3 01 02 03 04 05 06"), ascii("$archiver"), ascii("$top"), ascii("$objects"), ascii("x"), raw("d1 07 08"), raw("a1 04"), ascii("root"), raw("80 00")))
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := Parse(b)
		if err != nil {
			if !errors.Is(err, ErrNotPlist) && !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrLimit) {
				t.Fatalf("an error of no kind: %v", err)
			}
			return
		}
		if _, err := Unarchive(v); err != nil && !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrLimit) {
			t.Fatal(err)
		}
	})
}

// FuzzUnarchive makes archives whose references are what the input says.
func FuzzUnarchive(f *testing.F) {
	f.Add([]byte{0, 1, 1, 2, 2, 3, 3, 0})
	f.Add([]byte("dictionaries and arrays that hold each other"))
	f.Fuzz(func(t *testing.T, b []byte) {
		objects := []any{"$null", Dict{"$classname": "NSDictionary"}, Dict{"$classname": "NSArray"}, Dict{"$classname": "NSURL"}, Dict{"$classname": "NSUUID"}}
		for i := 0; i+3 < len(b) && i < 4096; i += 4 {
			list := []any{UID(b[i+1]), UID(b[i+2]), b[i+3 : i+4]}
			objects = append(objects, Dict{"$class": UID(b[i] % 8), "NS.keys": list, "NS.objects": list, "NS.base": UID(b[i+1]), "NS.relative": UID(b[i+2]), "NS.uuidbytes": b[i : i+4]})
		}
		v := Dict{"$archiver": "NSKeyedArchiver", "$objects": objects, "$top": Dict{"root": UID(5)}}
		if _, err := Unarchive(v); err != nil && !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrLimit) {
			t.Fatal(err)
		}
	})
}
