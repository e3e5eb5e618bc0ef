package android

import (
	"strconv"
	"strings"

	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "android.install_sessions",
		Title: "Installations that were begun: by whom, and what became of them",
		Kinds: dumps,
		Paths: dumpsys("package"),
		Refs:  []string{"https://developer.android.com/reference/android/content/pm/PackageInstaller.Session", "https://android.googlesource.com/platform/frameworks/base/+/refs/heads/main/services/core/java/com/android/server/pm/PackageInstallerSession.java"},
		Fields: [][2]string{
			{"session", "its number"},
			{"historical", "it is over"},
			{"package", "what was installed"},
			{"installer", "the app that installed it"},
			{"installer_uid", "its user id; 2000 is the adb shell, 0 root"},
			{"originating", "address that the app came from, when the installer named one"},
			{"stage", "folder in which the files stood"},
			{"status", "status code of the end; 1 is success"},
			{"message", "what the system said at the end"},
			{"committed", "when it was committed"},
		},
		Parse: parseInstallSessions,
	})
}

// session is one session's block.
type session struct {
	place
	id         string
	historical bool
	text       strings.Builder
}

const maxSession = 64 << 10 // bytes of one session's block

func parseInstallSessions(src *artifact.Source, to *artifact.Sink) error {
	d := newDump(src, to)
	var s *session
	inside, historical, depth := false, false, 0
	flush := func() {
		if s != nil {
			s.emit(d)
		}
		s = nil
	}
	for line := range d.lines() {
		text := strings.TrimSpace(line)
		switch {
		case text == "Active install sessions:" || text == "Historical install sessions:" || text == "Finalized install sessions:":
			flush()
			inside, historical, depth = true, text[0] != 'A', indent(line)
		case !inside || text == "":
		case indent(line) <= depth:
			flush()
			inside = false
		case strings.HasPrefix(text, "Session ") && strings.HasSuffix(text, ":"):
			flush()
			s = &session{place: d.place(), id: strings.TrimSuffix(text[8:], ":"), historical: historical}
		case s != nil && s.text.Len() < maxSession:
			s.text.WriteString(text + " ")
		}
	}
	flush()
	return d.end()
}

func (s *session) emit(d *dump) {
	text := s.text.String()
	get := func(names ...string) string {
		for _, n := range names {
			if v := value(text, n+"="); v != "" && v != "null" {
				return v
			}
		}
		return ""
	}
	millis := func(name string) int64 {
		n, _ := strconv.ParseInt(get(name), 10, 64)
		return n
	}
	r := d.recordAt(s.place, artifact.Installed, at(unixMilli(millis("createdMillis"))))
	r.Set("session", s.id)
	if s.historical {
		r.Set("historical", true)
	}
	pkg := get("mPackageName", "appPackageName", "mAppPackageName")
	r.Set("package", pkg)
	r.Set("installer", get("installerPackageName", "mInstallerPackageName", "installInitiatingPackageName", "mOriginalInstallerPackageName"))
	r.Set("installer_uid", get("mInstallerUid", "mOriginalInstallerUid", "installerUid"))
	origin := get("originatingUri")
	r.Set("originating", origin)
	r.Set("stage", get("stageDir", "mStageDir"))
	r.Set("status", get("mFinalStatus", "mSessionErrorCode"))
	_, message, _ := strings.Cut(text, "mFinalMessage=")
	message, _, _ = strings.Cut(message, " params.")
	r.Set("message", strings.TrimPrefix(strings.TrimSpace(message), "null"))
	r.Set("committed", unixMilli(millis("committedMillis")))
	r.Observe(indicator.App, pkg)
	r.Link(origin)
	r.Observe(indicator.FilePath, get("stageDir", "mStageDir"))
	d.to.Emit()
}
