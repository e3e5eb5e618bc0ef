package sipguard

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/ringfence/ringfence/wire/sip"
)

// blank is a message without numbers.
func blank() *sip.Message {
	return &sip.Message{MaxForwards: -1, ContentLength: -1, Expires: -1, MinExpires: -1, MinSE: -1, RSeq: -1, RetryAfter: -1}
}

func lower(b []byte) string { return strings.ToLower(string(b)) }
func number(n int) string   { return strconv.Itoa(n) }
func tokens(all ...string) [][]byte {
	list := make([][]byte, 0, len(all))
	for _, s := range all {
		list = append(list, []byte(s))
	}
	return list
}

// bare is a URI without parameters: who somebody is, and no more.
func bare(u sip.URI) sip.URI {
	return sip.URI{Scheme: u.Scheme, User: u.User, Host: u.Host, Port: u.Port}
}

// account is whose a URI is, for comparison: RFC 3261 §19.1.4.
func account(u sip.URI) string {
	u = bare(u)
	if u.Port = 0; u.Scheme == sip.SIPS {
		u.Scheme = sip.SIP
	}
	return string(u.AppendTo(nil))
}

// extensions are those that the guard knows how to pass, RFC 3262 and RFC 4028.
var extensions = []string{"100rel", "timer"}

// known returns those of a list that the guard passes.
func known(list [][]byte) (all [][]byte) {
	for _, name := range extensions {
		for _, one := range list {
			if lower(one) == name {
				all = append(all, []byte(name))
				break
			}
		}
	}
	return all
}

// unknown returns those of a list that it does not.
func unknown(list [][]byte) (all [][]byte) {
	for _, one := range list {
		if len(known([][]byte{one})) == 0 {
			all = append(all, one)
		}
	}
	return all
}

// has tells whether an extension is on a list.
func has(list [][]byte, name string) bool {
	for _, one := range list {
		if lower(one) == name {
			return true
		}
	}
	return false
}

// allowed is what Allow says to both sides.
func (g *Guard) allowed() [][]byte {
	all := tokens("INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "PRACK", "UPDATE")
	for method, on := range map[string]bool{"REFER": g.config.Allow.Refer, "NOTIFY": g.config.Allow.Refer, "INFO": g.config.Allow.Info, "MESSAGE": g.config.Allow.Message} {
		if on {
			all = append(all, []byte(method))
		}
	}
	return sorted(all)
}

func sorted(all [][]byte) [][]byte {
	for i := range all {
		for j := i; j > 0 && bytes.Compare(all[j], all[j-1]) < 0; j-- {
			all[j], all[j-1] = all[j-1], all[j]
		}
	}
	return all
}

// common copies what both requests and responses within a call may carry: numbers
// and names that are on lists.
func common(to, from *sip.Message) {
	to.Supported, to.Require = known(from.Supported), known(from.Require)
	to.MinSE, to.MinExpires, to.RetryAfter = small(from.MinSE), small(from.MinExpires), small(from.RetryAfter)
	to.SessionExpires = sessionExpires(from.SessionExpires)
}

// small is a number of seconds that means something in a call; -1 for others.
func small(n int64) int64 {
	if n > 7*24*60*60 {
		return -1
	}
	return n
}

// sessionExpires reads a number and who refreshes, RFC 4028 §4; what is neither is
// left out.
func sessionExpires(v sip.Value) sip.Value {
	n, err := strconv.ParseUint(string(v.Token), 10, 32)
	if err != nil || small(int64(n)) < 0 {
		return sip.Value{}
	}
	out := sip.Value{Token: []byte(strconv.FormatUint(n, 10))}
	if who, ok := v.Params.Get("refresher"); ok {
		if who := lower(who); who == "uac" || who == "uas" {
			out.Params = sip.Params{param("refresher", who)}
		}
	}
	return out
}

// challenges copies challenges of the service for a phone. What may be signed is
// the method and URI alone: the body is written anew, so auth-int would not hold.
// False: nothing else was offered.
func challenges(all []sip.Auth) ([]sip.Auth, bool) {
	out := make([]sip.Auth, 0, len(all))
	for _, a := range all {
		params := append(sip.Params(nil), a.Params...)
		for i, p := range params {
			if lower(p.Name) != "qop" {
				continue
			}
			if !offersAuth(p.Value) {
				return nil, false
			}
			params[i] = sip.Param{Name: p.Name, Value: []byte("auth"), Has: true, Quoted: true}
		}
		out = append(out, sip.Auth{Scheme: a.Scheme, Params: params})
	}
	return out, true
}

// offersAuth tells whether a list of qop has auth in it.
func offersAuth(list []byte) bool {
	for _, q := range bytes.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' }) {
		if lower(q) == "auth" {
			return true
		}
	}
	return false
}

// integrity tells whether credentials sign the body.
func integrity(all []sip.Auth) bool {
	for _, a := range all {
		if q, ok := a.Params.Get("qop"); ok && lower(q) != "auth" {
			return true
		}
	}
	return false
}
