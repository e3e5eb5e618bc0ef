package service

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/service/post"
	"github.com/ringfence/ringfence/store"
	"github.com/ringfence/ringfence/store/mailbox"
	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/call"
	"github.com/ringfence/ringfence/wire/envelope"
)

const day = 24 * time.Hour

// knock asks a person, by exact name, to be accepted as a contact. The answer
// is the same whoever it is and whether there is such a person; what is done
// about it is done after the answer, so that its time tells nothing either.
func (r *request) knock() (any, error) {
	var in struct {
		Name string `json:"name"`
	}
	if err := r.body(&in); err != nil {
		return nil, err
	}
	if !names.MatchString(in.Name) {
		return nil, r.refused(&wire.Refusal{Rule: "R7", Clause: "docs/protocol.md, Names and keys", Reason: "a name of other characters or length"}, errName)
	}
	l := r.s.guard.Limits()
	r.event.Kind = guard.Knock
	r.event.Spends = []guard.Spend{{Name: "knocks of an account", Key: r.account.ID.String(), Limit: l.KnocksPerDay, Per: day}}
	// Those whom the operator invited share no budget: there would be one for all.
	if by := r.account.InvitedBy; !by.IsZero() || r.account.Run != "" {
		r.event.Spends = append(r.event.Spends, guard.Spend{Name: "knocks of all that one account invited", Key: by.String() + r.account.Run, Limit: l.KnocksPerInviteDay, Per: day})
	}
	if err := r.judge(errTooMany); err != nil {
		return nil, err
	}
	if err := r.s.revealing(r, in.Name); err != nil {
		return nil, err
	}
	from, ev := r.account, r.event
	r.s.running.Go(r.s.isolated(ev, func() {
		if err := r.s.deliverKnock(from, in.Name, ev); err != nil {
			r.s.config.Log.Error("a knock could not be delivered", "why", err)
		}
	}))
	return http.StatusAccepted, nil
}

// deliverKnock does what a knock asks for, if there is such a person.
func (s *Service) deliverKnock(from store.Account, name string, ev guard.Event) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	to, err := s.store.AccountByName(ctx, name)
	if errors.Is(err, store.ErrNotFound) || to.Blocked || to.ID == from.ID {
		return nil
	}
	if err != nil {
		return err
	}
	ev.Target = to.ID
	ev.Spends = []guard.Spend{{Name: "knocks at an account", Key: to.ID.String(), Limit: s.guard.Limits().KnocksToAccountDay, Per: day}}
	if v := s.guard.Judge(&ev); !v.Passed() {
		return nil
	}
	attempt := store.Call{ID: s.id(), Caller: from.ID, Callee: to.ID, Offered: s.config.Now()}
	fresh, err := s.store.Knock(ctx, from.ID, to.ID, attempt.ID)
	if err != nil || !fresh {
		return err
	}
	if d := s.hub.of(from.ID); d != nil { // a knock comes on a request; the client shows what it is on its socket
		attempt.CallerBuild, attempt.CallerPrint, attempt.CallerNetwork, attempt.CallerCountry = d.build, d.print, d.origin.Network, d.origin.Country
	}
	record := s.record(attempt, "blocked")
	record.Rules = []string{"knock"}
	if err := s.keep(ctx, record); err != nil {
		return err
	}
	return s.tell(ctx, to.ID, store.Notice{Kind: "knock", Account: from.ID, Name: from.Name})
}

func (r *request) contacts() (any, error) {
	all, err := r.s.store.Contacts(r.Context(), r.account.ID)
	if err != nil {
		return nil, err
	}
	out := make([]map[string]any, 0, len(all))
	for _, c := range all {
		state := "knocked"
		if c.Accepted {
			state = "accepted"
		}
		out = append(out, map[string]any{"account": c.Account, "name": c.Name, "state": state, "since": c.Since.UnixMilli(), "reported": c.Reported})
	}
	return map[string]any{"contacts": out}, nil
}

// acceptContact accepts a knock. The first envelope comes with it, because the
// other side has given no delivery token yet.
func (r *request) acceptContact() (any, error) {
	other, sealed, err := r.introduction()
	if err != nil {
		return nil, err
	}
	accepted, knocked, err := r.s.store.Related(r.Context(), r.account.ID, other)
	if err != nil {
		return nil, err
	}
	// An accept that broke off after the first step may be made again.
	r.event.Target, r.event.Authentic = other, knocked || accepted
	r.event.Spends = []guard.Spend{r.introductions(other)}
	if err := r.judge(errNoSuch); err != nil {
		return nil, err
	}
	a, err := r.s.store.Account(r.Context(), other)
	if err != nil {
		return nil, errNoSuch
	}
	if knocked {
		if err := r.s.store.AcceptKnock(r.Context(), r.account.ID, other); err != nil {
			return nil, err
		}
	}
	if err := r.deliver(a, sealed); err != nil {
		return nil, err
	}
	return nil, r.s.tell(r.Context(), other, store.Notice{Kind: "accepted", Account: r.account.ID, Name: r.account.Name})
}

// introduce hands an envelope to an accepted contact without a delivery token,
// a few times a day: after a device was replaced there is none.
func (r *request) introduce() (any, error) {
	other, sealed, err := r.introduction()
	if err != nil {
		return nil, err
	}
	accepted, _, err := r.s.store.Related(r.Context(), r.account.ID, other)
	if err != nil {
		return nil, err
	}
	r.event.Target, r.event.Authentic = other, accepted
	r.event.Spends = []guard.Spend{r.introductions(other)}
	if err := r.judge(errNoSuch); err != nil {
		return nil, err
	}
	a, err := r.s.store.Account(r.Context(), other)
	if err != nil {
		return nil, errNoSuch
	}
	return nil, r.deliver(a, sealed)
}

func (r *request) introductions(other wire.ID) guard.Spend {
	return guard.Spend{
		Name: "introductions to a contact", Key: r.account.ID.String() + other.String(),
		Limit: r.s.guard.Limits().KeysPerContactDay, Per: day,
	}
}

// introduction reads the other account and the envelope of a request.
func (r *request) introduction() (other wire.ID, sealed []byte, err error) {
	other, err = wire.ParseID(r.PathValue("id"))
	if err != nil {
		return other, nil, errNoSuch
	}
	sealed, err = io.ReadAll(r.Body)
	r.event.Bytes = sealed
	if err != nil {
		return other, nil, r.refused(&wire.Refusal{Rule: "R5", Clause: "docs/protocol.md, HTTP", Reason: "longer than an introduction may be, or cut short"}, errMalformed)
	}
	var why *wire.Refusal
	if _, err := envelope.Parse(sealed); errors.As(err, &why) {
		return other, nil, r.refused(why, errMalformed)
	}
	return other, sealed, nil
}

func (r *request) deliver(to store.Account, sealed []byte) error {
	err := r.s.office.Introduce(r.Context(), to.Device, sealed)
	if errors.Is(err, mailbox.ErrFull) || errors.Is(err, mailbox.ErrNoSpace) || errors.Is(err, post.ErrDiskFull) {
		return errFull
	}
	return err
}

// removeContact ends a relationship for both, or refuses a knock: who knocked
// is not told of it.
func (r *request) removeContact() (any, error) {
	other, err := wire.ParseID(r.PathValue("id"))
	if err != nil {
		return nil, errNoSuch
	}
	was, err := r.s.store.RemoveContact(r.Context(), r.account.ID, other)
	if err != nil || !was {
		return nil, err
	}
	return nil, r.s.tell(r.Context(), other, store.Notice{Kind: "removed", Account: r.account.ID, Name: r.account.Name})
}

// letterLife is how long a letter waits for a device to take it.
const letterLife = 30 * day

// expireLetters deletes letters that no device has taken for too long, and
// leaves word of how many there were for whom they were for. Of whom they were
// is not known here.
func (s *Service) expireLetters(ctx context.Context, now time.Time) error {
	gone, err := s.mailbox.Expire(now.Add(-letterLife))
	errs := []error{err}
	for device, n := range gone {
		a, err := s.store.AccountOfDevice(ctx, device)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err == nil {
			err = s.tell(ctx, a.ID, store.Notice{Kind: "expired", Count: n})
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func (r *request) notices() (any, error) {
	all, err := r.s.store.Notices(r.Context(), r.account.ID, r.s.config.Now().Add(-30*day))
	return map[string]any{"notices": append([]store.Notice{}, all...)}, err
}

// listed are the kinds of notices that are kept in a list, which a person can
// ask for: calls at that person, and letters that expired. The other kinds can be
// seen from the contacts.
var listed = map[string]bool{"missed": true, "held_back": true, "campaign": true, "new_account": true, "answered": true, "declined": true, "expired": true}

// tell gives a notice to a person: to the device when it is connected, and to
// the list.
func (s *Service) tell(ctx context.Context, to wire.ID, n store.Notice) error {
	if n.At.IsZero() {
		n.At = s.config.Now()
	}
	n.Count = max(1, n.Count)
	if listed[n.Kind] {
		kept, err := s.store.AddNotice(ctx, to, n)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		n = kept
	}
	b, err := json.Marshal(n)
	if err != nil {
		return err
	}
	s.hub.send(to, append([]byte{call.TypeNotice}, b...))
	return nil
}
