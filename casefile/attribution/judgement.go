// Package attribution holds what is judged about who did it: a ladder of five
// claims, each with its own rivals, evidence for and against, gaps, assumptions and
// dissent; and works out what the evidence carries, and what it does not.
//
// The method is the analysis of competing hypotheses (Heuer, Psychology of
// Intelligence Analysis, chapter 8): hypotheses are ranked by what speaks against
// them, not by what speaks for them. Words are those of ICD 203; source and content
// are graded by the Admiralty code, and what cannot be judged (F, 6) is shown and
// counts for nothing. What one log says twice is one family of evidence: that is
// computed from where exhibits come from, and never claimed.
//
// The answer to each claim is "not attributed" until the evidence carries another.
package attribution

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
)

// The rungs of the ladder, in their order.
const (
	Cluster    = "same cluster"
	Product    = "same product"
	Vendor     = "vendor"
	Operator   = "same operator"
	Government = "government"
)

// Rungs are all rungs, the lowest first.
var Rungs = []string{Cluster, Product, Vendor, Operator, Government}

// restsOn says on which rung another one rests: it can be no firmer than that.
var restsOn = map[string]string{Product: Cluster, Vendor: Product, Operator: Cluster, Government: Operator}

// Kinds of hypotheses. Each rung has all of them.
const (
	Proposed = "proposed"
	Customer = "another customer"
	Flag     = "false flag"
	Broker   = "different vendor"
	Unknown  = "unknown"
)

// Kinds are all kinds of hypotheses, the proposed one first.
var Kinds = []string{Proposed, Customer, Flag, Broker, Unknown}

// Marks are what a cell of the matrix may say: strongly consistent, consistent,
// neutral, inconsistent, strongly inconsistent, does not apply.
var Marks = []string{"CC", "C", "N", "I", "II", "NA"}

// Likelihoods are the words of ICD 203 §6.B(2)(a), with their bands in percent. The
// word is stored; no other number is ever given for a judgement.
var Likelihoods = []Likelihood{
	{"almost no chance", 1, 5}, {"very unlikely", 5, 20}, {"unlikely", 20, 45}, {"roughly even chance", 45, 55},
	{"likely", 55, 80}, {"very likely", 80, 95}, {"almost certain", 95, 99},
}

// Likelihood is a word with its band in percent.
type Likelihood struct {
	Word     string
	From, To int
}

// Confidences are how sure a judgement is, apart from how likely its claim: the
// least sure first.
var Confidences = []string{"low", "moderate", "high"}

// Opinions are what a person may think of a judgement (STIX 2.1, opinion).
var Opinions = []string{"strongly-disagree", "disagree", "neutral", "agree", "strongly-agree"}

// Judgement is all that is judged about who did it, in one version.
type Judgement struct {
	Question string     `json:"question"`
	Evidence []Evidence `json:"evidence"`
	Rungs    []Rung     `json:"rungs"` // all five, in the order of Rungs
	Reviews  []Review   `json:"reviews,omitempty"`
}

// Evidence is one thing that is known, and what it is worth.
type Evidence struct {
	ID        string   `json:"id"` // V-01
	Text      string   `json:"text"`
	Exhibits  []string `json:"exhibits"`            // E-0001: on which it rests
	Grade     string   `json:"grade"`               // Admiralty: source A to G, content 1 to 6: B2
	Class     bool     `json:"class"`               // a class characteristic, which many unrelated have
	Forgeable string   `json:"forgeable,omitempty"` // who could have made it up; "": nobody easily
	BaseRate  float64  `json:"base_rate,omitempty"` // share of a whole population that has it, only where it was measured
	Measured  string   `json:"measured,omitempty"`  // how the base rate was measured
}

// Rung is one claim, with everything that is held against it.
type Rung struct {
	Name        string       `json:"name"`
	Claim       string       `json:"claim"`
	Subject     string       `json:"subject,omitempty"` // vendor, operator or government that is named
	Hypotheses  []Hypothesis `json:"hypotheses"`
	Cells       []Cell       `json:"cells"`
	Gaps        []string     `json:"gaps"`        // looked for, and not found
	Assumptions []string     `json:"assumptions"` //
	Change      []string     `json:"change"`      // what would change the judgement
	Dissent     []Dissent    `json:"dissent,omitempty"`
	Likelihood  string       `json:"likelihood"` // one of Likelihoods; "": it is not judged
	Confidence  string       `json:"confidence"` // one of Confidences, as the analyst sees it; the evidence may carry less
}

// Hypothesis is one answer to the question of a rung.
type Hypothesis struct {
	ID   string `json:"id"` // H-1
	Kind string `json:"kind"`
	Text string `json:"text"`
}

// Cell says how evidence stands to a hypothesis, and why.
type Cell struct {
	Evidence   string `json:"evidence"`
	Hypothesis string `json:"hypothesis"`
	Mark       string `json:"mark"`
	Why        string `json:"why"`
}

// Dissent is what somebody thinks otherwise.
type Dissent struct {
	By      string `json:"by"`
	Opinion string `json:"opinion"`
	Text    string `json:"text"`
}

// Review is what a person who did not write the judgement thinks of exactly this
// version.
type Review struct {
	By      string `json:"by"`
	At      string `json:"at"`   // RFC 3339
	Hash    string `json:"hash"` // Judgement.Hash
	Opinion string `json:"opinion"`
	Text    string `json:"text"`
}

// Hash names what is judged, without its reviews: a change makes another hash, and
// voids the reviews.
func (j Judgement) Hash() string {
	j.Reviews = nil
	b, err := json.Marshal(j)
	if err != nil {
		panic("attribution: a judgement does not encode: " + err.Error()) // its types always do
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// judged tells whether the grade of the evidence says something. F and 6 cannot be
// judged; G is deliberately deceptive; D, E, 4 and 5 are doubted. Nothing is computed
// from a grade.
func (e Evidence) judged() bool {
	return len(e.Grade) == 2 && slices.Contains([]byte("ABC"), e.Grade[0]) && slices.Contains([]byte("123"), e.Grade[1])
}

// Template is the starting point: five claims, each with all its rivals, and nothing
// judged.
func Template(question string) Judgement {
	j := Judgement{Question: question, Evidence: []Evidence{}}
	claims := map[string]string{
		Cluster: "These calls belong together: one actor made them.", Product: "They were made with one product.", Vendor: "A named vendor made that product.",
		Operator: "One customer of the vendor operates it here.", Government: "That operator is a government.",
	}
	rivals := map[string]string{
		Customer: "Another customer of the same vendor did it.", Flag: "Somebody made it look like this on purpose.", Broker: "Another vendor did it, or one who bought the same exploit from a broker.", Unknown: "Somebody whom nobody has thought of.",
	}
	for _, name := range Rungs {
		r := Rung{Name: name, Claim: claims[name], Cells: []Cell{}, Gaps: []string{}, Assumptions: []string{}, Change: []string{}, Hypotheses: []Hypothesis{{"H-1", Proposed, claims[name]}}}
		for i, k := range Kinds[1:] {
			r.Hypotheses = append(r.Hypotheses, Hypothesis{"H-" + string(rune('2'+i)), k, rivals[k]})
		}
		j.Rungs = append(j.Rungs, r)
	}
	return j
}
