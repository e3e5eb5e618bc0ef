package report

import (
	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/check"
)

// words are the frame's texts in one language. Findings themselves are written
// in English, and marked as such.
type words struct {
	Code, Dir string
	Title     string
	Verdict   map[check.Verdict]sentence
	Severity  [5]string
	State     map[check.State]string
	Act       map[artifact.Act]string
	Kind      map[acquisition.Kind]string
	W         map[string]string
}

// sentence is a verdict, what it means, and what to do.
type sentence struct{ Says, Means string }

var languages = map[string]*words{"en": english, "ar": arabic}

var english = &words{
	Code: "en", Dir: "ltr", Title: "Examination of a phone",
	Verdict: map[check.Verdict]sentence{
		check.Traces:       {"Traces of spyware were found.", "Something that belongs to published spyware was on this phone. An expert should confirm it: the findings below say what was seen and how sure one can be of each."},
		check.Attempted:    {"Somebody tried to attack this phone.", "There are signs of an attempt, such as a link that is known from attacks. Nothing that was read shows that it worked; that is not proof that it did not."},
		check.Suspicious:   {"Something is suspicious; an expert should look.", "Some records are not as they should be. There can be harmless reasons. None of it by itself is proof of an attack."},
		check.Nothing:      {"Nothing was found in what could be read.", "No published sign of spyware and nothing suspicious stands in the parts listed under \u201cWhat was looked at\u201d. That is no proof that the phone was never attacked: some attacks leave no trace in such a copy, and signs that nobody has published yet cannot be found."},
		check.Inconclusive: {"No answer: too much could not be read.", "Nothing was found, but the parts that matter could not be read. Make a new copy of the phone and examine that."},
	},
	Severity: [5]string{"info", "low", "medium", "high", "critical"},
	State:    map[check.State]string{check.Read: "read", check.Empty: "empty", check.Absent: "not in this copy", check.Damaged: "partly damaged", check.Unreadable: "could not be read"},
	Act: map[artifact.Act]string{artifact.Received: "received", artifact.Sent: "sent", artifact.Visited: "visited", artifact.Contacted: "contacted", artifact.Ran: "ran",
		artifact.Present: "present", artifact.Installed: "installed", artifact.Configured: "configured", artifact.Named: "named"},
	Kind: map[acquisition.Kind]string{acquisition.IOSBackup: "iOS backup", acquisition.IOSFileSystem: "iOS file system", acquisition.IOSSysdiagnose: "iOS sysdiagnose",
		acquisition.AndroidBugreport: "Android bugreport", acquisition.AndroidBackup: "Android backup", acquisition.AndroidQF: "androidqf acquisition", acquisition.AndroidIntrusionLogs: "Android intrusion logs"},
	W: map[string]string{
		"next": "What to do now", "next1": "Keep the phone. Do not reset, update or restart it, and do not delete anything: that destroys traces.",
		"next2":     "Talk about this on another device, not on this phone.",
		"next3":     "Ask a digital security helpline to look at this report and at the copy. Access Now's Digital Security Helpline and Amnesty International's Security Lab help journalists, lawyers and human-rights defenders; they are named here so that you find help, not because they know of this report.",
		"next0":     "Nothing has to be done now. If you were warned by Apple, Google or a messenger, or have another reason to worry, ask a helpline all the same. Keep the phone's system up to date; consider Lockdown Mode (iOS) or Advanced Protection (Android).",
		"nextAgain": "Make another copy of the phone, as complete as possible, and examine it. If it fails again, ask a helpline.",
		"phone":     "The phone and its copy", "file": "File", "device": "Device", "taken": "Copied on", "sha": "SHA-256", "examined": "Examined", "with": "with", "records": "records",
		"findings": "What was found", "nofindings": "Nothing was found.", "drawn": "When", "drawnalt": "The findings that have a time, in order of time", "notime": "findings have no known time",
		"what": "What was seen", "when": "When", "where": "Where", "row": "row", "offset": "at byte", "sign": "Published sign", "from": "from", "rule": "Heuristic", "meaning": "What it means", "do": "What to do",
		"record": "The record", "around": "Records just before and after", "unknown": "not known", "local": "the phone's own clock; its zone is not known", "deleted": "deleted, still found in", "rows": "deleted rows among them", "alike": "more records of the same", "repeats": "more records say the same; all are counted", "refs": "Published in", "anti": "Signs that traces were removed",
		"antisays": "These findings say that records which should be there are not. Alone they often have harmless reasons; together they weigh more.", "lowfindings": "Of little weight", "lowsays": "These are listed so that an expert sees them. They are common on ordinary phones.",
		"more": "More findings stand in findings.json", "coverage": "What was looked at", "coveragesays": "A copy of a phone holds only a part of it. This is what this copy can hold, and what became of each part.",
		"part": "Part", "incomplete": "files are listed in this copy and are not there: it is incomplete.", "state": "State", "count": "Records", "note": "Note", "short": "Short links", "shortsays": "These links lead to places that are not known: they were not followed, because asking would tell the one who made them. Some of the targets may be harmful.",
		"indicators": "Compared with", "noindicators": "No published indicators were loaded: only heuristics spoke. Load them with \u201cringfence indicators update\u201d and examine again.", "list": "List", "number": "Indicators", "updated": "Loaded",
		"inputs": "What was read, with fingerprints", "inputsays": "These are the SHA-256 sums of the files as they are stored. Whoever has the copy can compare them with sha256sum; all of them stand in manifest.json.", "all": "files; the first", "facts": "facts.age holds the technical values that were seen (addresses, names of programs and files), without texts, encrypted to the examiner, so that new indicators can be compared later without the phone.",
		"privacy": "This report names people's contacts and habits where a finding needs it. Give it only to those who help.", "of": "of", "summary": "In short", "timeline": "The full timeline was written with this consent:", "encrypted": "encrypted, opened with its password", "again": "Examined again with new indicators; the copy itself was read on",
	},
}

var arabic = &words{
	Code: "ar", Dir: "rtl", Title: "فحص هاتف",
	Verdict: map[check.Verdict]sentence{
		check.Traces:       {"عُثر على آثار برنامج تجسس.", "كان على هذا الهاتف شيء ينتمي إلى برنامج تجسس معروف. ينبغي أن يؤكده خبير: تشرح النتائج أدناه ما شوهد ومدى اليقين في كل منها."},
		check.Attempted:    {"حاول أحدهم مهاجمة هذا الهاتف.", "هناك علامات على محاولة، مثل رابط معروف من هجمات سابقة. لا يُظهر ما قُرئ أنها نجحت، وليس ذلك دليلاً على أنها لم تنجح."},
		check.Suspicious:   {"هناك ما يثير الشك؛ ينبغي أن ينظر فيه خبير.", "بعض السجلات ليست كما ينبغي. قد تكون الأسباب غير ضارة، ولا يُعد أي منها وحده دليلاً على هجوم."},
		check.Nothing:      {"لم يُعثر على شيء فيما أمكنت قراءته.", "لا توجد علامة منشورة على برنامج تجسس ولا شيء مريب في الأجزاء المذكورة تحت «ما الذي فُحص». ليس ذلك دليلاً على أن الهاتف لم يُهاجَم قط: بعض الهجمات لا تترك أثراً في نسخة كهذه، ولا يمكن العثور على علامات لم ينشرها أحد بعد."},
		check.Inconclusive: {"لا جواب: تعذرت قراءة الكثير.", "لم يُعثر على شيء، لكن الأجزاء المهمة تعذرت قراءتها. اصنع نسخة جديدة من الهاتف وافحصها."},
	},
	Severity: [5]string{"معلومة", "ضعيف", "متوسط", "مرتفع", "حرج"},
	State:    map[check.State]string{check.Read: "قُرئ", check.Empty: "فارغ", check.Absent: "ليس في هذه النسخة", check.Damaged: "تالف جزئياً", check.Unreadable: "تعذرت قراءته"},
	Act: map[artifact.Act]string{artifact.Received: "وصل", artifact.Sent: "أُرسل", artifact.Visited: "زيارة", artifact.Contacted: "اتصال", artifact.Ran: "تشغيل",
		artifact.Present: "موجود", artifact.Installed: "تثبيت", artifact.Configured: "إعداد", artifact.Named: "ذُكر"},
	Kind: map[acquisition.Kind]string{acquisition.IOSBackup: "نسخة احتياطية iOS", acquisition.IOSFileSystem: "نظام ملفات iOS", acquisition.IOSSysdiagnose: "تشخيص iOS",
		acquisition.AndroidBugreport: "تقرير أخطاء أندرويد", acquisition.AndroidBackup: "نسخة احتياطية أندرويد", acquisition.AndroidQF: "نسخة androidqf", acquisition.AndroidIntrusionLogs: "سجلات التسلل في أندرويد"},
	W: map[string]string{
		"next": "ماذا تفعل الآن", "next1": "احتفظ بالهاتف. لا تُعد ضبطه ولا تحدّثه ولا تعد تشغيله ولا تحذف شيئاً: ذلك يتلف الآثار.",
		"next2":     "تحدث عن هذا من جهاز آخر، لا من هذا الهاتف.",
		"next3":     "اطلب من خط مساعدة للأمن الرقمي النظر في هذا التقرير وفي النسخة. يساعد خط Access Now للأمن الرقمي ومختبر الأمن في منظمة العفو الدولية الصحفيين والمحامين والمدافعين عن حقوق الإنسان؛ ذُكرا هنا لتجد العون، لا لأنهما يعرفان هذا التقرير.",
		"next0":     "لا يلزم فعل شيء الآن. إن وصلك تحذير من Apple أو Google أو تطبيق مراسلة، أو كان لديك سبب آخر للقلق، فاسأل خط مساعدة على أي حال. أبقِ نظام الهاتف محدّثاً، وفكّر في وضع التأمين (iOS) أو الحماية المتقدمة (أندرويد).",
		"nextAgain": "اصنع نسخة أخرى من الهاتف، كاملة قدر الإمكان، وافحصها. إن فشلت مجدداً فاسأل خط مساعدة.",
		"phone":     "الهاتف ونسخته", "file": "الملف", "device": "الجهاز", "taken": "نُسخ في", "sha": "SHA-256", "examined": "فُحص", "with": "بواسطة", "records": "سجل",
		"findings": "ما عُثر عليه", "nofindings": "لم يُعثر على شيء.", "drawn": "متى", "drawnalt": "النتائج التي لها وقت، مرتبة زمنياً", "notime": "نتيجة بلا وقت معروف",
		"what": "ما شوهد", "when": "متى", "where": "أين", "row": "صف", "offset": "عند البايت", "sign": "علامة منشورة", "from": "من", "rule": "قاعدة", "meaning": "ماذا يعني", "do": "ما العمل",
		"record": "السجل", "around": "سجلات قبله وبعده مباشرة", "unknown": "غير معروف", "local": "ساعة الهاتف نفسه؛ المنطقة الزمنية غير معروفة", "deleted": "محذوف، ما زال موجوداً في", "rows": "منها صفوف محذوفة", "alike": "سجلات أخرى من النوع نفسه", "repeats": "سجلات أخرى تقول الشيء نفسه؛ كلها محسوبة", "refs": "منشور في", "anti": "علامات على إزالة آثار",
		"antisays": "تقول هذه النتائج إن سجلات ينبغي أن توجد غير موجودة. وحدها كثيراً ما تكون أسبابها غير ضارة؛ ومعاً يكون وزنها أكبر.", "lowfindings": "ذات وزن قليل", "lowsays": "ذُكرت ليراها الخبير. وهي شائعة في الهواتف العادية.",
		"more": "توجد نتائج أخرى في findings.json", "coverage": "ما الذي فُحص", "coveragesays": "لا تحوي نسخة الهاتف إلا جزءاً منه. هذا ما يمكن أن تحويه هذه النسخة، وما آل إليه كل جزء.",
		"part": "الجزء", "incomplete": "ملف مذكور في هذه النسخة وغير موجود: النسخة ناقصة.", "state": "الحالة", "count": "السجلات", "note": "ملاحظة", "short": "روابط مختصرة", "shortsays": "تقود هذه الروابط إلى أماكن غير معروفة: لم تُتبع، لأن السؤال عنها يُعلم من صنعها. قد يكون بعض الوجهات ضاراً.",
		"indicators": "قورن مع", "noindicators": "لم تُحمَّل مؤشرات منشورة: تكلمت القواعد وحدها. حمّلها بالأمر ringfence indicators update ثم افحص مجدداً.", "list": "القائمة", "number": "المؤشرات", "updated": "حُمّلت",
		"inputs": "ما قُرئ، مع بصماته", "inputsays": "هذه مجاميع SHA-256 للملفات كما هي مخزنة. يمكن لمن لديه النسخة مقارنتها بالأمر sha256sum؛ وكلها في manifest.json.", "all": "ملف؛ أولها", "facts": "يحوي facts.age القيم التقنية التي شوهدت (عناوين وأسماء برامج وملفات) دون نصوص، مشفرة للفاحص، لمقارنة مؤشرات جديدة لاحقاً دون الهاتف.",
		"privacy": "يذكر هذا التقرير معارف أشخاص وعاداتهم حيث تحتاج نتيجة إلى ذلك. لا تعطه إلا لمن يساعد.", "of": "من", "summary": "باختصار", "timeline": "كُتب الخط الزمني الكامل بهذه الموافقة:", "encrypted": "مشفرة، فُتحت بكلمة مرورها", "again": "فُحص مجدداً بمؤشرات جديدة؛ قُرئت النسخة نفسها في",
	},
}
