package android

import (
	"strings"

	"github.com/ringfence/ringfence/artifact"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "android.receivers",
		Title: "Receivers of all apps, and the events that start them",
		Kinds: dumps,
		Paths: dumpsys("package"),
		Refs:  []string{"https://developer.android.com/develop/background-work/background-tasks/broadcasts", "https://developer.android.com/reference/android/provider/Telephony.Sms.Intents"},
		Fields: [][2]string{
			{"intent", "the event that it is told of"},
			{"component", "the receiver"},
			{"package", "its app"},
			{"kind", "part of the table: Non-Data Actions, Schemes, Full MIME Types"},
			{"listens", "what that lets the app see: sms, outgoing_call, call, boot, packages or admin; absent for others"},
		},
		Parse: resolvers("Receiver Resolver Table:", func(r *artifact.Record, intent string) { r.Set("listens", listens[intent]) }),
	})
	for event, intents := range map[string]string{
		"sms": "android.provider.Telephony.SMS_RECEIVED android.provider.Telephony.SMS_DELIVER android.intent.action.DATA_SMS_RECEIVED " +
			"android.provider.Telephony.WAP_PUSH_RECEIVED android.provider.Telephony.WAP_PUSH_DELIVER android.provider.Telephony.SMS_CB_RECEIVED",
		"outgoing_call": "android.intent.action.NEW_OUTGOING_CALL",
		"call":          "android.intent.action.PHONE_STATE",
		"boot":          "android.intent.action.BOOT_COMPLETED android.intent.action.LOCKED_BOOT_COMPLETED android.intent.action.QUICKBOOT_POWERON",
		"packages":      "android.intent.action.PACKAGE_ADDED android.intent.action.PACKAGE_REPLACED android.intent.action.PACKAGE_REMOVED",
		"admin":         "android.app.action.DEVICE_ADMIN_ENABLED",
	} {
		for intent := range strings.FieldsSeq(intents) {
			listens[intent] = event
		}
	}
}

var listens = map[string]string{}
