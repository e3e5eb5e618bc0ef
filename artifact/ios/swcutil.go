package ios

import (
	"strings"

	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "ios.swcutil",
		Title: "Sites whose links apps may open (shared web credentials)",
		Kinds: inSysdiagnose,
		Paths: []string{"/swcutil_show.txt", "/*/swcutil_show.txt"},
		Refs:  []string{"https://github.com/EC-DIGIT-CSIRC/sysdiagnose", "https://developer.apple.com/documentation/xcode/supporting-associated-domains"},
		Fields: [][2]string{
			{"service", "what for: applinks, webcredentials, appclips"}, {"app", "the app, with its developer's identifier"}, {"bundle", "the app"}, {"version", "the app's version"},
			{"domain", "the site"}, {"approval", "of the person"}, {"site_approval", "of the site"}, {"checked", "when the site was last asked"},
		},
		Parse: webCredentials,
	})
}

// webCredentials reads blocks of lines "Key: value" that dashes set apart.
func webCredentials(s *artifact.Source, to *artifact.Sink) error {
	entry := map[string]string{}
	var begun artifact.Line
	give := func() {
		if entry["Domain"] != "" || entry["App ID"] != "" {
			webCredential(entry, begun, to)
		}
		entry = map[string]string{}
	}
	for l, err := range s.Lines() {
		if err != nil {
			give()
			return err
		}
		key, value, found := strings.Cut(string(l.Text), ":")
		key = strings.TrimSpace(key)
		switch {
		case strings.HasPrefix(key, "-----"), strings.HasPrefix(key, "====="), found && key == "Service" && entry["Service"] != "":
			give()
			if !found {
				continue
			}
			fallthrough
		case found && len(entry) < 50:
			if len(entry) == 0 {
				begun = l
			}
			entry[key] = strings.TrimSpace(value)
		}
	}
	give()
	return nil
}

func webCredential(entry map[string]string, l artifact.Line, to *artifact.Sink) {
	checked := timeOf(entry["Last Checked"])
	r := to.Record(artifact.Configured, checked)
	r.Where.Row, r.Where.Offset = l.N, l.Offset
	r.Set("service", entry["Service"])
	r.Set("app", entry["App ID"])
	_, bundle, found := strings.Cut(entry["App ID"], ".")
	if found {
		r.Set("bundle", bundle)
		r.Observe(indicator.App, bundle)
	}
	r.Set("version", entry["App Version"])
	domain, _, _ := strings.Cut(entry["Domain"], "?")
	domain = strings.TrimPrefix(domain, "*.")
	r.Set("domain", domain)
	r.Set("approval", entry["User Approval"])
	r.Set("site_approval", entry["Site/Fmwk Approval"])
	r.Set("checked", checked)
	r.Observe(indicator.Domain, domain)
	to.Emit()
}
