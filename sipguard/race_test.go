//go:build race

package sipguard

// raceDetector makes everything slow.
const raceDetector = true
