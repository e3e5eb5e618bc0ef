package sign

import (
	"context"
	"errors"
	"runtime"
	"time"

	"github.com/ringfence/ringfence/hunt/record"
)

// Options say how an expansion works.
type Options struct {
	Depth    int                  // passes from accounts to targets to accounts; 0: two
	Workers  int                  // 0: one a processor
	Phase    func(what string)    // says what is done now; may be nil
	Progress func(read, of int64) // of reading the records; may be nil
	Now      func() time.Time     // for Seconds; nil: time.Now
	Folder   string               // of the index; "": the deepest folder that has all files
	Key      []byte               // that seals it; nil: one in the user's folder of settings
	NoIndex  bool                 // leave nothing beside the files, and read all records each time
	Check    int                  // attempts that are compared with the records, of those that an index gave; 0: sixteen, -1: all
}

const (
	defaultDepth = 2
	mostDepth    = 8
	defaultCheck = 16
	mostAccounts = 20_000  // that are followed
	mostTargets  = 200_000 // that are reported
	mostTried    = 50_000  // attempts of one account
)

// finder finds attempts: in the records (scan) or in the index of them.
type finder interface {
	population() *population
	// attempts returns what each account tried, sorted by callee, of each at most
	// so many, and how many calls were too many for all together.
	attempts(ctx context.Context, callers map[record.ID]int) (all map[record.ID][]attempt, cut int64, err error)
	// callers returns who tried targets.
	callers(ctx context.Context, targets ids) (map[record.ID]*sample, error)
	names(ctx context.Context, of ids) (map[record.ID]string, error)
}

// Expand finds what is tied to signs: the targets of an account, the other
// accounts that tried the same targets more often than chance has it, those with
// the same rare client or network, and their targets again. Files are those of
// the source; without any, no index is used.
func Expand(ctx context.Context, source record.Source, files []string, signs []Sign, o Options) (Expansion, error) {
	if len(signs) == 0 {
		return Expansion{}, errors.New("expansion: no sign; give account:X, target:Y, print:Z or network:N")
	}
	o = o.filled()
	began := o.Now()
	r, err := expand(ctx, source, files, signs, o)
	r.Seconds = o.Now().Sub(began).Seconds()
	return r, err
}

// expand expands with the index. One that is broken is made again, once; without
// one, all records are read each time.
func expand(ctx context.Context, source record.Source, files []string, signs []Sign, o Options) (Expansion, error) {
	if o.NoIndex || len(files) == 0 {
		return scanned(ctx, source, signs, o)
	}
	r, err := indexed(ctx, source, files, signs, o)
	if errors.Is(err, errIndex) {
		folder, _ := o.folder(files)
		if err := Forget(folder); err != nil {
			return r, err
		}
		r, err = indexed(ctx, source, files, signs, o)
	}
	if err == nil || ctx.Err() != nil {
		return r, err
	}
	without := err.Error()
	if r, err = scanned(ctx, source, signs, o); err == nil {
		r.Notes = append(r.Notes, "All records were read each time, for there is no index: "+without)
	}
	return r, err
}

func scanned(ctx context.Context, source record.Source, signs []Sign, o Options) (Expansion, error) {
	o.Phase("reading the records")
	find, err := newScan(ctx, source, o)
	if err != nil {
		return Expansion{}, err
	}
	return newExpansion(ctx, find, o).run(source, signs)
}

func indexed(ctx context.Context, source record.Source, files []string, signs []Sign, o Options) (Expansion, error) {
	x, built, err := ensure(ctx, source, files, o)
	if err != nil {
		return Expansion{}, err
	}
	defer x.close()
	e := newExpansion(ctx, x, o)
	r, err := e.run(source, signs)
	if err != nil {
		return r, err
	}
	if r.Checked, err = e.check(source); err != nil {
		return r, err
	}
	r.Index = &built
	if r.Checked == 0 && len(r.Targets) > 0 {
		r.Notes = append(r.Notes, "What the index says was not compared with the records: lines of text cannot be read one by one")
	}
	return r, nil
}

func (o Options) filled() Options {
	if o.Depth <= 0 {
		o.Depth = defaultDepth
	}
	o.Depth = min(o.Depth, mostDepth)
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.Check == 0 {
		o.Check = defaultCheck
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Phase == nil {
		o.Phase = func(string) {}
	}
	return o
}

// expansion is one on its way.
type expansion struct {
	Options
	ctx    context.Context
	find   finder
	people *population

	accounts map[record.ID]*node
	targets  map[record.ID]*node
	features map[attribute]*node       // that are followed
	refused  map[thing]Unfollowed      // that are not, by what they are
	tried    map[record.ID][]attempt   // of every account that was looked up
	callers  map[record.ID]*sample     // of every target that was looked up
	limit    map[record.ID]int         // how many of those were asked for
	shared   map[record.ID][]record.ID // of accounts that are not known: the known targets that they tried
	reach    int64                     // how many accounts tried the known targets that not many tried, added up
	idle     ids                       // accounts with a print or network that is followed, that tried nobody
	cut      int64                     // calls, accounts and targets beyond what is kept
}

// thing is an account, a target, a print or a network.
type thing struct {
	kind Kind
	id   record.ID   // of an account or a target
	code record.Code // of a print or a network
}

// node is something that is tied to a sign.
type node struct {
	thing
	sign   bool
	done   bool   // it has been followed
	grade  grade  // of the weakest step on the way
	from   *node  // nil for a sign
	why    string // the last step, in words
	step   grade
	others []tie // besides that step
}

// tie is a reason to belong to what is known.
type tie struct {
	from  *node
	why   string
	grade grade
}

// grade is a strength that can be compared.
type grade uint8

const (
	weak grade = iota + 1
	moderate
	strong
)

func newExpansion(ctx context.Context, find finder, o Options) *expansion {
	return &expansion{
		Options: o, ctx: ctx, find: find, people: find.population(),
		accounts: map[record.ID]*node{}, targets: map[record.ID]*node{}, features: map[attribute]*node{}, refused: map[thing]Unfollowed{},
		tried: map[record.ID][]attempt{}, limit: map[record.ID]int{}, idle: ids{}, callers: map[record.ID]*sample{}, shared: map[record.ID][]record.ID{},
	}
}

// run follows the signs.
func (e *expansion) run(source record.Source, signs []Sign) (Expansion, error) {
	for _, s := range signs {
		e.start(s)
	}
	if err := e.follow(); err != nil {
		return Expansion{}, err
	}
	return e.report(source, signs)
}

// follow goes pass by pass, and at last lists the targets of those whom the last
// pass found.
func (e *expansion) follow() error {
	for range e.Depth {
		e.Phase("following what is tied")
		if err := e.followAccounts(); err != nil {
			return err
		}
		if err := e.followTargets(); err != nil {
			return err
		}
		found, err := e.candidates()
		if err != nil {
			return err
		}
		if found == 0 {
			return nil
		}
	}
	return e.followAccounts()
}

func (e *expansion) start(s Sign) {
	n := &node{sign: true, grade: strong}
	switch s.Kind {
	case Account:
		n.thing = thing{kind: Account, id: record.HashID([]byte(s.Value))}
		e.accounts[n.id] = n
	case Target:
		n.thing = thing{kind: Target, id: record.HashID([]byte(s.Value))}
		e.targets[n.id] = n
	default:
		n.thing = thing{kind: s.Kind, code: e.people.code(s.Kind, s.Value)}
		a := attribute{s.Kind, n.code}
		// What is named itself may be less rare than what is found on the way.
		if of, ok := e.people.has[a]; !ok || e.people.ties(a) || of.exact && of.count <= e.people.accounts/100 {
			e.features[a] = n
			return
		}
		e.refuse(n.thing, 1)
	}
}

// lookUp gets what accounts tried, of each at most so many attempts, where it is
// not known yet.
func (e *expansion) lookUp(accounts map[record.ID]int) error {
	for id, most := range accounts {
		if known := e.limit[id]; known >= most || len(e.tried[id]) < known {
			delete(accounts, id)
		}
	}
	if len(accounts) == 0 {
		return nil
	}
	all, cut, err := e.find.attempts(e.ctx, accounts)
	e.cut += cut
	for id, most := range accounts {
		e.tried[id], e.limit[id] = all[id], most
	}
	return err
}

// followAccounts goes from accounts to their targets, prints and networks.
func (e *expansion) followAccounts() error {
	next := map[record.ID]int{}
	for id, n := range e.accounts {
		if !n.done && n.grade >= moderate {
			next[id] = mostTried
		}
	}
	new := sorted(next)
	if err := e.lookUp(next); err != nil {
		return err
	}
	for _, id := range new {
		n := e.accounts[id]
		n.done = true
		e.addTargets(n)
	}
	e.addFeatures()
	return nil
}

func (e *expansion) addTargets(n *node) {
	all := e.tried[n.id]
	for len(all) > 0 {
		callee, calls := all[0].callee, int64(0)
		for len(all) > 0 && all[0].callee == callee {
			calls += all[0].calls
			all = all[1:]
		}
		if known := e.targets[callee]; known != nil {
			continue
		}
		if len(e.targets) >= mostTargets {
			e.cut++
			continue
		}
		e.targets[callee] = &node{thing: thing{kind: Target, id: callee}, grade: n.grade, from: n, step: strong, why: times(calls)}
	}
}

// followTargets looks up who else tried the targets.
func (e *expansion) followTargets() error {
	next := ids{}
	for id, n := range e.targets {
		if !n.done {
			n.done = true
			next.add(id)
		}
	}
	if len(next) == 0 {
		return nil
	}
	found, err := e.find.callers(e.ctx, next)
	if err != nil {
		return err
	}
	for _, id := range sorted(next) {
		of := found[id]
		switch {
		case of == nil:
			continue
		case !of.exact():
			e.refuse(e.targets[id].thing, of.count())
			continue
		}
		e.callers[id] = of
		if of.count() <= manyCallers {
			e.reach += of.count()
		}
		for _, caller := range of.ids {
			e.shared[caller] = append(e.shared[caller], id)
		}
	}
	return nil
}
