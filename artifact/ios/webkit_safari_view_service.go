package ios

import (
	"strings"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:   "ios.webkit_safari_view_service",
		Title:  "Sites that an app opened in its own Safari window",
		Kinds:  inPhone,
		Refs:   []string{"https://docs.mvt.re/en/latest/ios/records/", "https://webkit.org/tracking-prevention/"},
		Fields: originFields,
		File: func(f acquisition.File, to *artifact.Sink) {
			if _, inside, found := strings.Cut(f.Path, "SafariViewService/Library/WebKit/WebsiteData/"); found {
				originRecord(&f, inside, to)
			}
		},
	})
}
