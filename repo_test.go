// Package ringfence holds no code: its tests are the rules of the repository.
package ringfence

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/ringfence/ringfence/"

// layers are the rooms, lowest first. A room imports rooms of lower layers, and
// of its own folder, and from internal.
var layers = [][]string{
	{"wire", "acquisition", "indicator", "verify"},
	{"guard", "artifact"},
	{"heuristic", "inspect"},
	{"check"},
	{"store", "bus"},
	{"hunt"},
	{"casefile"},
	{"client", "relay", "sipguard", "turnguard"},
	{"service", "web", "console"},
	{"testrange"},
	{"cmd", "bench"},
}

// never lists imports that would undo a decision, with the reason.
var never = map[string]map[string]string{
	"wire":      {"net/http": "parsers do no I/O", "os": "parsers do no I/O"},
	"client":    {module + "store": "a device is not a server"},
	"relay":     {module + "service": "the relay knows calls only by what it is told"},
	"sipguard":  {module + "service": "it stands in front of somebody else's service"},
	"turnguard": {"github.com/pion/turn/v5": "packets pass through code of ours alone; pion is the client in the tests"},
	"console":   {module + "service": "the console sees the service through its own interfaces"},
}

type source struct {
	path string // slash-separated, from the root
	file *ast.File
	set  *token.FileSet
	text []byte
}

func (s source) room() string   { return strings.Split(s.path, "/")[0] }
func (s source) isTest() bool   { return strings.HasSuffix(s.path, "_test.go") }
func (s source) folder() string { return filepath.ToSlash(filepath.Dir(s.path)) }

// tracked returns the files that belong to the project, with one of the
// endings.
func tracked(t *testing.T, endings ...string) []string {
	t.Helper()
	out, err := exec.Command("git", "ls-files", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		t.Fatalf("git ls-files: %v; the rules of the repository need a git checkout", err)
	}
	var files []string
	for _, f := range strings.Fields(string(out)) {
		if _, err := os.Stat(f); err == nil && slices.ContainsFunc(endings, func(e string) bool { return strings.HasSuffix(f, e) }) {
			files = append(files, f)
		}
	}
	return files
}

func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	for _, f := range tracked(t, ".go") {
		set := token.NewFileSet()
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		file, err := parser.ParseFile(set, f, text, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, source{f, file, set, text})
	}
	return all
}

func layerOf(room string) int {
	return slices.IndexFunc(layers, func(l []string) bool { return slices.Contains(l, room) })
}

func TestImportsPointDown(t *testing.T) {
	for _, s := range sources(t) {
		from := layerOf(s.room())
		if s.isTest() || s.room() == "internal" || !strings.Contains(s.path, "/") {
			continue
		}
		if from < 0 {
			t.Errorf("%s: room %q stands in no layer; add it to repo_test.go", s.path, s.room())
			continue
		}
		for _, imp := range s.file.Imports {
			path := strings.Trim(imp.Path.Value, `"`)
			if reason, no := never[s.room()][path]; no {
				t.Errorf("%s imports %s: %s", s.path, path, reason)
			}
			room, ours := strings.CutPrefix(path, module)
			room = strings.Split(room, "/")[0]
			if !ours || room == s.room() || room == "internal" {
				continue
			}
			if to := layerOf(room); to >= from {
				t.Errorf("%s imports %s: imports point down, and %s is not below %s", s.path, path, room, s.room())
			}
		}
	}
}

func TestSizes(t *testing.T) {
	for _, s := range sources(t) {
		if lines := bytes.Count(s.text, []byte("\n")); lines > 500 {
			t.Errorf("%s has %d lines, at most 500; split it by what its parts are for", s.path, lines)
		}
		if s.isTest() {
			continue
		}
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Body == nil {
				continue
			}
			lines := s.set.Position(f.End()).Line - s.set.Position(f.Pos()).Line + 1
			if lines > 60 {
				t.Errorf("%s: %s has %d lines, at most 60", s.set.Position(f.Pos()), f.Name.Name, lines)
			}
			if n := depth(f.Body); n > 3 {
				t.Errorf("%s: %s nests %d deep, at most 3", s.set.Position(f.Pos()), f.Name.Name, n)
			}
		}
	}
	for _, f := range tracked(t, ".ts", ".css") {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if lines := bytes.Count(text, []byte("\n")); lines > 500 {
			t.Errorf("%s has %d lines, at most 500", f, lines)
		}
	}
}

// depth is how deep control flow nests in a body.
func depth(n ast.Node) int {
	deepest := 0
	ast.Inspect(n, func(c ast.Node) bool {
		if c == nil || c == n {
			return true
		}
		switch c := c.(type) {
		case *ast.IfStmt:
			if d := ifDepth(c); d > deepest {
				deepest = d
			}
			return false
		case *ast.ForStmt, *ast.RangeStmt, *ast.SwitchStmt, *ast.TypeSwitchStmt, *ast.SelectStmt:
			if d := 1 + depth(c); d > deepest {
				deepest = d
			}
			return false
		case *ast.FuncLit:
			return false
		}
		return true
	})
	return deepest
}

// ifDepth counts an else-if as deep as its if.
func ifDepth(s *ast.IfStmt) int {
	d := 1 + depth(s.Body)
	switch e := s.Else.(type) {
	case *ast.IfStmt:
		d = max(d, ifDepth(e))
	case *ast.BlockStmt:
		d = max(d, 1+depth(e))
	}
	return d
}

func TestInterfacesAreSmall(t *testing.T) {
	for _, s := range sources(t) {
		ast.Inspect(s.file, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			if i, ok := spec.Type.(*ast.InterfaceType); ok && len(i.Methods.List) > 4 {
				t.Errorf("%s: interface %s has %d methods, at most 4", s.set.Position(spec.Pos()), spec.Name.Name, len(i.Methods.List))
			}
			return true
		})
	}
}

func TestDocumented(t *testing.T) {
	packages := map[string]bool{}
	for _, s := range sources(t) {
		if s.isTest() && s.path != "repo_test.go" {
			continue
		}
		folder := s.folder()
		packages[folder] = packages[folder] || s.file.Doc != nil
		if s.file.Name.Name == "main" || s.isTest() {
			continue
		}
		for _, d := range s.file.Decls {
			for _, name := range undocumented(d) {
				t.Errorf("%s: exported %s has no comment", s.set.Position(d.Pos()), name)
			}
		}
	}
	for folder, ok := range packages {
		if !ok {
			t.Errorf("%s: the package has no comment that says what it is for", folder)
		}
	}
}

func undocumented(d ast.Decl) (names []string) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && d.Doc == nil && (d.Recv == nil || exportedReceiver(d.Recv)) {
			names = append(names, d.Name.Name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			if ts, ok := spec.(*ast.TypeSpec); ok && ts.Name.IsExported() && d.Doc == nil && ts.Doc == nil {
				names = append(names, ts.Name.Name)
			}
		}
	}
	return names
}

func exportedReceiver(r *ast.FieldList) bool {
	t := r.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	if g, ok := t.(*ast.IndexExpr); ok {
		t = g.X
	}
	id, ok := t.(*ast.Ident)
	return ok && id.IsExported()
}

func TestErrorsDoNotOpenWithFailed(t *testing.T) {
	bad := regexp.MustCompile(`(?:errors\.New|fmt\.Errorf)\("(?:[Ff]ailed|[Uu]nable|[Ee]rror|[A-Z][a-z]+ )`)
	for _, s := range sources(t) {
		for i, line := range bytes.Split(s.text, []byte("\n")) {
			if !s.isTest() && bad.Match(line) {
				t.Errorf("%s:%d: an error says what, where and why in lower case, and does not open with failed", s.path, i+1)
			}
		}
	}
}

func TestNoVagueFolders(t *testing.T) {
	vague := []string{"pkg", "util", "utils", "common", "helper", "helpers", "misc", "shared", "types", "models", "manager", "impl"}
	for _, f := range tracked(t, "") {
		for _, part := range strings.Split(filepath.ToSlash(filepath.Dir(f)), "/") {
			if slices.Contains(vague, part) {
				t.Errorf("%s: folder %q says nothing; name it after what it is for", f, part)
			}
		}
	}
}

// A link in a document leads somewhere: to a file of the project, and to a
// heading that is there.
func TestNoDeadLinks(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	for _, f := range tracked(t, ".md") {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllSubmatch(text, -1) {
			target := string(m[1])
			if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			path, anchor, _ := strings.Cut(target, "#")
			at := f
			if path != "" {
				at = filepath.Join(filepath.Dir(f), path)
			}
			if _, err := os.Stat(at); err != nil {
				t.Errorf("%s: dead link %s", f, target)
			} else if anchor != "" && !slices.Contains(anchors(t, at), anchor) {
				t.Errorf("%s: no heading for %s", f, target)
			}
		}
	}
}

func anchors(t *testing.T, file string) (all []string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	drop := regexp.MustCompile(`[^\p{L}\p{N} _-]`)
	for _, line := range strings.Split(string(text), "\n") {
		if title, ok := strings.CutPrefix(strings.TrimLeft(line, "#"), " "); ok && strings.HasPrefix(line, "#") {
			all = append(all, strings.ReplaceAll(drop.ReplaceAllString(strings.ToLower(title), ""), " ", "-"))
		}
	}
	return all
}

// The documents that the code names are there.
func TestNamedDocumentsExist(t *testing.T) {
	name := regexp.MustCompile(`docs/[a-z-]+\.md`)
	for _, s := range sources(t) {
		for _, m := range name.FindAllString(string(s.text), -1) {
			if _, err := os.Stat(m); err != nil {
				t.Errorf("%s names %s, which does not exist", s.path, m)
			}
		}
	}
}

// Every package that parses what others send has a fuzz target.
func TestParsersAreFuzzed(t *testing.T) {
	fuzzed, parses := map[string]bool{}, map[string]bool{}
	for _, s := range sources(t) {
		fuzzed[s.folder()] = fuzzed[s.folder()] || s.isTest() && bytes.Contains(s.text, []byte("func Fuzz"))
		parses[s.folder()] = parses[s.folder()] || !s.isTest() && s.room() == "wire" && strings.Contains(s.path[5:], "/")
	}
	for folder, yes := range parses {
		if yes && !fuzzed[folder] {
			t.Errorf("%s: a protocol parser without a fuzz target", folder)
		}
	}
}

// Nothing of the machine that it was written on stands in the project.
func TestNoMachinePaths(t *testing.T) {
	bad := regexp.MustCompile(`(^|[\s"'(=])/(home|root|work|Users)/[A-Za-z]`)
	for _, f := range tracked(t, ".go", ".md", ".ts", ".css", ".html", ".mod", "Makefile", "run", ".sql") {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range bytes.Split(text, []byte("\n")) {
			if f != "repo_test.go" && bad.Match(line) {
				t.Errorf("%s:%d: a path of one machine: %s", f, i+1, line)
			}
		}
	}
}

// Folders of example inputs belong to something that exists.
func TestNoStrayFolders(t *testing.T) {
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if path == ".git" || path == "bin" || path == filepath.Join("web", "dist") {
			return filepath.SkipDir
		}
		entries, err := os.ReadDir(path)
		if err == nil && len(entries) == 0 {
			t.Errorf("%s: an empty folder; rooms come into being with their first resident", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// The tests that docs/conformance.md names are there.
func TestConformance(t *testing.T) {
	page, err := os.ReadFile("docs/conformance.md")
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for _, s := range sources(t) {
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && s.isTest() {
				there[s.folder()+" "+f.Name.Name] = true
			}
		}
	}
	named := 0
	for _, group := range regexp.MustCompile("`([a-z/]+)` ((?:Test[A-Za-z0-9]+(?: \\([^)]*\\))?,? ?)*)").FindAllSubmatch(page, -1) {
		for _, test := range regexp.MustCompile(`Test[A-Za-z0-9]+`).FindAllString(string(group[2]), -1) {
			named++
			if !there[string(group[1])+" "+test] {
				t.Errorf("docs/conformance.md names %s of %s, which is not there", test, group[1])
			}
		}
	}
	if all := strings.Count(string(page), " Test"); named == 0 || named != all {
		t.Errorf("%d of %d tests were looked for", named, all)
	}
}
