package report

import (
	"fmt"
	"math"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"github.com/ringfence/ringfence/hunt"
)

// words are the page's texts in one language. What a hunt says of a campaign is
// written in English, and marked as such.
type words struct {
	Code, Dir string
	Strengths map[hunt.Strength]string
	Means     map[hunt.Strength]string
	Outcome   map[string]string
	Feature   map[string]string
	Region    map[string]string
	Step      map[string]string // lengths of time of the drawing
	W         map[string]string
	regions   display.Namer

	all, nearly, half, none, in10, oneIn string // shares
	tenths                               [10]string
}

// wordsOf returns the words of the language that is asked for, or English.
func wordsOf(o Options) *words {
	if o.Language == "ar" {
		return arabic
	}
	return english
}

// share says a share so that a person can place it, without decimals.
func (w *words) share(s float64) string {
	switch ten := math.Round(s * 10); {
	case math.IsNaN(s) || s <= 0:
		return w.none
	case s >= 1:
		return w.all
	case s >= 0.95:
		return w.nearly
	case s < 0.095:
		return fmt.Sprintf(w.oneIn, count(int64(rounded(1/s))))
	case ten == 5:
		return w.half
	default:
		return fmt.Sprintf(w.in10, w.tenths[int(ten)])
	}
}

// rounded keeps two digits.
func rounded(f float64) float64 {
	f = min(f, 1e15)
	unit := math.Pow(10, max(0, math.Floor(math.Log10(f))-1))
	return math.Round(f/unit) * unit
}

// country is the name of a country; its code when it has none.
func (w *words) country(code string) string {
	if code == "" {
		return w.W["unknown"]
	}
	r, err := language.ParseRegion(code)
	if err != nil || !r.IsCountry() {
		return shown(code)
	}
	if name := w.regions.Name(r); name != "" {
		return name
	}
	return shown(code)
}

// of returns the word for a name that the hunt gives, or the name.
func of(words map[string]string, name string) string {
	if w := words[name]; w != "" {
		return w
	}
	return shown(name)
}

var english = &words{
	Code: "en", Dir: "ltr", regions: display.English.Regions(),
	all: "all", nearly: "nearly all", half: "half", none: "none", tenths: [10]string{"", "one", "two", "three", "four", "", "six", "seven", "eight", "nine"}, in10: "%s in ten", oneIn: "one in %s",
	Strengths: map[hunt.Strength]string{hunt.Strong: "strong", hunt.Moderate: "moderate", hunt.Weak: "weak"},
	Means: map[hunt.Strength]string{
		hunt.Strong:   "Chance does not make such a group among as many calls, and none of the innocent explanations that we know fits it.",
		hunt.Moderate: "There is one doubt; it stands under \u201cWhat speaks against it\u201d. Look before you act.",
		hunt.Weak:     "There are several doubts; they stand under \u201cWhat speaks against it\u201d. It may well be innocent.",
	},
	Outcome: map[string]string{"answered": "answered", "declined": "declined", "missed": "missed", "cancelled": "cancelled", "failed": "failed", "blocked": "held back", "other": "another"},
	Feature: map[string]string{},
	Region:  map[string]string{"north": "North and Central America", "south": "South America", "europe": "Europe", "africa": "Africa", "asia": "Asia", "oceania": "Oceania"},
	Step:    map[string]string{"1m0s": "one minute", "10m0s": "ten minutes", "1h0m0s": "one hour", "6h0m0s": "six hours", "24h0m0s": "one day", "168h0m0s": "one week", "672h0m0s": "four weeks", "8766h0m0s": "one year"},
	W: map[string]string{
		"title": "What the hunt found", "one": "One campaign was found", "many": "campaigns were found", "nothing": "No campaign was found",
		"nothingsays": "No group of accounts stands out in these records. That is no proof that there is none: what a hunt cannot see is described in docs/hunt.md.",
		"found":       "A campaign is a group of accounts that together try to reach people who do not know them, again and again, and never to talk. It is a reason to look, not a verdict on a person.",
		"pseudonyms":  "Accounts, targets and calls are named by the ids of the records; on a service's own records these are pseudonyms, which are not turned back into people here.",
		"records":     "Records read", "rejected": "Lines that are no records", "unread": "What could not be read", "absent": "Columns that are missing", "absentsays": "The features that need them are absent:",
		"explained": "Groups that stand out and are no campaign", "explainedsays": "They behave alike, and an innocent explanation fits them:", "list": "Campaigns", "campaign": "Campaign",
		"strength": "Strength", "since": "From", "until": "To", "accounts": "Accounts", "targets": "Targets", "attempts": "Attempts", "why": "Why these belong together",
		"features": "What the accounts share", "feature": "What", "here": "In the campaign", "everywhere": "Among everybody", "without": "Without it", "stands": "the group still stands out", "falls": "the group does not stand out any more", "unknownwithout": "not tried",
		"against": "What speaks against it", "nothingagainst": "None of the innocent explanations that we know fits.", "timeline": "Attempts in time", "each": "Each bar is", "most": "the highest is", "table": "As a table", "time": "Time (UTC)",
		"map": "Countries of the targets", "mapsays": "A square is a country, about where it lies on a map. Of how many targets the country is known:", "country": "Country", "unmapped": "Not on the map", "unknown": "not known",
		"graph": "Who tried whom", "graphsays": "Accounts on the left; on the right, targets that were tried by the same accounts. A line is as wide as there are targets.", "rest": "others", "mixed": "tried by various accounts", "lines": "thinner lines that are not drawn", "tied": "Targets that were tried by the same accounts",
		"hours": "Hours of the day", "hourssays": "When the attempts were made, in UTC", "hour": "Hour (UTC)", "target": "Target", "first": "First", "last": "Last", "outcome": "Outcome",
		"contact": "by a contact", "contactsays": "a contact's account made the call: it may have been taken over", "ring": "rang", "seconds": "s", "account": "Account", "prints": "Client prints", "networks": "Networks", "more": "more", "cut": "rows are not shown; all of them stand in what --json gives", "none": "none known",
		"tookwhile": "The hunt took", "from": "from", "to": "to", "tried": "tried", "people": "people", "times": "times", "only": "No attempt of it is kept.", "totop": "To the list", "withheld": "weaker campaigns are listed without drawings",
	},
}

var arabic = &words{
	Code: "ar", Dir: "rtl", regions: display.Arabic.Regions(),
	all: "الكل", nearly: "الكل تقريبًا", half: "النصف", none: "لا شيء", tenths: [10]string{"", "واحد", "اثنان", "ثلاثة", "أربعة", "", "ستة", "سبعة", "ثمانية", "تسعة"}, in10: "%s من كل عشرة", oneIn: "واحد من كل %s",
	Strengths: map[hunt.Strength]string{hunt.Strong: "قوية", hunt.Moderate: "متوسطة", hunt.Weak: "ضعيفة"},
	Means: map[hunt.Strength]string{
		hunt.Strong:   "لا تصنع المصادفة مجموعة كهذه بين هذا العدد من المكالمات، ولا ينطبق عليها أي تفسير بريء نعرفه.",
		hunt.Moderate: "هناك شك واحد، وهو مذكور تحت «ما يقال ضدها». تحقّق قبل أن تتصرف.",
		hunt.Weak:     "هناك عدة شكوك، وهي مذكورة تحت «ما يقال ضدها». قد تكون بريئة.",
	},
	Outcome: map[string]string{"answered": "أُجيبت", "declined": "رُفضت", "missed": "فائتة", "cancelled": "أُلغيت", "failed": "تعذّرت", "blocked": "حُجبت", "other": "غير ذلك"},
	Feature: map[string]string{
		"client print": "بصمة التطبيق", "client print and network": "بصمة التطبيق والشبكة", "network": "الشبكة", "client print and week of creation": "بصمة التطبيق وأسبوع الإنشاء",
		"client print and rhythm": "بصمة التطبيق والإيقاع", "network and rhythm": "الشبكة والإيقاع", "week of creation and rhythm": "أسبوع الإنشاء والإيقاع", "rhythm": "الإيقاع", "targets": "الأهداف",
		"strangers who never answered": "غرباء لم يجيبوا قط", "tried again within ten minutes": "تكرار المحاولة خلال عشر دقائق", "accounts of at most 30 days": "حسابات عمرها 30 يومًا على الأكثر",
	},
	Region: map[string]string{"north": "أمريكا الشمالية والوسطى", "south": "أمريكا الجنوبية", "europe": "أوروبا", "africa": "أفريقيا", "asia": "آسيا", "oceania": "أوقيانوسيا"},
	Step:   map[string]string{"1m0s": "دقيقة", "10m0s": "عشر دقائق", "1h0m0s": "ساعة", "6h0m0s": "ست ساعات", "24h0m0s": "يوم", "168h0m0s": "أسبوع", "672h0m0s": "أربعة أسابيع", "8766h0m0s": "سنة"},
	W: map[string]string{
		"title": "ما وجده البحث", "one": "وُجدت حملة واحدة", "many": "عدد الحملات التي وُجدت", "nothing": "لم توجد أي حملة",
		"nothingsays": "لا تبرز في هذه السجلات أي مجموعة من الحسابات. وليس هذا دليلًا على عدم وجودها: ما لا يستطيع البحث رؤيته موصوف في docs/hunt.md.",
		"found":       "الحملة مجموعة حسابات تحاول معًا الوصول إلى أناس لا يعرفونها، مرة بعد مرة، دون أن تريد الكلام. وهي سبب للتحقق، لا حكم على شخص.",
		"pseudonyms":  "تُسمّى الحسابات والأهداف والمكالمات بمعرّفات السجلات؛ وهي في سجلات الخدمة نفسها أسماء مستعارة لا تُردّ هنا إلى أصحابها.",
		"records":     "السجلات المقروءة", "rejected": "أسطر ليست سجلات", "unread": "ما تعذرت قراءته", "absent": "أعمدة ناقصة", "absentsays": "الخصائص التي تحتاج إليها غائبة:",
		"explained": "مجموعات بارزة ليست حملات", "explainedsays": "تتصرف بتشابه، وينطبق عليها تفسير بريء:", "list": "الحملات", "campaign": "الحملة",
		"strength": "القوة", "since": "من", "until": "إلى", "accounts": "الحسابات", "targets": "الأهداف", "attempts": "المحاولات", "why": "لماذا ترتبط هذه معًا",
		"features": "ما تشترك فيه الحسابات", "feature": "ماذا", "here": "في الحملة", "everywhere": "بين الجميع", "without": "من دونها", "stands": "تبقى المجموعة بارزة", "falls": "لا تعود المجموعة بارزة", "unknownwithout": "لم يُجرّب",
		"against": "ما يقال ضدها", "nothingagainst": "لا ينطبق أي تفسير بريء نعرفه.", "timeline": "المحاولات عبر الزمن", "each": "كل عمود يمثّل", "most": "وأعلاها", "table": "في جدول", "time": "الوقت (UTC)",
		"map": "بلدان الأهداف", "mapsays": "كل مربع بلد، في موضعه التقريبي على الخريطة. عدد الأهداف المعروف بلدها:", "country": "البلد", "unmapped": "خارج الخريطة", "unknown": "غير معروف",
		"graph": "من حاول الوصول إلى من", "graphsays": "الحسابات إلى اليسار، وإلى اليمين أهداف حاولت الوصول إليها الحسابات نفسها. عرض الخط بقدر عدد الأهداف.", "rest": "آخرون", "mixed": "من حسابات مختلفة", "lines": "خطوط أرفع لم تُرسم", "tied": "أهداف حاولت الوصول إليها الحسابات نفسها",
		"hours": "ساعات اليوم", "hourssays": "متى جرت المحاولات، بالتوقيت العالمي UTC", "hour": "الساعة (UTC)", "target": "الهدف", "first": "الأولى", "last": "الأخيرة", "outcome": "النتيجة",
		"contact": "من جهة اتصال", "contactsays": "أُجريت المكالمة من حساب جهة اتصال: ربما استُولي عليه", "ring": "رنّت", "seconds": "ث", "account": "الحساب", "prints": "بصمات التطبيق", "networks": "الشبكات", "more": "المزيد", "cut": "صفوف غير معروضة؛ كلها في ما يعطيه --json", "none": "لا شيء معروف",
		"tookwhile": "استغرق البحث", "from": "من", "to": "إلى", "tried": "حاولت الوصول إلى", "people": "أشخاص", "times": "مرات", "only": "لم تُحفظ أي محاولة.", "totop": "إلى القائمة", "withheld": "حملات أضعف مذكورة بلا رسوم",
	},
}
