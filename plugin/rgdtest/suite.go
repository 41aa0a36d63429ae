// Package rgdtest runs tests of RGDs. It takes a test file and the input of each
// case, and returns whether the case passed, or the differences from the expected
// result. It opens no files and prints no values of Secrets.
//
//	file, findings := suite.Read("tests/shop.yaml", data)
//	outcome, err := suite.Run(ctx, file.Cases[0], suite.Input{Input: in})
package rgdtest

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
)

// What a test file is.
const (
	Group      = "krowave.dev"
	APIVersion = Group + "/v1alpha1"
	Kind       = "Test"
)

// File is a test file.
type File struct {
	Name              string
	Definitions, CRDs []string // paths, relative to the file
	Cases             []*Case
}

// Case is one test: what is rendered, and what is expected of it.
type Case struct {
	File, Name string
	At         diag.Position
	Skip       string // why it is not run; "" runs it
	Instance   Source
	Observed   []Source
	IsObserved bool // observed is there, if only as an empty list
	Runtime    render.Runtime
	Golden     string // path, relative to the file; "" for none
	Assert     []*Assertion
	Error      *ExpectedError
}

// Source is an object that is written in the test, or a path to a file.
type Source struct {
	Object map[string]any
	Path   string
	At     diag.Position

	find func(diag.Path) diag.Position // of a field of Object, in the test
}

// ExpectedError is an error that a render must report.
type ExpectedError struct {
	Rule, Path, Message string // "" fits any; Message is a part of the text
	At                  diag.Position
}

// Is reports whether a document is meant as a test.
func Is(doc *manifest.Document) bool {
	group, _, _ := strings.Cut(doc.APIVersion(), "/")
	return group == Group
}

// Read reads a test file. It returns nil for a file that is not a test: findings then say
// why, and are empty when the file is about something else.
func Read(name string, data []byte) (*File, diag.List) {
	docs, diags := manifest.Read(name, data, manifest.Limits{})
	if !slices.ContainsFunc(docs, Is) {
		if !strings.Contains(string(data), APIVersion) {
			diags = nil // what is wrong with another file is for others to say
		}
		return nil, diags
	}
	r := &fileReader{file: &File{Name: name}, diags: diags}
	for _, doc := range docs {
		r.doc = doc
		r.document()
	}
	if r.diags.HasErrors() {
		return nil, r.diags
	}
	return r.file, nil
}

type fileReader struct {
	file  *File
	doc   *manifest.Document
	diags diag.List
}

func (r *fileReader) errorf(p diag.Path, format string, args ...any) {
	r.diags.Add(diag.Diagnostic{
		Severity: diag.Error, Rule: "test-file", Pos: r.doc.Position(p), Path: p.String(), Message: fmt.Sprintf(format, args...),
	})
}

func (r *fileReader) document() {
	if r.doc.APIVersion() != APIVersion || r.doc.Kind() != Kind {
		r.errorf(diag.Path{"kind"}, "not a test: a test has apiVersion: %s and kind: %s", APIVersion, Kind)
		return
	}
	before := len(r.diags)
	top := r.fields(nil, r.doc.Object, "apiVersion", "kind", "metadata", "definitions", "crds", "cases")
	r.file.Definitions = append(r.file.Definitions, r.texts(diag.Path{"definitions"}, top["definitions"])...)
	r.file.CRDs = append(r.file.CRDs, r.texts(diag.Path{"crds"}, top["crds"])...)
	cases, ok := top["cases"].([]any)
	if misspelt := len(r.diags) > before && top["cases"] == nil; !misspelt && (!ok || len(cases) == 0) {
		r.errorf(diag.Path{"cases"}, "cases must be a non-empty list")
	}
	for i, c := range cases {
		r.testCase(diag.Path{"cases", i}, c)
	}
}

func (r *fileReader) testCase(at diag.Path, v any) {
	m := r.fields(at, v, "name", "skip", "instance", "observed", "runtime", "expect")
	if m == nil {
		return
	}
	c := &Case{File: r.file.Name, At: r.doc.Position(at), Name: r.text(at.With("name"), m["name"]), Skip: r.text(at.With("skip"), m["skip"])}
	if c.Name == "" {
		r.errorf(at, "a case needs a name")
	}
	if slices.ContainsFunc(r.file.Cases, func(o *Case) bool { return o.Name == c.Name }) {
		r.errorf(at.With("name"), "there are two cases named %s", c.Name)
	}
	if m["instance"] == nil {
		r.errorf(at, "case %s needs an instance: an object, or the path of a file", c.Name)
	} else {
		c.Instance = r.source(at.With("instance"), m["instance"])
	}
	observed, ok := m["observed"].([]any)
	if c.IsObserved = ok; !ok && m["observed"] != nil {
		r.errorf(at.With("observed"), "observed must be a list of objects and paths")
	}
	for i, o := range observed {
		c.Observed = append(c.Observed, r.source(at.With("observed", i), o))
	}
	switch runtime := r.text(at.With("runtime"), m["runtime"]); runtime {
	case "", string(render.Fail), string(render.Withhold):
		c.Runtime = render.Runtime(runtime)
	default:
		r.errorf(at.With("runtime"), "runtime must be fail or withhold, not %q", runtime)
	}
	r.expect(c, at.With("expect"), m["expect"])
	r.file.Cases = append(r.file.Cases, c)
}

func (r *fileReader) expect(c *Case, at diag.Path, v any) {
	if v == nil {
		return
	}
	m := r.fields(at, v, "golden", "assert", "error")
	if c.Golden = r.text(at.With("golden"), m["golden"]); c.Golden != "" {
		r.golden(c, at.With("golden"))
	}
	list, ok := m["assert"].([]any)
	if !ok && m["assert"] != nil {
		r.errorf(at.With("assert"), "assert must be a list of CEL expressions")
	}
	for i, a := range list {
		r.assertion(c, at.With("assert", i), a)
	}
	if m["error"] == nil {
		return
	}
	c.Error = &ExpectedError{At: r.doc.Position(at.With("error"))}
	e := r.fields(at.With("error"), m["error"], "rule", "path", "message")
	c.Error.Rule = r.text(at.With("error", "rule"), e["rule"])
	c.Error.Path = r.text(at.With("error", "path"), e["path"])
	c.Error.Message = r.text(at.With("error", "message"), e["message"])
	if c.Golden != "" || len(c.Assert) > 0 {
		r.errorf(at.With("error"), "a case that expects an error renders nothing to compare: remove golden and assert")
	}
}

// golden checks the path of a golden file. One that looks like a manifest would
// be rendered, and applied, with the directory that it is in.
func (r *fileReader) golden(c *Case, at diag.Path) {
	if !filepath.IsLocal(c.Golden) {
		r.errorf(at, "a golden file must be in the directory of the test or below, not %s", c.Golden)
	}
	if ext := path.Ext(c.Golden); ext == ".yaml" || ext == ".yml" || ext == ".json" {
		r.errorf(at, "a golden file must not end in %s, because krowave render would read it as a manifest; name it %s",
			ext, strings.TrimSuffix(c.Golden, ext)+".golden")
	}
}

func (r *fileReader) assertion(c *Case, at diag.Path, v any) {
	a := &Assertion{}
	path := at
	if m, ok := v.(map[string]any); ok {
		if before := len(r.diags); r.fields(at, m, "that", "message") == nil || m["that"] == nil && len(r.diags) > before {
			return
		}
		path = at.With("that")
		a.Text, a.Message = r.text(path, m["that"]), r.text(at.With("message"), m["message"])
	} else {
		a.Text = r.text(at, v)
	}
	if a.Text == "" {
		r.errorf(at, "an assertion needs a CEL expression")
		return
	}
	a.At = r.doc.Within(path, 0)
	for _, p := range a.compile() {
		r.diags.Add(diag.Diagnostic{Severity: diag.Error, Rule: "test-file", Pos: r.doc.Within(path, p.Offset), Path: path.String(), Message: p.Message, Hint: p.Hint})
	}
	c.Assert = append(c.Assert, a)
}

// source reads an object or a path.
func (r *fileReader) source(at diag.Path, v any) Source {
	s := Source{At: r.doc.Position(at)}
	switch v := v.(type) {
	case map[string]any:
		s.Object = v
		s.find = func(field diag.Path) diag.Position { return r.doc.Position(at.With(field...)) }
	case string:
		s.Path = v
	default:
		r.errorf(at, "%s must be an object, or the path of a file", at[len(at)-1])
	}
	return s
}

// fields returns a mapping whose keys are all known; nil with a finding else.
func (r *fileReader) fields(at diag.Path, v any, known ...string) map[string]any {
	m, ok := v.(map[string]any)
	if !ok {
		r.errorf(at, "must be a mapping with %s", strings.Join(known, ", "))
		return nil
	}
	for _, key := range sortedKeys(m) {
		if slices.Contains(known, key) {
			continue
		}
		r.diags.Add(diag.Diagnostic{
			Severity: diag.Error, Rule: "test-file", Pos: r.doc.KeyPosition(at.With(key)), Path: at.With(key).String(),
			Message: fmt.Sprintf("a test has no field %s here; there are %s", key, strings.Join(known, ", ")),
		}.With(diag.Meant(key, known)))
	}
	return m
}

func (r *fileReader) text(at diag.Path, v any) string {
	s, ok := v.(string)
	if !ok && v != nil {
		r.errorf(at, "must be a string")
	}
	return s
}

func (r *fileReader) texts(at diag.Path, v any) []string {
	list, ok := v.([]any)
	if !ok && v != nil {
		r.errorf(at, "must be a list of paths")
	}
	var out []string
	for i, item := range list {
		out = append(out, r.text(at.With(i), item))
	}
	return out
}
