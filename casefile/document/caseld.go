package document

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ringfence/ringfence/verify"
)

// The names of CASE 1.3 and UCO 1.3: https://ontology.caseontology.org and
// https://ontology.unifiedcyberontology.org.
var caseContext = object{
	"case-investigation": "https://ontology.caseontology.org/case/investigation/",
	"uco-action":         "https://ontology.unifiedcyberontology.org/uco/action/",
	"uco-core":           "https://ontology.unifiedcyberontology.org/uco/core/",
	"uco-identity":       "https://ontology.unifiedcyberontology.org/uco/identity/",
	"uco-observable":     "https://ontology.unifiedcyberontology.org/uco/observable/",
	"uco-role":           "https://ontology.unifiedcyberontology.org/uco/role/",
	"uco-tool":           "https://ontology.unifiedcyberontology.org/uco/tool/",
	"uco-types":          "https://ontology.unifiedcyberontology.org/uco/types/",
	"uco-vocabulary":     "https://ontology.unifiedcyberontology.org/uco/vocabulary/",
	"xsd":                "http://www.w3.org/2001/XMLSchema#",
}

// graph collects the nodes of a CASE document.
type graph struct {
	*book
	space uuid
	nodes []object
	at    map[string]bool
}

// node adds a node, or refers to the one that is there already.
func (g *graph) node(kind, name string, o object) object {
	id := "kb:" + kind + "-" + uuid5(g.space, []byte("case\n"+kind+"\n"+name)).String()
	if !g.at[id] {
		g.at[id] = true
		o["@id"] = id
		g.nodes = append(g.nodes, o)
	}
	return object{"@id": id}
}

func typed(kind, value string) object { return object{"@type": kind, "@value": value} }

// caseLD writes the investigation, its exhibits with where they are from, and the
// acts of the ledger, as CASE JSON-LD.
func caseLD(b *book) ([]File, error) {
	g := &graph{book: b, space: uuid5(urlSpace, []byte("https://"+b.Ledger.Origin)), at: map[string]bool{}}
	context := object{"kb": "https://" + b.Ledger.Origin + "/"}
	for k, v := range caseContext {
		context[k] = v
	}
	of := []object{}
	for _, x := range b.Exhibits {
		of = append(of, g.exhibit(x.ID))
	}
	for _, e := range b.Entries {
		of = append(of, g.act(e))
	}
	investigation := object{"@type": "case-investigation:Investigation", "uco-core:name": b.title(), "uco-core:description": "Case " + b.Case.ID + ". " + b.edition(), "uco-core:object": of}
	if !b.Case.Opened.IsZero() {
		investigation["uco-core:objectCreatedTime"] = moments(b.Case.Opened)
	}
	g.node("investigation", b.Case.ID, investigation)
	out, err := written(object{"@context": context, "@graph": g.nodes})
	return []File{{"case.jsonld", out}}, err
}

func moments(t time.Time) object { return typed("xsd:dateTime", rfc(t)) }

// exhibit adds the file that an exhibit is, and the record of where it is from.
func (g *graph) exhibit(id string) object {
	x, here := g.exhibits[id]
	if !here {
		return g.node("provenance-record", id, object{"@type": "case-investigation:ProvenanceRecord", "case-investigation:exhibitNumber": id, "uco-core:description": "Withheld in this edition."})
	}
	hashes := []object{}
	for _, h := range [][2]string{{"SHA256", x.SHA256}, {"SHA3-256", x.SHA3}} {
		if h[1] != "" {
			hashes = append(hashes, object{"@type": "uco-types:Hash", "uco-types:hashMethod": typed("uco-vocabulary:HashNameVocab", h[0]), "uco-types:hashValue": typed("xsd:hexBinary", h[1])})
		}
	}
	content := object{"@type": "uco-observable:ContentDataFacet", "uco-observable:sizeInBytes": x.Size, "uco-observable:hash": hashes}
	file := g.node("file", id, object{"@type": "uco-observable:File", "uco-core:hasFacet": []object{{"@type": "uco-observable:FileFacet", "uco-observable:fileName": g.clean(x.Name), "uco-observable:sizeInBytes": x.Size}, content}})
	record := object{"@type": "case-investigation:ProvenanceRecord", "case-investigation:exhibitNumber": id, "uco-core:description": g.clean(strings.Join(slices.DeleteFunc([]string{x.Source, x.Basis}, func(s string) bool { return s == "" }), "; basis: ")),
		"uco-core:object": []object{file}, "uco-core:objectCreatedTime": moments(x.At)}
	if len(x.Inputs) > 0 {
		record["case-investigation:rootExhibitNumber"] = x.Inputs
	}
	return g.node("provenance-record", id, record)
}

// act adds an entry of the ledger as an action: who, with what tool, on what.
func (g *graph) act(e verify.Entry) object {
	o := object{"@type": "case-investigation:InvestigativeAction", "uco-core:name": g.clean(cmp.Or(e.Text("action"), "withheld")),
		"uco-core:description": "Entry of the ledger; SHA-256 of its leaf " + leafHash(e)}
	if t, err := time.Parse(time.RFC3339Nano, e.Text("at")); err == nil {
		o["uco-action:startTime"], o["uco-action:endTime"] = moments(t), moments(t)
	}
	if tool := e.Text("tool"); tool != "" {
		o["uco-action:instrument"] = g.node("tool", tool, object{"@type": "uco-tool:Tool", "uco-core:name": g.clean(tool)})
	}
	who := g.clean(g.actor(e))
	if name := e.Text("actor"); name != "" && !g.open {
		o["uco-action:performer"] = g.node("identity", name, object{"@type": "uco-identity:Person", "uco-core:name": who})
	} else {
		o["uco-action:performer"] = g.node("role", who, object{"@type": "uco-role:Role", "uco-core:name": who})
	}
	if x := e.Text("exhibit"); x != "" {
		key := "uco-action:object"
		if a := e.Text("action"); a == "acquire" || a == "derive" {
			key = "uco-action:result"
		}
		o[key] = []object{g.exhibit(x)}
	}
	return g.node("investigative-action", strconv.FormatInt(e.N, 10), o)
}
