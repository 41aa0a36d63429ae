package lsp_test

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sourcegraph/jsonrpc2"
)

type edits struct {
	Changes map[string][]struct {
		Range   span
		NewText string
	}
}

// apply makes the changes of a workspace edit in the open files.
func (e *editor) apply(w edits) {
	e.t.Helper()
	for _, uri := range slices.Sorted(maps.Keys(w.Changes)) {
		name, text := e.text(uri)
		list := w.Changes[uri]
		for _, c := range slices.Backward(list) {
			lines := strings.SplitAfter(text, "\n")
			begin := len(strings.Join(lines[:c.Range.Start.Line], "")) + len(at(lines[c.Range.Start.Line], span{End: place{Character: c.Range.Start.Character}}))
			text = text[:begin] + c.NewText + text[begin+len(at(text, c.Range)):]
		}
		if _, open := e.texts[name]; !open {
			e.open(name)
		}
		e.versions[name]++
		e.texts[name] = text
		e.notify("textDocument/didChange", map[string]any{
			"textDocument":   map[string]any{"uri": uri, "version": e.versions[name]},
			"contentChanges": []any{map[string]any{"text": text}},
		})
	}
}

// TestRename: one edit for the RGD, instances and templates of other RGDs, after
// which nothing is wrong.
func TestRename(t *testing.T) {
	e := newEditor(t, fleet, nil)
	for _, name := range []string{"shop-rgd.yaml", "fair-rgd.yaml"} {
		e.open(name)
	}
	for _, c := range []struct {
		file, place, to string
		want            map[string][]string // changed lines, by file
	}{
		{"shop-rgd.yaml", "of ${si¦gn.data", "board", map[string][]string{
			"shop-rgd.yaml": {"- id: board", `name: ${board.metadata.name + "-door"}`, `text: "größe 🍎: ${string(schema.spec.size)} of ${board.data.goods}"`},
		}},
		{"shop-rgd.yaml", "  si¦ze: integer", "area", map[string][]string{
			"shop-rgd.yaml": {"area: integer | default=1 minimum=1 maximum=9", `text: "größe 🍎: ${string(schema.spec.area)} of ${board.data.goods}"`},
			"fair-rgd.yaml": {"area: ${one.size}"},
		}},
		{"fair-rgd.yaml", "${one.na¦me}", "title", map[string][]string{
			"fair-rgd.yaml": {"title: string", "name: ${one.title}", `names: ${schema.spec.stalls.map(s, s.title).join(",")}`},
			"fair.yaml":     {"- title: jam", "- title: tea"},
		}},
	} {
		before := map[string]string{}
		for name := range c.want {
			_, before[name] = e.text(e.uri(name))
		}
		raw, err := e.ask("textDocument/rename", c.file, c.place, map[string]any{"newName": c.to})
		e.apply(result[edits](t, raw, err))
		got := map[string][]string{}
		for name := range c.want {
			old := strings.Split(before[name], "\n")
			for i, line := range strings.Split(e.texts[name], "\n") {
				if line != old[i] {
					got[name] = append(got[name], strings.TrimSpace(line))
				}
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s to %s (-want +got):\n%s", c.place, c.to, diff)
		}
		e.await(c.file)
	}
}

// patched is an instance that kustomize builds, with a field that a patch sets.
const patched = `-- base/kustomization.yaml --
resources: [stand.yaml]
patches:
- target: {kind: Stand}
  patch: '[{"op": "add", "path": "/spec/goods", "value": "figs"}]'
-- base/stand.yaml --
apiVersion: kro.run/v1alpha1
kind: Stand
metadata:
  name: base
spec:
  size: 1
`

// TestRenameIsRefused: a name that is taken, that kro does not take, or that
// breaks something.
func TestRenameIsRefused(t *testing.T) {
	e := newEditor(t, fleet+patched, nil)
	e.open("shop-rgd.yaml")
	e.open("fair-rgd.yaml")
	for _, c := range []struct{ file, place, to, want string }{
		{"shop-rgd.yaml", "id: si¦gn", "door", "already"},
		{"shop-rgd.yaml", "id: si¦gn", "schema", "reserved"},
		{"shop-rgd.yaml", "id: si¦gn", "Sign-1", "lowerCamelCase"},
		{"shop-rgd.yaml", "go¦ods: string", "size", "already"},
		{"shop-rgd.yaml", "go¦ods: string", "a b", "name of a field"},
		{"shop-rgd.yaml", "go¦ods: string", "wares", "there would be a finding"}, // the patch adds the old name
		{"shop-rgd.yaml", "kind: St¦and", "Booth", "add a new RGD"},
		{"shop-rgd.yaml", "kind: Resource¦GraphDefinition", "x", "only the id"},
		{"fair-rgd.yaml", "o¦ne: ${", "two", "only the id"},
	} {
		_, err := e.ask("textDocument/rename", c.file, c.place, map[string]any{"newName": c.to})
		var refused *jsonrpc2.Error
		if !errors.As(err, &refused) || !strings.Contains(refused.Message, c.want) {
			t.Errorf("%s to %s: %v, not %q", c.place, c.to, err, c.want)
		}
	}
	raw, err := e.ask("textDocument/prepareRename", "shop-rgd.yaml", "id: si¦gn", nil)
	prepared := result[struct {
		Range       span
		Placeholder string
	}](t, raw, err)
	if got := at(e.texts["shop-rgd.yaml"], prepared.Range); got != "sign" || prepared.Placeholder != "sign" {
		t.Errorf("prepared %q, %q", got, prepared.Placeholder)
	}
}

// TestCodeActions: what a finding proposes is one edit, after which it is gone.
func TestCodeActions(t *testing.T) {
	for _, c := range []struct{ file, old, text, finding string }{
		{"shop-rgd.yaml", "${sign.data.goods}", "${sgin.data.goods}", "cel-reference: sgin.data.goods"},
		{"shop-rgd.yaml", "goods: ${schema.spec.goods}", "goods: ${schema.spec.good}", ""},
		{"shop-rgd.yaml", "minimum=1", "minimun=1", ""},
		{"fair-rgd.yaml", "stringData:", "stringDat:", ""},
		{"stands/market.yaml", "kind: Stand", "kind: Stnad", ""},
	} {
		e := newEditor(t, fleet, nil)
		e.open(c.file)
		e.await(c.file)
		right := e.texts[c.file]
		e.replace(c.file, c.old, c.text)
		begin := spot(e.texts[c.file], e.index(c.file, c.text))
		end := spot(e.texts[c.file], e.index(c.file, c.text)+len(c.text))
		raw, err := e.try("textDocument/codeAction", map[string]any{
			"textDocument": map[string]any{"uri": e.uri(c.file)}, "range": map[string]any{"start": begin, "end": end},
			"context": map[string]any{"diagnostics": []any{}},
		})
		list := result[[]struct {
			Title, Kind string
			Diagnostics []finding
			Edit        json.RawMessage
		}](t, raw, err)
		if len(list) != 1 || list[0].Kind != "quickfix" || len(list[0].Diagnostics) != 1 {
			t.Errorf("%s: actions %s", c.text, raw)
			continue
		}
		e.apply(result[edits](t, list[0].Edit, nil))
		if diff := cmp.Diff(right, e.texts[c.file]); diff != "" {
			t.Errorf("%s: %s gives (-want +got):\n%s", c.text, list[0].Title, diff)
		}
	}
}

type symbol struct {
	Name, Detail          string
	Range, SelectionRange span
	Children              []symbol
}

// TestSymbols: the kind that an RGD defines with its fields, and its nodes.
func TestSymbols(t *testing.T) {
	e := newEditor(t, fleet, nil)
	e.openText("all.yaml", strings.Join([]string{file(fleet, "shop-rgd.yaml"), file(fleet, "stands/market.yaml")}, "---\n"))
	raw, err := e.try("textDocument/documentSymbol", map[string]any{"textDocument": map[string]any{"uri": e.uri("all.yaml")}})
	var got []string
	var walk func(list []symbol, indent string, outer span)
	walk = func(list []symbol, indent string, outer span) {
		for _, s := range list {
			got = append(got, strings.TrimRight(indent+s.Name+" "+s.Detail, " ")+" at "+at(e.texts["all.yaml"], s.SelectionRange))
			if !covers(outer, s.Range) || !covers(s.Range, s.SelectionRange) {
				t.Errorf("%s has %+v, selects %+v, is in %+v", s.Name, s.Range, s.SelectionRange, outer)
			}
			walk(s.Children, indent+"  ", s.Range)
		}
	}
	walk(result[[]symbol](t, raw, err), "", span{End: place{Line: 1 << 20}})
	want := []string{
		"ResourceGraphDefinition stand at stand", "  Stand at Stand", `    goods string | default="apples" description="what is sold" at goods`,
		"    size integer | default=1 minimum=1 maximum=9 at size", `    tier string | enum="small,large" default="small" at tier`,
		"  sign ConfigMap at sign", "  door ConfigMap at door", "Stand market at market",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("symbols (-want +got):\n%s", diff)
	}
}

func covers(outer, inner span) bool {
	before := func(a, b place) bool { return a.Line < b.Line || a.Line == b.Line && a.Character <= b.Character }
	return before(outer.Start, inner.Start) && before(inner.End, outer.End)
}
