package android

import (
	"strings"

	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "android.intrusion_security",
		Title: "Intrusion log: processes, adb, screen lock, certificates, installations",
		Kinds: intrusion,
		Paths: intrusionPaths,
		Refs:  append([]string{"https://developer.android.com/reference/android/app/admin/SecurityLog", "https://android.googlesource.com/platform/frameworks/base/+/refs/heads/main/core/java/android/app/admin/SecurityLogTags.logtags"}, intrusionRefs...),
		Since: "Android 16",
		Fields: [][2]string{
			{"event", "what happened: adb_shell_cmd, app_process_start, logging_stopped, cert_authority_installed, ...; duplicates: how many events were left out because they stand in the log before"},
			{"id", "the event's number"},
			{"tag", "its number in Android's security log, 210001 to 210046; absent for one that is not known"},
			{"command", "of adb_shell_cmd: the command"},
			{"path", "of adb_sync_recv_file, adb_sync_send_file and media events: the file or folder"},
			{"process", "of app_process_start: the process"},
			{"package", "the app that it is about"},
			{"sha256", "of app_process_start: hash of the app's file"},
			{"uid", "user id"},
			{"pid", "process id"},
			{"success", "whether it succeeded"},
			{"subject", "of a certificate: whom it names"},
			{"reason", "why"},
			{"duplicates", "of duplicates: how many"},
			{"*", "other values of the event, under their own names"},
		},
		Parse: intrusionEvents(securityEvent, (*events).security),
	})
	for i, names := range securityNames {
		for name := range strings.FieldsSeq(names) {
			securityTags[name] = int64(210001 + i)
		}
	}
}

// securityNames are the events of Android's security log in the order of their
// tags, from 210001, as the log names them and as SecurityLogTags does.
var securityNames = [...]string{
	"adb_shell_interactive", "adb_shell_cmd adb_shell_command", "adb_sync_recv_file adb_sync_recv", "adb_sync_send_file adb_sync_send",
	"app_process_start", "keyguard_dismissed", "keyguard_dismiss_auth_attempt", "keyguard_secured", "os_startup", "os_shutdown",
	"logging_started", "logging_stopped", "media_mount media_mounted", "media_unmount media_unmounted", "log_buffer_size_critical",
	"password_expiration_set", "password_complexity_set", "password_history_length_set", "max_screen_lock_timeout_set",
	"max_password_attempts_set", "keyguard_disabled_features_set", "remote_lock", "wipe_failure wipe_failed",
	"key_generated", "key_import key_imported", "key_destruction key_destroyed", "user_restriction_added", "user_restriction_removed",
	"cert_authority_installed", "cert_authority_removed", "crypto_self_test_completed", "key_integrity_violation", "cert_validation_failure",
	"camera_policy_set", "password_complexity_required", "password_changed", "wifi_connection", "wifi_disconnection",
	"bluetooth_connection", "bluetooth_disconnection", "package_installed", "package_updated", "package_uninstalled",
	"backup_service_toggled", "nfc_enabled", "nfc_disabled",
}

var securityTags = map[string]int64{}

func (s *events) security() {
	r := s.record(artifact.Configured, moment{})
	n := 0
	s.w.object(func(key []byte) {
		switch string(key) {
		case "event_id":
			r.Set("id", s.w.number())
			return
		case "event_time":
			r.Time = eventTime(s.w.number())
			return
		case "event_type", "timestamp":
			return
		}
		name := s.names.text(key)
		if !s.w.begins('{') {
			s.detail(r, name)
			return
		}
		if n++; n == 1 {
			r.Set("event", s.names.value(key))
			r.Act = securityAct(name)
			if tag := securityTags[name]; tag != 0 {
				r.Set("tag", tag)
			}
		}
		s.w.object(func(key []byte) { s.detail(r, s.names.text(key)) })
	})
	if !s.w.bad {
		s.to.Emit()
	}
}

func securityAct(event string) artifact.Act {
	switch {
	case strings.HasPrefix(event, "adb_sync"), strings.HasPrefix(event, "media_"):
		return artifact.Present
	case strings.HasPrefix(event, "adb_"), event == "app_process_start":
		return artifact.Ran
	case strings.HasPrefix(event, "package_"):
		return artifact.Installed
	}
	return artifact.Configured
}

// detail reads one value of an event, and observes what may be an indicator.
func (s *events) detail(r *artifact.Record, key string) {
	raw := s.w.text()
	number, isNumber := digits(raw)
	switch key {
	case "process":
		process := s.names.value(raw)
		r.Set("process", process)
		observeProcess(r, process.(string))
		r.Set("package", s.names.value([]byte(packageIn(string(raw)))))
	case "package", "package_name":
		r.Set("package", s.names.value(raw))
		r.Observe(indicator.App, s.names.text(raw))
	case "sha256":
		sum := string(raw)
		r.Set("sha256", sum)
		r.Observe(indicator.SHA256, sum)
	case "path":
		r.Set("path", string(raw))
		r.Observe(indicator.FilePath, string(raw))
	case "command":
		s.command(r, string(raw))
	case "start_time":
		if t := eventTime(number); t != r.Time {
			r.Set("start_time", t)
		}
	default:
		switch {
		case string(raw) == "true" || string(raw) == "false":
			r.Set(key, raw[0] == 't')
		case isNumber && key == "success":
			r.Set(key, number == 1)
		case isNumber:
			r.Set(key, number)
		default:
			r.Set(key, s.names.value(raw))
		}
	}
}

// command reads a command that was sent over adb: the packages, files and
// links that it names are observed.
func (s *events) command(r *artifact.Record, command string) {
	r.Set("command", command)
	r.Links(command)
	for word := range strings.FieldsFuncSeq(command, func(c rune) bool { return strings.ContainsRune(" \t\n\"'`;|&()<>=,", c) }) {
		if strings.HasPrefix(word, "/") {
			r.Observe(indicator.FilePath, word)
			continue
		}
		if pkg, _, _ := strings.Cut(word, "/"); isPackage(pkg) && !strings.Contains(pkg, ".permission.") {
			r.Observe(indicator.App, pkg)
		}
	}
	program, _, _ := strings.Cut(command, " ")
	r.Observe(indicator.Process, program)
}
