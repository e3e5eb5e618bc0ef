package ios

import (
	"strings"

	"github.com/ringfence/ringfence/acquisition/plist"
	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "ios.id_status_cache",
		Title: "Accounts that were looked up for iMessage and FaceTime",
		Kinds: inPhone,
		Paths: []string{"**/Library/Preferences/com.apple.identityservices.idstatuscache.plist", "**/IdentityServices/idstatuscache.plist"},
		Refs: []string{
			"https://www.amnesty.org/en/latest/research/2021/07/forensic-methodology-report-how-to-catch-nso-groups-pegasus/",
			"https://docs.mvt.re/en/latest/ios/records/",
		},
		Until: "iOS 14.6",
		Fields: [][2]string{
			{"account", "address or number, as it is written, with any NUL bytes"}, {"service", "what it was looked up for"},
			{"status", "Apple's answer"}, {"looked_up", "when"},
		},
		Parse: idStatusCache,
	})
}

func idStatusCache(s *artifact.Source, to *artifact.Sink) error {
	d, err := dictionary(s)
	if err != nil {
		return err
	}
	for _, service := range sortedKeys(d) {
		accounts := within(d, service)
		for _, account := range sortedKeys(accounts) {
			if what, ok := accounts[account].(plist.Dict); ok {
				idStatus(service, account, what, to)
			}
		}
	}
	return nil
}

func idStatus(service, account string, what plist.Dict, to *artifact.Sink) {
	at := timeOf(what["LookupDate"])
	r := to.Record(artifact.Named, at)
	r.Set("account", account)
	r.Set("service", service)
	if v := what["IDStatus"]; v != nil {
		r.Set("status", numberOf(v))
	}
	r.Set("looked_up", at)
	kind, address, _ := strings.Cut(account, ":")
	if kind == "mailto" || strings.Contains(address, "@") {
		r.Observe(indicator.Email, address)
		if i := strings.IndexByte(address, 0); i >= 0 {
			r.Observe(indicator.Email, strings.ReplaceAll(address, "\x00", ""))
		}
	}
	to.Emit()
}
