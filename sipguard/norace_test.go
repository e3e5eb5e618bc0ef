//go:build !race

package sipguard

const raceDetector = false
