package indicator

import (
	"net/netip"
	"strings"
	"unicode/utf8"
)

// bareLink reads a link without a scheme around s[at], which is a full stop or
// the bracket of an address. It begins at from, its authority ends at host, and
// it ends at end; when it is no link, host is from, and at least what stands
// before end need not be looked at again.
func bareLink(s string, floor, at int) (from, host, end int) {
	if s[at] == '[' {
		return bareAddress(s, at)
	}
	from, host = hostAround(s, floor, at)
	if host < len(s) && s[host] == ':' && !strings.HasPrefix(s[host:], "://") || host < len(s) && s[host] == '@' {
		if name := userEnd(s, host); name > 0 { // what was read is user-info
			_, host = hostAround(s, name, name)
			return checkedBare(s, from, name, host)
		}
	}
	name := from
	if from > floor && s[from-1] == '@' {
		for from > floor && class[s[from-1]]&(isUser|isLabel) != 0 || from == name && from > floor {
			from--
		}
	}
	return checkedBare(s, from, name, host)
}

// checkedBare tells whether the host in s[name:host] may be one, and reads the
// rest of the link.
func checkedBare(s string, from, name, host int) (int, int, int) {
	if cut := scriptChange(s[name:host]); cut > 0 {
		host = name + cut
	}
	rest := s[host:]
	reject := max(host, from)
	switch {
	case strings.HasPrefix(rest, "://"): // a scheme with a dot in it
		return from, from, host
	case !plausibleHost(s[name:host], rest):
		return from, from, reject
	case from > 0 && (s[from-1] == '\\' || s[from-1] == '/' && inFilePath(s[:from])):
		if i := strings.IndexAny(rest, ",;()[]{}'="); i >= 0 {
			return from, from, host + i
		}
		return from, from, len(s)
	}
	end := host + portEnd(rest)
	if end < len(s) && strings.IndexByte("/?#", s[end]) >= 0 {
		return from, host, max(host, linkEnd(s, from, end))
	}
	return from, host, end
}

// bareAddress reads an IPv6 address in brackets.
func bareAddress(s string, at int) (from, host, end int) {
	n := strings.IndexByte(s[at:min(len(s), at+64)], ']')
	if n < 0 {
		return at, at, at
	}
	a, err := netip.ParseAddr(s[at+1 : at+n])
	if err != nil || !a.Is6() {
		return at, at, at
	}
	host = at + n + 1
	end = host + portEnd(s[host:])
	if end < len(s) && strings.IndexByte("/?#", s[end]) >= 0 {
		end = max(host, linkEnd(s, at, end))
	}
	return at, host, end
}

// hostAround gives the labels around s[at]; two full stops in a row belong to no
// host.
func hostAround(s string, floor, at int) (from, to int) {
	for from = at; from > floor; from-- {
		if b := s[from-1]; !is(b, isLabel) && (b != '.' || s[from] == '.') {
			break
		}
	}
	for to = at; to < len(s); to++ {
		if b := s[to]; !is(b, isLabel) && (b != '.' || to > from && s[to-1] == '.') {
			break
		}
	}
	for from < to && strings.IndexByte(".-_", s[from]) >= 0 {
		from++
	}
	for to > from && (s[to-1] == '.' || s[to-1] == '-') {
		to--
	}
	return from, to
}

// userEnd gives where the host begins when s[at:] is the end of user-info
// ("@host", ":password@host"), and 0 when it is not.
func userEnd(s string, at int) int {
	for i := at; i < min(len(s), at+256); i++ {
		switch b := s[i]; {
		case b == '@':
			if i+1 < len(s) && is(s[i+1], isLabel) {
				return i + 1
			}
			return 0
		case !is(b, isLabel|isUser):
			return 0
		}
	}
	return 0
}

// portEnd is the length of ":443", and 0 when there is none.
func portEnd(s string) int {
	n := 1
	for n < len(s) && n < 6 && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	if n == 1 || s[0] != ':' || n < len(s) && is(s[n], isLabel) {
		return 0
	}
	return n
}

// inFilePath tells whether what stands before a name is the folder of a file,
// "/private/var/" or "./", and not the two slashes of a link without its scheme.
func inFilePath(before string) bool {
	if strings.HasSuffix(before, "//") {
		return false
	}
	run := before[strings.LastIndexAny(before, ",;()[]{}'=")+1:]
	return run != "" && strings.IndexByte("/.~", run[0]) >= 0 || len(run) > 1 && run[1] == ':'
}

// plausibleHost tells whether a name without a scheme may be a host; rest is
// what follows it.
func plausibleHost(host, rest string) bool {
	last := strings.LastIndexByte(host, '.')
	if last <= 0 || len(host) > 253 {
		return false
	}
	label := 0
	for i := 0; i <= len(host); i++ {
		if i < len(host) && host[i] != '.' {
			continue
		}
		if i == label || i-label > 63 && host[label] < utf8.RuneSelf {
			return false
		}
		label = i + 1
	}
	return plausibleTop(host[last+1:], rest != "" && rest[0] == '/' || hasWWW(host)) || isIPv4(host)
}

// plausibleTop tells whether a label may be a top-level domain. A file's ending
// may be one only where there is more to say that it is a link.
func plausibleTop(label string, sure bool) bool {
	if label[0] >= utf8.RuneSelf {
		return localTops[label]
	}
	if len(label) > 4 && strings.EqualFold(label[:4], "xn--") {
		return true
	}
	if len(label) < 2 || len(label) > 24 {
		return false
	}
	var lower [24]byte
	for i := range len(label) {
		b := label[i] | 0x20
		if b < 'a' || b > 'z' {
			return false
		}
		lower[i] = b
	}
	return sure || !fileEndings[string(lower[:len(label)])]
}

func hasWWW(host string) bool { return len(host) > 4 && strings.EqualFold(host[:4], "www.") }

func isIPv4(host string) bool {
	if host[0] < '0' || host[0] > '9' {
		return false
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Is4()
}

func words(list string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(list) {
		set[w] = true
	}
	return set
}

// fileEndings are common endings of files that are no top-level domains
// (https://data.iana.org/TLD/tlds-alpha-by-domain.txt).
var fileEndings = words(`html htm xhtml php asp aspx jsp js mjs css json jsonl xml txt text pdf doc docx xls xlsx ppt pptx
	odt ods csv tsv rtf jpg jpeg png gif svg webp heic heif bmp tif tiff ico mp3 mp4 m4a m4v wav avi mkv ogg opus webm caf amr
	aac flac db sqlite sqlitedb storedata plist log conf cfg ini bak tmp temp cache apk ipa aab exe dll dylib bin dat gz tar
	tgz bz2 xz rar iso dmg pkg deb rpm jar dex class java kt swift cpp hpp go ts tsx jsx lua sql yaml yml toml lock pem crt cer
	der vcf ics eml ips synced tracev3 msg epub mobi nib strings asset car metallib mobileprovision bundle framework xpc wal shm`)

// localTops are the top-level domains that are not in ASCII, of the same list.
var localTops = words(`рф рус срб укр бел мкд мон қаз бг ею москва онлайн сайт дети орг ком католик 中国 中國 香港 台湾 台灣 新加坡 澳門 公司
	网络 網絡 网址 网站 網站 在线 中文网 我爱你 商城 商标 商店 政务 公益 集团 餐厅 企业 移动 游戏 手机 信息 娱乐 世界 佛山 广东 组织机构 机构 时尚 购物 招聘 慈善 八卦
	健康 新闻 联通 网店 亚马逊 家電 食品 嘉里 한국 닷컴 닷넷 삼성 みんな コム セール ファッション ストア クラウド ポイント グーグル アマゾン भारत भारतम् भारोत संगठन नेट कॉम
	বাংলা ভারত ভাৰত ਭਾਰਤ ભારત ଭାରତ భారత్ ಭಾರತ ഭാരതം ලංකා இலங்கை இந்தியா சிங்கப்பூர் ไทย คอม ລາວ გე հայ ελ ευ
	امارات السعودية مصر قطر عمان الاردن فلسطين تونس المغرب الجزائر سورية سوريا سودان عراق ایران پاکستان بھارت بارت ڀارت مليسيا موريتانيا اليمن
	البحرين موقع شبكة بازار كوم عرب همراه ابوظبي كاثوليك العليان ارامكو اتصالات קום ישראל`)
