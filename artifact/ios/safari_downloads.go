package ios

import (
	"errors"
	"fmt"
	"path"

	"github.com/ringfence/ringfence/acquisition/plist"
	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "ios.safari_downloads",
		Title: "Files that Safari downloaded (Downloads.plist)",
		Kinds: inPhone,
		Paths: []string{"/private/var/mobile/Library/Safari/Downloads/Downloads.plist",
			"/private/var/mobile/Containers/Data/Application/*/Library/Safari/Downloads/Downloads.plist"},
		Refs:  []string{"https://github.com/log2timeline/plaso/blob/main/plaso/parsers/plist_plugins/safari_downloads.py"},
		Since: "iOS 13",
		Fields: [][2]string{
			{"url", "where the file came from"}, {"path", "where it was put"}, {"finished", "when it was complete"}, {"bytes", "how many came"}, {"size", "how many there are"},
			{"id", "the download's id"},
		},
		Parse: parseSafariDownloads,
	})
}

var errDownload = errors.New("no dictionary of a download")

func parseSafariDownloads(src *artifact.Source, to *artifact.Sink) error {
	d, err := dictionary(src)
	if err != nil {
		return err
	}
	list, _ := d["DownloadHistory"].([]any)
	for i, e := range list {
		e, ok := e.(plist.Dict)
		if !ok {
			to.Damage(fmt.Sprintf("DownloadHistory %d", i), errDownload)
			continue
		}
		r := to.Record(artifact.Visited, timeOf(e["DownloadEntryDateAddedKey"]))
		r.Where.Row = int64(i) + 1
		url, file := textOf(e["DownloadEntryURL"]), textOf(e["DownloadEntryPath"])
		r.Set("url", url)
		r.Set("path", file)
		r.Set("finished", timeOf(e["DownloadEntryDateFinishedKey"]))
		r.Set("bytes", numberOf(e["DownloadEntryProgressBytesSoFar"]))
		r.Set("size", numberOf(e["DownloadEntryProgressTotalToLoad"]))
		r.Set("id", textOf(e["DownloadEntryIdentifier"]))
		r.Link(url)
		if file != "" {
			r.Observe(indicator.FilePath, fromHome(file))
			r.Observe(indicator.FileName, path.Base(file))
		}
		to.Emit()
	}
	return nil
}
