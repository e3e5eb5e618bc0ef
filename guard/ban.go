package guard

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ringfence/ringfence/wire"
)

// BanKind says what a ban is of.
type BanKind string

// The kinds of bans. Only that of an account shuts anybody out; those of a print
// or a network raise flags, and that of terms is named in the terms of service.
const (
	BanAccount BanKind = "account"
	BanPrint   BanKind = "print"
	BanNetwork BanKind = "network" // "203.0.113.0/24", "2001:db8::/32" or "AS64500"
	BanTerms   BanKind = "terms"   // a party whom the terms of service exclude
)

// How long bans last that are not told otherwise, and the longest that one may.
const (
	BanDefault  = 365 * 24 * time.Hour // of an account, or by terms
	BroadBan    = 30 * 24 * time.Hour  // of a print or a network
	LongestBan  = 10 * 365 * 24 * time.Hour
	LongestWide = 365 * 24 * time.Hour // of a print or a network
)

// Sizes of what people write, in characters.
const (
	MaxAppeal    = 2000
	MaxBanReason = 1000
	maxBanName   = 100
	maxExhibits  = 100
)

// What can be wrong with an act about a ban.
var (
	ErrBanned   = errors.New("a ban of this account is in force; lift the ban instead of the block")
	ErrBanOver  = errors.New("the ban is over")
	ErrAppealed = errors.New("there is an appeal already")
	ErrNoAppeal = errors.New("there is no appeal to decide on")
	ErrSecond   = errors.New("the second person must be another than the first, and is needed once")
	ErrDecided  = errors.New("it is decided already")
)

// ErrShared says that others share what is to be banned: so many ordinary accounts,
// or -1 where it is not known how many.
type ErrShared int

// Error implements error.
func (n ErrShared) Error() string {
	if n < 0 {
		return "how many ordinary accounts share this is not known, because addresses are not kept"
	}
	return fmt.Sprintf("%d ordinary accounts showed the same in the last thirty days", int(n))
}

// AppealState is where an appeal against a ban stands.
type AppealState string

// The states of an appeal.
const (
	NoAppeal     AppealState = "none"
	AppealAsked  AppealState = "asked"
	AppealUpheld AppealState = "upheld" // the ban stays
	AppealLifted AppealState = "lifted" // the ban was lifted
)

// Appeal is what a banned person says against the ban, once, and what came of it.
type Appeal struct {
	State   AppealState `json:"state"`
	Text    string      `json:"text,omitempty"`
	At      time.Time   `json:"at,omitzero"`
	Decided time.Time   `json:"decided,omitzero"`
	By      string      `json:"by,omitempty"`
	Reason  string      `json:"reason,omitempty"`
}

// Ban is a ban as its acts leave it. It is never deleted.
type Ban struct {
	ID         string    `json:"id"` // "B-2026-0001"
	Kind       BanKind   `json:"kind"`
	Value      string    `json:"value"`           // of an account its id
	Name       string    `json:"name,omitempty"`  // the account's name when it was banned
	Terms      string    `json:"terms,omitempty"` // the version from which on the party is excluded
	Reason     string    `json:"reason"`
	Case       string    `json:"case,omitempty"` // "K-2026-0001"
	Evidence   []string  `json:"evidence"`       // "E-0001"
	By         []string  `json:"by"`             // a print or network needs two
	Asked      time.Time `json:"asked"`          // when the first of them added it
	Since      time.Time `json:"since,omitzero"` // zero: it waits for a second person
	Until      time.Time `json:"until,omitzero"` // zero: without end
	Shared     int       `json:"shared"`         // ordinary accounts that shared it when it was added; -1: not known
	Appeal     Appeal    `json:"appeal"`
	Lifted     time.Time `json:"lifted,omitzero"`
	LiftedBy   string    `json:"lifted_by,omitempty"`
	LiftReason string    `json:"lift_reason,omitempty"`

	UID wire.ID `json:"-"` // the same on every node
}

// Broad tells whether more than one account may be met: by a print or a network.
func (b Ban) Broad() bool { return b.Kind == BanPrint || b.Kind == BanNetwork }

// InForce tells whether the ban holds at a time.
func (b Ban) InForce(at time.Time) bool {
	return !b.Since.IsZero() && b.Lifted.IsZero() && (b.Until.IsZero() || at.Before(b.Until))
}

// State says in a word where the ban stands: "waiting" for a second person, "in
// force", "lifted" or "expired".
func (b Ban) State(at time.Time) string {
	switch {
	case !b.Lifted.IsZero():
		return "lifted"
	case !b.Until.IsZero() && !at.Before(b.Until):
		return "expired"
	case b.Since.IsZero():
		return "waiting"
	}
	return "in force"
}

// BlockReason is the reason of the block by which a ban of an account is kept.
func (b Ban) BlockReason() string { return BlockReason(b.ID) + b.Reason }

// BlockReason begins the reason of each block that is a ban's.
func BlockReason(id string) string { return "ban " + id + ": " }

// Meets tells whether what is seen of a client is what a broad ban names.
func (b Ban) Meets(print, network string, addr netip.Addr) bool {
	switch {
	case b.Kind == BanPrint:
		return print != "" && b.Value == print
	case b.Kind != BanNetwork:
		return false
	case strings.HasPrefix(b.Value, "AS"):
		return b.Value == network
	}
	p, err := netip.ParsePrefix(b.Value)
	return err == nil && p.Contains(addr.Unmap())
}

var (
	caseID    = regexp.MustCompile(`^K-[0-9]{4}-[0-9]{4,6}$`)
	exhibitID = regexp.MustCompile(`^E-?[0-9]{1,8}$`)
	printText = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{1,80}$`)
	banID     = regexp.MustCompile(`^B-[0-9]{4}-[0-9]{4,8}$`)
)

// Check says what is wrong with a ban that is to be added, whose times are set;
// its value is brought into the one form in which it is compared.
func (b *Ban) Check() error {
	if err := b.checkValue(); err != nil {
		return err
	}
	switch {
	case !written(b.Reason, MaxBanReason):
		return fmt.Errorf("a ban needs a reason, of at most %d characters", MaxBanReason)
	case b.Case != "" && !caseID.MatchString(b.Case):
		return fmt.Errorf("a case is written K-2026-0001, not %q", b.Case)
	case len(b.Evidence) > maxExhibits || slices.ContainsFunc(b.Evidence, func(e string) bool { return !exhibitID.MatchString(e) }):
		return fmt.Errorf("evidence is named E-0001, at most %d times", maxExhibits)
	case len(b.Name) > maxBanName:
		return errors.New("a ban names an account with a name that is too long")
	case len(b.Evidence) > 0 && b.Case == "":
		return errors.New("exhibits are numbered in a case: name the case as well")
	case len(b.By) == 0 || len(b.By) > 2 || slices.ContainsFunc(b.By, func(n string) bool { return !written(n, maxBanName) }):
		return errors.New("a ban is by one or two persons, with their names")
	case len(b.By) == 2 && strings.EqualFold(strings.TrimSpace(b.By[0]), strings.TrimSpace(b.By[1])):
		return ErrSecond
	}
	return b.checkTimes()
}

func (b *Ban) checkTimes() error {
	longest := LongestBan
	if b.Broad() {
		longest = LongestWide
		if b.Until.IsZero() {
			return errors.New("a ban of a print or a network must have an end: give one with until")
		}
	}
	if !b.Until.IsZero() && (!b.Until.After(b.Asked) || b.Until.Sub(b.Asked) > longest) {
		return fmt.Errorf("a ban of %s ends after it began, and at most %d days later", b.Kind, longest/(24*time.Hour))
	}
	return nil
}

func (b *Ban) checkValue() error {
	if (b.Kind == BanTerms) != (b.Terms != "") {
		return errors.New("a ban of kind terms, and no other, names the version of the terms from which on it holds")
	}
	switch b.Kind {
	case BanAccount:
		_, err := wire.ParseID(b.Value)
		return err
	case BanPrint:
		if !printText.MatchString(b.Value) {
			return fmt.Errorf("a client print is written like c1-abcdefgh, not %.40q", b.Value)
		}
	case BanNetwork:
		n, err := ParseNetwork(b.Value)
		b.Value = n
		return err
	case BanTerms:
		if !written(b.Value, maxBanName) || !written(b.Terms, 64) {
			return errors.New("a ban by terms names a party and a version, in at most 100 and 64 characters")
		}
	default:
		return fmt.Errorf("a ban is of an account, print, network or terms, not of %.20q", b.Kind)
	}
	return nil
}

// ParseNetwork reads an address range (RFC 4632, RFC 4291 section 2.3) or the
// number of an autonomous system (RFC 5396, asplain), and returns its one form.
// Ranges that hold a large part of the world are refused.
func ParseNetwork(s string) (string, error) {
	if n, ok := strings.CutPrefix(strings.ToUpper(s), "AS"); ok {
		number, err := strconv.ParseUint(n, 10, 32)
		if err != nil || number == 0 {
			return "", fmt.Errorf("the number of a network is written AS64500, not %.40q", s)
		}
		return "AS" + strconv.FormatUint(number, 10), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil || p.Addr().Is4In6() {
		return "", fmt.Errorf("a network is written 203.0.113.0/24, 2001:db8::/32 or AS64500, not %.40q", s)
	}
	if least := map[bool]int{true: 12, false: 20}[p.Addr().Is4()]; p.Bits() < least {
		return "", fmt.Errorf("the network %s is too large to be banned: at least /%d", p, least)
	}
	return p.Masked().String(), nil
}

// CheckDecision says what is wrong with who decides, and why.
func CheckDecision(by, reason string) error {
	if !written(by, maxBanName) || !written(reason, MaxBanReason) {
		return fmt.Errorf("a decision needs a name, and a reason of at most %d characters", MaxBanReason)
	}
	return nil
}

func written(s string, most int) bool {
	return strings.TrimSpace(s) != "" && utf8.ValidString(s) && utf8.RuneCountInString(s) <= most
}

// BanAct is one thing that was done about a ban. Acts are added, and never
// changed or deleted; every node of a cluster gets to know all of them.
type BanAct struct {
	UID  wire.ID   `json:"uid"` // of the act
	Ban  wire.ID   `json:"ban"` // of the ban: the act that added it
	At   time.Time `json:"at"`
	Do   BanDeed   `json:"do"`
	By   string    `json:"by"`
	Text string    `json:"text"`          // reason, or appeal
	New  *Ban      `json:"new,omitempty"` // of add
}

// BanDeed is what was done about a ban.
type BanDeed string

// What can be done about a ban.
const (
	BanAdd    BanDeed = "add"
	BanSecond BanDeed = "second" // a second person agrees
	BanLift   BanDeed = "lift"
	BanAppeal BanDeed = "appeal"
	BanUphold BanDeed = "uphold" // the appeal is refused
	BanGrant  BanDeed = "grant"  // the appeal is granted: the ban is lifted
)

// Check says what is wrong with an act by itself, wherever it comes from.
func (a BanAct) Check() error {
	switch {
	case a.UID.IsZero() || a.Ban.IsZero() || a.At.IsZero() || (a.Do == BanAdd) != (a.New != nil) || (a.Do == BanAdd) != (a.UID == a.Ban):
		return errors.New("an act about a ban is not whole")
	case a.Do == BanAdd:
		b := *a.New
		b.Asked = a.At
		if b.ID != "" && !banID.MatchString(b.ID) {
			return fmt.Errorf("the id of a ban is not %.20q", b.ID)
		}
		return b.Check()
	case !slices.Contains([]BanDeed{BanSecond, BanLift, BanAppeal, BanUphold, BanGrant}, a.Do):
		return fmt.Errorf("an act about a ban is not %.20q", a.Do)
	case a.Do == BanAppeal:
		if !written(a.Text, MaxAppeal) {
			return fmt.Errorf("an appeal has 1 to %d characters", MaxAppeal)
		}
		return nil
	case a.Do == BanSecond:
		return CheckDecision(a.By, cmp.Or(a.Text, "agrees"))
	}
	return CheckDecision(a.By, a.Text)
}

// Fold returns the bans that these acts leave, the oldest first. The order of the
// acts does not matter, so that nodes that heard of them in another order agree;
// an act that the state of its ban does not allow changes nothing.
func Fold(acts []BanAct) []Ban {
	acts = slices.Clone(acts)
	slices.SortFunc(acts, func(a, b BanAct) int {
		// What added a ban comes first, whatever the clocks of two nodes say.
		return cmp.Or(cmp.Compare(bit(b.Do == BanAdd), bit(a.Do == BanAdd)), a.At.Compare(b.At), slices.Compare(a.UID[:], b.UID[:]))
	})
	at := map[wire.ID]int{}
	var all []Ban
	for _, a := range acts {
		i, there := at[a.Ban]
		switch {
		case a.Do == BanAdd && a.New != nil && !there:
			at[a.Ban] = len(all)
			all = append(all, begin(a))
		case there:
			_ = all[i].Apply(a)
		}
	}
	return all
}

func bit(b bool) int { return map[bool]int{true: 1}[b] }

func begin(a BanAct) Ban {
	b := *a.New
	b.UID, b.Asked, b.Since, b.Appeal = a.Ban, a.At, a.At, Appeal{State: NoAppeal}
	b.Lifted, b.LiftedBy, b.LiftReason = time.Time{}, "", ""
	b.By, b.Evidence = slices.Clone(b.By), append([]string{}, b.Evidence...)
	if b.Broad() && len(b.By) < 2 {
		b.Since = time.Time{}
	}
	return b
}

// Apply does an act to a ban, or says why the ban does not allow it.
func (b *Ban) Apply(a BanAct) error {
	if !b.Lifted.IsZero() || !b.Until.IsZero() && !a.At.Before(b.Until) {
		return ErrBanOver
	}
	switch a.Do {
	case BanSecond:
		if !b.Since.IsZero() || strings.EqualFold(strings.TrimSpace(b.By[0]), strings.TrimSpace(a.By)) {
			return ErrSecond
		}
		b.By, b.Since = append(b.By, a.By), a.At
	case BanLift:
		b.Lifted, b.LiftedBy, b.LiftReason = a.At, a.By, a.Text
	case BanAppeal:
		if b.Appeal.State != NoAppeal {
			return ErrAppealed
		}
		b.Appeal = Appeal{State: AppealAsked, Text: a.Text, At: a.At}
	case BanUphold, BanGrant:
		if b.Appeal.State != AppealAsked {
			return ErrNoAppeal
		}
		b.Appeal.State, b.Appeal.Decided, b.Appeal.By, b.Appeal.Reason = AppealUpheld, a.At, a.By, a.Text
		if a.Do == BanGrant {
			b.Appeal.State = AppealLifted
			b.Lifted, b.LiftedBy, b.LiftReason = a.At, a.By, a.Text
		}
	}
	return nil
}
