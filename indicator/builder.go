package indicator

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// Builder makes a Set.
type Builder struct {
	set *Set
}

// What a set holds at most, besides plain indicators.
const (
	maxCompounds = 10_000
	maxValue     = 8 << 10 // bytes of one value
)

// NewBuilder makes a Builder of an empty Set.
func NewBuilder() *Builder {
	return &Builder{&Set{entries: newEntries()}}
}

// Set gives the set of what was added; the builder must not be used any more.
func (b *Builder) Set() *Set { return b.set }

// Compile makes a set of indicators; those that it refuses are in the errors, in
// their order, and nil stands for the others.
func Compile(indicators []Indicator) (*Set, []error) {
	b := NewBuilder()
	errs := make([]error, len(indicators))
	for i, ind := range indicators {
		errs[i] = b.Add(ind)
	}
	return b.Set(), errs
}

// Add adds an indicator. Of one without a Type, all of the Pattern is added; of
// one whose Value is its Pattern, what is compound in it. It refuses what names nothing, and what is too general to be a sign
// of anything: a public suffix, a shortener, the folder of all apps.
func (b *Builder) Add(ind Indicator) error {
	if ind.Type == 0 || ind.Value == ind.Pattern && ind.Pattern != "" {
		return b.addPattern(ind, ind.Type == 0)
	}
	return b.add(ind, 0)
}

// addPattern adds the parts of a pattern of which any one is enough.
func (b *Builder) addPattern(ind Indicator, all bool) error {
	root, err := parsePattern(ind.Pattern)
	if err != nil {
		return err
	}
	plain, compounds, refused := split(root, ind.Pattern)
	if !all {
		plain, refused = nil, nil
	}
	for _, p := range plain {
		p.Malware, p.Source, p.ID, p.ValidFrom, p.ValidUntil = ind.Malware, ind.Source, ind.ID, ind.ValidFrom, ind.ValidUntil
		if err := b.add(p, 0); err != nil {
			refused = append(refused, fmt.Errorf("%q: %w", p.Value, err))
		}
	}
	for part, n := range compounds {
		if err := b.addCompound(n, part, ind); err != nil {
			refused = append(refused, err)
		}
	}
	return errors.Join(refused...)
}

// addCompound adds a compound expression, and its equalities as hidden entries.
func (b *Builder) addCompound(n *node, part int, ind Indicator) error {
	s := b.set
	if len(s.compounds) >= maxCompounds {
		return fmt.Errorf("more than %d compound patterns in one set", maxCompounds)
	}
	c, err := newCompound(n, ind)
	if err != nil {
		return err
	}
	number := len(s.compounds)
	for i, n := range c.order {
		l := c.leaves[n]
		if !l.isEquality() || l.typ == propertyValue {
			continue
		}
		for _, v := range l.values {
			hidden := Indicator{Type: l.typ, Value: v, Source: strconv.Itoa(number) + ":" + strconv.Itoa(i)}
			if err := b.add(hidden, isHidden); err != nil {
				return fmt.Errorf("%q: %w", v, err)
			}
		}
	}
	c.part = part
	s.compounds = append(s.compounds, c)
	s.triggers |= c.types
	s.count++
	return nil
}

// add adds an indicator under its keys.
func (b *Builder) add(ind Indicator, flags byte) error {
	if len(ind.Value) > maxValue || len(ind.Malware)+len(ind.Source)+len(ind.ID) > maxValue || len(ind.Pattern) > maxPattern {
		return fmt.Errorf("value of %d bytes, at most %d", len(ind.Value), maxValue)
	}
	v := strings.TrimSpace(ind.Value)
	if v == "" {
		return errors.New("no value")
	}
	if n := ind.Type.hashSize(); n > 0 {
		key, ok := appendHash(nil, v, n)
		if !ok {
			return fmt.Errorf("no %s: it has %d hex digits", ind.Type, 2*n)
		}
		return b.put(keyHash+byte(ind.Type), key, flags, ind)
	}
	switch ind.Type {
	case Domain:
		return b.addDomain(v, flags, ind)
	case IPv4, IPv6:
		return b.addAddress(v, flags, ind)
	case URL:
		return b.addURL(v, flags, ind)
	case Email:
		e, ok := emailOf(v)
		if !ok {
			return errors.New("no e-mail address")
		}
		return b.put(keyEmail, lowerASCII(e), flags, ind)
	case Process:
		return b.addProcess(v, flags, ind)
	case FilePath:
		return b.addPath(v, flags, ind)
	case FileName:
		if strings.Contains(v, "/") {
			return b.addPath(v, flags, ind)
		}
		return b.put(keyName, []byte(v), flags, ind)
	case App:
		return b.put(keyApp, lowerASCII(v), flags, ind)
	case Profile:
		return b.put(keyProfile, []byte(v), flags, ind)
	case Property:
		return b.put(keyProperty, []byte(v), flags, ind)
	}
	return fmt.Errorf("type %d is none that indicators have", ind.Type)
}

// lowerASCII is the form in which what has no case is looked up.
func lowerASCII(s string) []byte {
	b := []byte(s)
	for i := range b {
		b[i] = lowerByte(b[i])
	}
	return b
}

func (b *Builder) put(kind byte, key []byte, flags byte, ind Indicator) error {
	again, err := b.mark(kind, key, flags, ind)
	if err == nil && !again && flags&isHidden == 0 {
		b.set.count++
	}
	return err
}

// mark adds a key that counts for nothing.
func (b *Builder) mark(kind byte, key []byte, flags byte, ind Indicator) (bool, error) {
	if len(key) == 0 {
		return false, errors.New("no value")
	}
	again, err := b.set.entries.add(kind, key, flags, ind)
	if err == nil {
		b.set.kinds[kind] = true
	}
	return again, err
}

// addDomain adds a host, and what was published as one but is an address or a
// link.
func (b *Builder) addDomain(v string, flags byte, ind Indicator) error {
	if isDefanged(v) {
		v = refang(v)
	}
	v = strings.TrimPrefix(strings.TrimPrefix(v, "*"), ".")
	a := splitURL(v)
	if _, err := netip.ParsePrefix(v); err == nil {
		return b.addAddress(v, flags, ind)
	}
	if _, err := netip.ParseAddr(v); err == nil {
		return b.addAddress(v, flags, ind)
	}
	if _, err := netip.ParseAddr(a.host); err == nil && strings.Trim(a.rest, "/") == "" {
		return b.addAddress(a.host, flags, ind)
	}
	if strings.Trim(a.rest, "/") != "" {
		ind.Type = URL
		return b.addPlace(a, true, flags, ind)
	}
	host := string(appendHost(nil, a.host))
	if err := checkHost(host); err != nil {
		return err
	}
	if bare, ok := strings.CutPrefix(host, "www."); ok && strings.Contains(bare, ".") {
		if !isPublicSuffix(bare) {
			host, flags = bare, flags|onlyWWW
		}
	}
	if err := tooGeneral(host); err != nil {
		return err
	}
	return b.put(keyHost, []byte(host), flags, ind)
}

// checkHost refuses what can be no host.
func checkHost(host string) error {
	if len(host) > 253 || host == "" || strings.ContainsAny(host, " /\\@:?#<>\"'()[]{},;|=*") || strings.Contains(host, "..") || host[0] == '.' {
		return fmt.Errorf("%.80q is no host name", host)
	}
	return nil
}

func isPublicSuffix(host string) bool {
	suffix, _ := publicsuffix.PublicSuffix(host)
	return suffix == host
}

// tooGeneral refuses hosts under which everybody's pages are.
func tooGeneral(host string) error {
	switch {
	case !strings.Contains(host, "."):
		return fmt.Errorf("too general: %q is one label", host)
	case shorteners[host] || givesSubdomains[host]:
		return fmt.Errorf("too general: %q is a link shortener", host)
	case isPublicSuffix(host):
		return fmt.Errorf("too general: %q is a public suffix", host)
	case platforms[host]:
		return fmt.Errorf("too general: %q is a platform of everybody", host)
	}
	return nil
}

// platforms are sites that are in nearly every history.
var platforms = words(`google.com www.google.com apple.com icloud.com microsoft.com live.com office.com outlook.com amazon.com facebook.com instagram.com
	whatsapp.com whatsapp.net twitter.com x.com tiktok.com youtube.com wikipedia.org yahoo.com bing.com linkedin.com reddit.com telegram.org
	signal.org gmail.com googleapis.com gstatic.com googleusercontent.com akamaihd.net cloudfront.net github.com gitlab.com dropbox.com baidu.com
	qq.com yandex.ru vk.com mail.ru netflix.com zoom.us play.google.com apps.apple.com docs.google.com drive.google.com youtu.be t.me m.me wa.me
	pinterest.com snapchat.com discord.com paypal.com ebay.com aliexpress.com cloudflare.com akamai.net fbcdn.net mozilla.org duckduckgo.com`)

// addAddress adds an IP address or a CIDR.
func (b *Builder) addAddress(v string, flags byte, ind Indicator) error {
	v = strings.Trim(v, "[]")
	if isDefanged(v) {
		v = refang(v)
	}
	prefix, err := netip.ParsePrefix(v)
	if err != nil {
		a, err := netip.ParseAddr(v)
		if err != nil {
			return fmt.Errorf("%.80q is no address", v)
		}
		a = a.Unmap().WithZone("")
		prefix = netip.PrefixFrom(a, a.BitLen())
	}
	if a := prefix.Addr(); a.Is4In6() && prefix.Bits() >= 96 {
		prefix = netip.PrefixFrom(a.Unmap(), prefix.Bits()-96)
	}
	prefix = prefix.Masked()
	a := prefix.Addr()
	if a.IsUnspecified() || a.IsLoopback() || a.IsMulticast() || a.IsPrivate() || a.IsLinkLocalUnicast() {
		return fmt.Errorf("too general: %s is an address that every network has", v)
	}
	if a.Is4() && prefix.Bits() < 8 || a.Is6() && prefix.Bits() < 19 {
		return fmt.Errorf("too general: %s", v)
	}
	if ind.Type = IPv6; a.Is4() {
		ind.Type = IPv4
	}
	key := a.As16()
	if prefix.IsSingleIP() {
		return b.put(keyAddress, key[:], flags, ind)
	}
	b.set.addBits(a.Is4(), prefix.Bits())
	return b.put(keyNetwork, append(key[:], byte(prefix.Bits())), flags, ind)
}

// addURL adds a link. One whose path ends in a slash, or that has no path, names
// all that is below it; any other only itself.
func (b *Builder) addURL(v string, flags byte, ind Indicator) error {
	if isDefanged(v) {
		v = refang(v)
	}
	if s, ok := strings.CutPrefix(v, "hxxp"); ok {
		v = "http" + s
	}
	a := splitURL(v)
	if e, ok := emailOf(v); ok && (a.scheme == "" || strings.EqualFold(a.scheme, "mailto")) {
		ind.Value, ind.Type = e, Email
		return b.put(keyEmail, lowerASCII(e), flags, ind)
	}
	path := a.rest
	if i := strings.IndexByte(path, '#'); i >= 0 {
		path = path[:i]
	}
	under := !strings.Contains(path, "?") && (path == "" || strings.HasSuffix(path, "/"))
	if strings.Trim(path, "/") == "" && a.isWeb() && tooGeneral(string(appendHost(nil, a.host))) != nil {
		if _, ok := parseAddress(a.host); !ok {
			under = false
		}
	}
	return b.addPlace(a, under, flags, ind)
}

// addPlace adds where a link leads, and the mark of its host.
func (b *Builder) addPlace(a address, under bool, flags byte, ind Indicator) error {
	host := appendMarkHost(nil, a.host)
	if err := checkHost(string(host)); err != nil {
		if _, ok := parseAddress(a.host); !ok {
			return err
		}
	}
	if _, err := b.mark(keyURLHost, host, isHidden, Indicator{Type: URL}); err != nil {
		return err
	}
	kind := byte(keyURL)
	if under {
		kind = keyUnder
	}
	return b.put(kind, appendPlace(nil, a), flags, ind)
}

// appendMarkHost appends the host, or the address in its one form.
func appendMarkHost(b []byte, host string) []byte {
	if ip, ok := parseAddress(host); ok {
		return ip.AppendTo(b)
	}
	return appendHost(b, host)
}

// cutLength is where the kernel of iOS cuts the name of a process
// (MAXCOMLEN, XNU bsd/sys/param.h).
const cutLength = 16

func (b *Builder) addProcess(v string, flags byte, ind Indicator) error {
	if strings.HasPrefix(v, "/") {
		return b.addPath(v, flags, ind)
	}
	name := baseName(v)
	if err := b.put(keyProcess, []byte(name), flags, ind); err != nil || len(name) <= cutLength {
		return err
	}
	_, err := b.mark(keyCut, []byte(name[:cutLength]), flags, ind)
	return err
}

// addPath adds an absolute path, and what is below it, or the end of a path.
func (b *Builder) addPath(v string, flags byte, ind Indicator) error {
	v = strings.TrimSuffix(v, "*")
	if !strings.HasPrefix(v, "/") {
		v = strings.TrimPrefix(v, "~/")
		name := baseName(v)
		if strings.Trim(v, "/") == name {
			return b.put(keyName, []byte(name), flags, ind)
		}
		return b.put(keyTail, []byte(name), flags, ind)
	}
	p := plainPath(v)
	if p == "/" || slices.Contains(generalFolders, p) {
		return fmt.Errorf("too general: %q is on every device", v)
	}
	return b.put(keyPath, []byte(p), flags, ind)
}

// generalFolders are on every device; their content is no sign of anything.
var generalFolders = strings.Fields(`/private /var /var/mobile /var/root /var/db /var/tmp /var/log /var/containers /var/containers/Bundle
	/var/containers/Bundle/Application /var/mobile/Library /var/mobile/Media /var/mobile/Media/DCIM /var/mobile/Containers
	/var/mobile/Containers/Data /var/mobile/Containers/Data/Application /var/mobile/Containers/Shared /var/mobile/Containers/Shared/AppGroup
	/var/mobile/Library/Caches /var/mobile/Library/Preferences /var/Keychains /var/run /var/preferences /var/installd /tmp /etc /System /System/Library /Applications
	/Library /usr /usr/bin /usr/lib /usr/libexec /usr/sbin /bin /sbin /dev /proc /sys /data /data/app /data/data /data/local /data/local/tmp
	/data/media /data/media/0 /data/system /data/user /data/user/0 /system /system/app /system/priv-app /system/bin /system/xbin /system/lib
	/system/lib64 /vendor /product /sdcard /storage /storage/emulated /storage/emulated/0 /storage/emulated/0/Download /sdcard/Download /mnt`)
