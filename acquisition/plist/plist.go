// Package plist reads Apple property lists, binary and XML, and the archives
// that NSKeyedArchiver writes into them, within bounds: hostile nesting,
// references that form a ring and counts beyond the file's size are refused.
// Libraries for property lists trust their input: a list of 200 bytes whose
// objects refer to each other twice unfolds to more than any memory.
//
// Formats: CoreFoundation CFBinaryPList.c ("bplist00"), PropertyList-1.0.dtd.
package plist

import "errors"

// Errors that a caller tells apart with errors.Is.
var (
	ErrNotPlist = errors.New("no property list")
	ErrDamaged  = errors.New("damaged property list")
	ErrLimit    = errors.New("property list larger or deeper than allowed")
)

// Limits of one property list.
const (
	MaxSize  = 256 << 20 // bytes
	MaxDepth = 256       // levels; Apple's own parser stops at 512
	MaxNodes = 4 << 20
)

// UID is a reference of a keyed archive.
type UID uint64

// Dict is a dictionary. Values are nil, bool, int64, uint64, float64, string,
// []byte, time.Time (UTC), UID, []any and Dict.
type Dict map[string]any

// Parse reads a property list of either form.
//
// Errors: ErrNotPlist, ErrDamaged, ErrLimit.
func Parse(b []byte) (any, error) { return parse(b) }

// Unarchive resolves a keyed archive ("$archiver": "NSKeyedArchiver") to plain
// values: NSDictionary, NSArray, NSSet, NSString, NSData, NSDate, NSUUID and
// NSURL become Dict, []any, string, []byte, time.Time; any other object becomes
// a Dict of its keys, with its class name under "$class". A ring is cut and
// marked with the string "$ring".
//
// Errors: ErrDamaged when it is no archive, ErrLimit.
func Unarchive(v any) (any, error) { return unarchive(v) }
