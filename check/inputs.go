package check

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// inputs lists every stored file that was read, and the one sum that stands for
// all of them: of a single file its own, of a folder that of the lines
// "SHA256  SIZE  PATH\n" of what was read, by path.
func (e *examination) inputs() (sum string, all []Input) {
	for _, in := range e.acquisition.Inputs() {
		all = append(all, Input(in))
	}
	slices.SortFunc(all, func(a, b Input) int { return strings.Compare(a.Path, b.Path) })
	if len(all) == 1 {
		return all[0].SHA256, all
	}
	h := sha256.New()
	for _, in := range all {
		fmt.Fprintf(h, "%s  %d  %s\n", in.SHA256, in.Size, in.Path)
	}
	return hex.EncodeToString(h.Sum(nil)), all
}
