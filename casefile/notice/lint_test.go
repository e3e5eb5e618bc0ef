package notice

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	wire "github.com/ringfence/ringfence/wire/notice"
)

func breaks(t *testing.T, f Facts, tag string, w wire.Wording, rule string) bool {
	t.Helper()
	faults, err := Check(f, tag, w)
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(faults, func(f Fault) bool { return f.Rule == rule })
}

// TestForbidden adds one sentence to the shipped text, which breaks no rule.
func TestForbidden(t *testing.T) {
	everywhere := map[string][]string{
		"never.link": {"https://example.org", "See www.example", "help@example", "t.me/abc", "evil-site.com", "example[.]org", "ｅｖｉｌ．ｃｏｍ", "evil。com", "chat.example.evil.com",
			"chat.example/notices/login", "1.2.3.4", "tel:1", "evil.\u200dcom"},
		"never.number": {"+1 (202) 555-0143", "0 800 123", "55512", "Dial 112", "1,400 of you", "٠١٢٣٤٥٦", "۰۲۱-۵۵۵", "4839-2071", "1-8-0-0-5"},
		"never.who":    {"NSO Group", "PEGASUS", "pégasus", "Paragon", "بيغاسوس", "פגסוס", "a government", "Peg\u00adasus", "N\u200cSO", "ＮＳＯ"},
		"never.country": {"Iran", "in Saudi Arabia", "ISRAEL", "the Mexican", "Palestine", "Türkiye",
			"Côte d’Ivoire", "Hong Kong", "U.S. and USA"},
	}
	own := map[string]map[string][]string{
		"en": {"never.who": {"state-sponsored", "the police", "governments"}, "never.others": {"hundreds of others"}, "never.hacked": {"Your phone was hacked.", "Your phone is infected."},
			"never.asks": {"Enter your password", "Click below", "Download our app", "see the attachment", "Call us"}, "never.detection": {"your IP address", "we saw RTP packets"}, "never.wipe": {"Please wipe it."},
			"never.outcome": {"It may have reached you."}},
		"es": {"never.who": {"el Gobierno", "la policía"}, "never.country": {"España", "marroquíes", "México"}, "never.others": {"otras víctimas"}, "never.hacked": {"fue hackeado"}, "never.asks": {"su contraseña", "haga clic"}, "never.detection": {"la dirección IP"}, "never.outcome": {"puede haber llegado"}},
		"fr": {"never.who": {"le gouvernement", "l'armée", "services de renseignement"}, "never.country": {"le Maroc", "Émirats", "israéliens"}, "never.others": {"d'autres victimes"}, "never.hacked": {"a été infecté"}, "never.asks": {"votre mot de passe", "cliquez"}, "never.detection": {"l'empreinte"}},
		"ar": {"never.who": {"الحكومة", "وحكومات", "بالمخابرات"}, "never.country": {"إيران", "وإسرائيل", "بالسعودية", "المصريّة", "مصر", "لمصر"}, "never.others": {"مئات"}, "never.hacked": {"تم اختراقه"}, "never.asks": {"كلمة السر", "انقر هنا"}, "never.detection": {"عنوان IP"}},
		"fa": {"never.who": {"دولت", "دولت\u200cها", "وزارت اطلاعات", "سپاه"}, "never.country": {"ایران", "ايران", "ایرانی\u200cها", "اسرائیل", "عربستان سعودی"}, "never.others": {"صدها نفر"}, "never.hacked": {"هک شده\u200cاید"}, "never.asks": {"رمز عبور", "کلیک کنید"}, "never.detection": {"آدرس IP"}},
		"he": {"never.who": {"הממשלה", "למשטרה", "שהמודיעין"}, "never.country": {"ישראל", "באיראן", "וסעודיה", "הישראלים"}, "never.others": {"מאות"}, "never.hacked": {"פרצו לטלפון"}, "never.asks": {"הסיסמה", "לחץ כאן"}, "never.detection": {"כתובת IP"}},
	}
	f := sampleFacts()
	for _, tag := range Languages() {
		shipped, err := Write(f, tag)
		if err != nil {
			t.Fatal(err)
		}
		for _, cases := range []map[string][]string{everywhere, own[tag]} {
			for rule, sentences := range cases {
				for _, s := range sentences {
					w := shipped
					w.Body += "\n\n" + s
					if !breaks(t, f, tag, w, rule) {
						t.Errorf("%s: %q does not break %s", tag, s, rule)
					}
				}
			}
		}
	}
}

func TestEveryCountryIsForbidden(t *testing.T) {
	f := sampleFacts()
	for _, tag := range Languages() {
		shipped, err := Write(f, tag)
		if err != nil {
			t.Fatal(err)
		}
		names := display.Regions(language.MustParse(tag))
		for _, code := range strings.Fields("AE AM AZ BH BR CN EG ES ET FR GB GR HU IL IN IQ IR IT JO KZ LB MA MX MY OM PK PL PS QA RU RW SA SD SV SY TH TN TR UA UG US VN YE ZW") {
			w := shipped
			w.Body = strings.Replace(w.Body, "\n\n", "\n\n("+names.Name(language.MustParseRegion(code))+") ", 1)
			if !breaks(t, f, tag, w, "never.country") {
				t.Errorf("%s: %s is not refused", tag, names.Name(language.MustParseRegion(code)))
			}
		}
	}
}

// TestRequired takes each sentence that the rules ask for out of the shipped text.
func TestRequired(t *testing.T) {
	for _, tag := range Languages() {
		for _, outcome := range []Outcome{Blocked, Possible} {
			f := sampleFacts()
			f.Outcome = outcome
			shipped, err := Write(f, tag)
			if err != nil {
				t.Fatal(err)
			}
			say := tongues()[tag].say(f, "")
			for _, part := range []string{"us", "same", "asks", "seen.call", f.outcome(), "step.keep", "step.talk", "step.update", "step.help", "confidential", "choice", "safety"} {
				w := shipped
				w.Body = strings.Replace(w.Body, say(part), "", 1)
				faults, err := Check(f, tag, w)
				if err != nil {
					t.Fatal(err)
				}
				if len(faults) == 0 {
					t.Errorf("%s, %s: without [%s] the text breaks no rule", tag, outcome, part)
				}
			}
			w := shipped
			w.Title = "Your phone"
			if !breaks(t, f, tag, w, "say.title") {
				t.Errorf("%s: another title breaks no rule", tag)
			}
			w = shipped
			w.Body = strings.Replace(w.Body, "\n2. ", "\n3. ", 1)
			if !breaks(t, f, tag, w, "form.steps") {
				t.Errorf("%s: steps out of order break no rule", tag)
			}
		}
	}
}

func TestFactsBringNothingIn(t *testing.T) {
	for what, change := range map[string]func(*Facts){
		"issuer that is a link":     func(f *Facts) { f.Issuer = "https://evil.example" },
		"issuer with a number":      func(f *Facts) { f.Issuer = "Call 5550143" },
		"issuer of a letter":        func(f *Facts) { f.Issuer = "a" },
		"issuer in two lines":       func(f *Facts) { f.Issuer = "chat\nexample" },
		"page with a scheme":        func(f *Facts) { f.Page = "https://chat.example" },
		"page that asks":            func(f *Facts) { f.Page = "chat.example/?id=1" },
		"helpline with a number":    func(f *Facts) { f.Helplines[0].Name = "Call 5550143 now" },
		"helpline that is a link":   func(f *Facts) { f.Helplines[0].Name = "evil.com" },
		"helpline twice":            func(f *Facts) { f.Helplines[1].Name = f.Helplines[0].Name },
		"helpline without capacity": func(f *Facts) { f.Helplines[0].Daily = 0 },
		"helpline of nowhere":       func(f *Facts) { f.Helplines[0].Region = "moon" },
		"no helpline for all":       func(f *Facts) { f.Helplines[0].Countries = []string{"XB"} },
		"no helpline":               func(f *Facts) { f.Helplines = nil },
		"outcome":                   func(f *Facts) { f.Outcome = "infected" },
		"seen":                      func(f *Facts) { f.Seen = "file" },
		"nothing done":              func(f *Facts) { f.Did = nil },
		"done twice":                func(f *Facts) { f.Did = []Action{Stopped, Stopped} },
		"window backwards":          func(f *Facts) { f.From, f.Until = f.Until, f.From },
		"no day":                    func(f *Facts) { f.From = "yesterday" },
	} {
		f := sampleFacts()
		f.Helplines = slices.Clone(f.Helplines)
		change(&f)
		if _, err := Write(f, "en"); err == nil {
			t.Errorf("%s is not refused", what)
		}
	}
	f := sampleFacts()
	f.Until = f.From
	for _, tag := range Languages() {
		w, err := Write(f, tag)
		if err != nil {
			t.Fatal(err)
		}
		if faults, err := Check(f, tag, w); err != nil || len(faults) > 0 {
			t.Errorf("%s: a window of one day: %v, %v", tag, faults, err)
		}
	}
}

func FuzzCheck(f *testing.F) {
	facts := sampleFacts()
	for i, tag := range Languages() {
		w, err := Write(facts, tag)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint8(i), w.Title, w.Body)
	}
	f.Add(uint8(0), "", "http\u200c://x.y 5 5 5 5 5 NSO")
	f.Fuzz(func(t *testing.T, i uint8, title, body string) {
		tag := Languages()[int(i)%len(Languages())]
		faults, err := Check(facts, tag, wire.Wording{Title: title, Body: body})
		if err != nil {
			t.Fatal(err)
		}
		if len(faults) > 0 {
			return
		}
		// What passes has no address and no number, whatever else it is.
		plain := strings.NewReplacer(facts.Page, "", facts.Issuer, "").Replace(title + "\n" + body)
		if strings.Contains(plain, "://") || strings.Contains(plain, "@") {
			t.Errorf("it has an address: %q", plain)
		}
		if !utf8.ValidString(body) {
			if _, err := (wire.Notice{Issuer: facts.Issuer, Issued: "2026-05-20", Wordings: map[string]wire.Wording{tag: {Title: title, Body: body}}}).Text(); err == nil {
				t.Error("what is no text has a form")
			}
		}
	})
}
