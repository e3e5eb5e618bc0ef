package android

import (
	"testing"

	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/internal/golden"
)

// Every artifact reads its example as it is expected to.
func TestExamples(t *testing.T) { golden.Registry(t, artifact.All()) }

// Whatever an artifact is given, it comes to an end without a panic.
func FuzzArtifacts(f *testing.F) { golden.Fuzz(f, artifact.All()) }
