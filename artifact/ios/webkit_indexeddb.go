package ios

import (
	"strings"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:   "ios.webkit_indexeddb",
		Title:  "Sites that kept a database (IndexedDB) in WebKit",
		Kinds:  inPhone,
		Refs:   []string{"https://docs.mvt.re/en/latest/ios/records/", "https://webkit.org/tracking-prevention/"},
		Fields: originFields,
		File: func(f acquisition.File, to *artifact.Sink) {
			if _, inside, found := strings.Cut(f.Path, "WebsiteData/IndexedDB/"); found {
				originRecord(&f, inside, to)
			}
		},
	})
}
