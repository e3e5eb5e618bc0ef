package heuristic

// Tags of Android's security log.
const (
	tagShellInteractive = 210001
	tagShellCommand     = 210002
	tagFilePulled       = 210003
	tagFilePushed       = 210004
	tagShutdown         = 210010
	tagLoggingStarted   = 210011
	tagLoggingStopped   = 210012
	tagWipeFailure      = 210023
	tagAuthority        = 210029
	tagKeyIntegrity     = 210032
	tagCertificate      = 210033
)

// securityLog describes the events of Android's security log.
var securityLog = []string{
	"https://developer.android.com/reference/android/app/admin/SecurityLog",
	"https://developer.android.com/about/versions/16/features",
}
