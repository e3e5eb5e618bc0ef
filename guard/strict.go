//go:build !weakened

package guard

// weakened is false in every build that people run: only the range's own tests
// are built with barriers that can be taken out (see weakened.go).
func (s *Set) weakened(string) bool { return false }

// Weak tells whether a barrier has been taken out, which is never so outside of
// the range's own tests.
func (s *Set) Weak(string) bool { return false }
