package lsp_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// ask sends a request about the place of the mark ¦ in a part of a file. What
// stands before and after the mark is in the file once.
func (e *editor) ask(method, name, marked string, more map[string]any) (json.RawMessage, error) {
	e.t.Helper()
	before, _, ok := strings.Cut(marked, "¦")
	if !ok {
		e.t.Fatalf("no mark in %q", marked)
	}
	at := e.index(name, strings.Replace(marked, "¦", "", 1)) + len(before)
	params := map[string]any{"textDocument": map[string]any{"uri": e.uri(name)}, "position": spot(e.texts[name], at)}
	for k, v := range more {
		params[k] = v
	}
	return e.try(method, params)
}

// result decodes an answer that has to be there.
func result[T any](t *testing.T, raw json.RawMessage, err error) T {
	t.Helper()
	var out T
	if err == nil {
		err = json.Unmarshal(raw, &out)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, raw)
	}
	return out
}

type item struct {
	Label, Detail, Documentation string
	Preselect                    bool
	TextEdit                     struct {
		Range   span
		NewText string
	}
}

const fleet = shop + `
-- fair-rgd.yaml --
apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
metadata:
  name: fair
spec:
  schema:
    apiVersion: v1alpha1
    kind: Fair
    types:
      Stall:
        name: string
        size: integer | default=2
    spec:
      stalls: "[]Stall"
      open: boolean | default=true
      token: string | default="hush"
  resources:
    - id: stall
      forEach:
        - one: ${schema.spec.stalls}
      template:
        apiVersion: kro.run/v1alpha1
        kind: Stand
        metadata:
          name: ${one.name}
        spec:
          size: ${one.size}
    - id: board
      readyWhen:
        - ${board.data.names != ""}
      template:
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: board
        data:
          names: ${schema.spec.stalls.map(s, s.name).join(",")}
    - id: key
      template:
        apiVersion: v1
        kind: Secret
        metadata:
          name: key
        stringData:
          token: ${schema.spec.token}
-- fair.yaml --
apiVersion: kro.run/v1alpha1
kind: Fair
metadata:
  name: autumn
spec:
  stalls:
    - name: jam
    - name: tea
      size: 3
`

// TestCompletion: what is offered at the mark, in a text that is put in place of
// another one first.
func TestCompletion(t *testing.T) {
	e := newEditor(t, fleet, nil)
	for _, name := range []string{"shop-rgd.yaml", "fair-rgd.yaml", "stands/market.yaml"} {
		e.open(name)
	}
	for _, c := range []struct {
		name, file, old, text string
		want                  []string // labels that are offered, in this order
		never                 []string // labels that are not
	}{
		{"variables and functions", "shop-rgd.yaml", "${schema.spec.goods}", "${¦}", []string{"door", "schema", "has", "string"}, []string{"map", "goods"}},
		{"open expression", "shop-rgd.yaml", "${schema.spec.goods}", "${sch¦", []string{"door", "schema"}, nil},
		{"schema", "shop-rgd.yaml", "${schema.spec.goods}", "${schema.¦}", []string{"apiVersion", "kind", "metadata", "spec"}, []string{"status"}},
		{"fields", "shop-rgd.yaml", "${schema.spec.goods}", "${schema.spec.¦", []string{"goods", "size", "tier"}, []string{"string"}},
		{"metadata", "shop-rgd.yaml", "${schema.spec.goods}", "a ${schema.metadata.na¦} b", []string{"namespace", "labels", "name"}, nil},
		{"fields of a node", "shop-rgd.yaml", "${sign.data.goods}", "${sign.¦}", []string{"data", "immutable", "metadata"}, []string{"spec"}},
		{"methods of a string", "shop-rgd.yaml", "${schema.spec.goods}", "${schema.spec.goods.¦}", []string{"replace", "split", "startsWith"}, []string{"map", "goods"}},
		{"functions of a namespace", "shop-rgd.yaml", "${schema.spec.goods}", "${json.¦}", []string{"marshal", "unmarshal"}, []string{"schema"}},
		{"after a call", "shop-rgd.yaml", "${schema.spec.goods}", `${schema.spec.goods.split(",")[0].up¦}`, []string{"upperAscii"}, nil},
		{"not in a string", "shop-rgd.yaml", "${schema.spec.goods}", `${"schema.¦}`, nil, []string{"spec"}},
		{"iterator", "fair-rgd.yaml", "${one.size}", "${one.¦}", []string{"name", "size"}, nil},
		{"variable of a macro", "fair-rgd.yaml", `${schema.spec.stalls.map(s, s.name).join(",")}`, "${schema.spec.stalls.map(s, s.¦)}", []string{"name", "size"}, nil},
		{"methods of a list", "fair-rgd.yaml", `${schema.spec.stalls.map(s, s.name).join(",")}`, "${schema.spec.stalls.¦}", []string{"exists", "filter", "map", "size"}, []string{"startsWith"}},
		{"readyWhen sees its own node", "fair-rgd.yaml", `${board.data.names != ""}`, "${¦}", []string{"board"}, []string{"schema", "stall", "key"}},
		{"collection is a list", "fair-rgd.yaml", `${schema.spec.stalls.map(s, s.name).join(",")}`, "${stall[0].spec.¦}", []string{"goods", "size", "tier"}, nil},
		{"types", "fair-rgd.yaml", "boolean | default=true", "¦", []string{"string", "integer", "boolean", "float", "object", "Stall", "[]"}, nil},
		{"markers", "fair-rgd.yaml", "boolean | default=true", "boolean | default=true re¦", []string{"required", "description", "immutable"}, []string{"default"}},
		{"value of a marker", "fair-rgd.yaml", "boolean | default=true", "boolean | required=¦", []string{"true", "false"}, nil},
		{"keys of an RGD", "fair-rgd.yaml", "    - id: key\n", "    - id: key\n      ¦\n", []string{"forEach", "includeWhen", "readyWhen"}, []string{"id", "template"}},
		{"keys of a template", "fair-rgd.yaml", "        stringData:\n", "        ¦\n        stringData:\n", []string{"data", "immutable", "type"}, []string{"kind", "stringData", "spec"}},
		{"keys of a kind of another RGD", "fair-rgd.yaml", "          size: ${one.size}", "          size: ${one.size}\n          ¦", []string{"goods", "tier"}, []string{"size"}},
		{"kinds", "fair-rgd.yaml", "kind: Secret", "kind: ¦", []string{"ConfigMap", "Secret"}, []string{"Deployment"}},
		{"versions of a kind", "fair-rgd.yaml", "        apiVersion: kro.run/v1alpha1", "        apiVersion: ¦", []string{"kro.run/v1alpha1"}, []string{"apps/v1"}},
		{"keys of an instance", "stands/market.yaml", "  goods: pears\n", "  goods: pears\n  ¦\n", []string{"size", "tier"}, []string{"goods"}},
		{"a key that is being written", "stands/market.yaml", "  goods: pears\n", "  goods: pears\n  ti¦\n", []string{"size", "tier"}, []string{"goods"}},
		{"values of an enum", "stands/market.yaml", "goods: pears", "tier: ¦", []string{"small", "large"}, nil},
		{"default", "stands/market.yaml", "goods: pears", "size: ¦", []string{"1"}, nil},
		{"instances of the group", "stands/market.yaml", "kind: Stand", "kind: ¦", []string{"Fair", "ResourceGraphDefinition", "Stand"}, nil},
	} {
		whole := e.texts[c.file]
		e.replace(c.file, c.old, strings.Replace(c.text, "¦", "", 1))
		raw, err := e.ask("textDocument/completion", c.file, around(e.texts[c.file], whole, c.old, c.text), nil)
		var got []string
		for _, i := range result[[]item](t, raw, err) {
			got = append(got, i.Label)
		}
		at := -1
		for _, label := range c.want {
			i := slices.Index(got, label)
			if i <= at {
				t.Errorf("%s: %s is not offered, or not in this place: %q", c.name, label, got)
			}
			at = i
		}
		for _, label := range c.never {
			if slices.Contains(got, label) {
				t.Errorf("%s: %s is offered: %q", c.name, label, got)
			}
		}
		e.versions[c.file]++
		e.texts[c.file] = whole
		e.notify("textDocument/didChange", map[string]any{
			"textDocument":   map[string]any{"uri": e.uri(c.file), "version": e.versions[c.file]},
			"contentChanges": []any{map[string]any{"text": whole}},
		})
	}
}

// around is the whole new text with the mark, since a small part may be there
// more than once.
func around(now, before, old, text string) string {
	at := strings.Index(before, old)
	return now[:at] + text + before[at+len(old):]
}

// TestCompletionEdits: an item replaces the word before the cursor, and opens the
// next line where a field has fields.
func TestCompletionEdits(t *testing.T) {
	e := newEditor(t, fleet, nil)
	e.openText("fair.yaml", "apiVersion: kro.run/v1alpha1\nkind: Fair\nmetadata:\n  name: ü🍎\nspec:\n  st\n")
	raw, err := e.ask("textDocument/completion", "fair.yaml", "spec:\n  st¦\n", nil)
	items := result[[]item](t, raw, err)
	if len(items) != 3 {
		t.Fatalf("items %+v", items)
	}
	got := fmt.Sprintf("%q for %q (%s)", items[1].TextEdit.NewText, at(e.texts["fair.yaml"], items[1].TextEdit.Range), items[1].Detail)
	if want := `"stalls:\n    - " for "st" ([]object)`; got != want {
		t.Errorf("%s\n%s", got, want)
	}
}

type hovering struct {
	Contents struct{ Kind, Value string }
	Range    span
}

// TestHover: type, default, description, and what an expression renders.
func TestHover(t *testing.T) {
	for _, c := range []struct {
		instance, file, place, want string
	}{
		{"", "shop-rgd.yaml", "goods: ${schema.spec.go¦ods}", "goods: **schema.spec.goods**: `string` | what is sold | Default: `\"apples\"` | For `Stand default/market`: `\"pears\"`"},
		{"", "shop-rgd.yaml", "of ${si¦gn.data.goods}", "sign: **sign**: node, `v1` `ConfigMap`, resource | For `Stand default/market`: `\"größe 🍎: 1 of pears\"`"},
		{"Stand/zoo", "shop-rgd.yaml", "goods: ${schema.spec.go¦ods}", "goods: **schema.spec.goods**: `string` | what is sold | Default: `\"apples\"` | For `Stand default/zoo`: `\"apples\"`"},
		{"", "shop-rgd.yaml", "si¦ze: integer", "size: **spec.size**: `integer` | Default: `1` | `at least 1` | `at most 9`"},
		{"", "stands/market.yaml", "go¦ods: pears", "goods: **spec.goods**: `string` | what is sold | Default: `\"apples\"`"},
		{"", "fair-rgd.yaml", "token: ${schema.spec.to¦ken}", "token: **schema.spec.token**: `string` | Default: `<secret value>` | For `Fair default/autumn`: `<secret value>`"},
		{"", "fair-rgd.yaml", "size: ${on¦e.size}", "one: **one**: `object` | For the first item of `Fair default/autumn`: `2`"},
		{"", "fair-rgd.yaml", "imm¦utable: true", "immutable: **immutable**: `boolean`"},
	} {
		e := newEditor(t, fleet+"-- stands/zoo.yaml --\napiVersion: kro.run/v1alpha1\nkind: Stand\nmetadata:\n  name: zoo\n", map[string]any{"instance": c.instance})
		e.open(c.file)
		if strings.HasPrefix(c.place, "imm") {
			e.replace(c.file, "        stringData:\n", "        immutable: true\n        stringData:\n")
		}
		raw, err := e.ask("textDocument/hover", c.file, c.place, nil)
		h := result[hovering](t, raw, err)
		got := at(e.texts[c.file], h.Range) + ": " + strings.ReplaceAll(h.Contents.Value, "\n\n", " | ")
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.place, diff)
		}
	}
}

type spotted struct {
	URI   string
	Range span
}

// shown are places as file:line: text.
func (e *editor) shown(list []spotted) []string {
	out := []string{}
	for _, s := range list {
		name, text := e.text(s.URI)
		out = append(out, fmt.Sprintf("%s:%d: %s", name, s.Range.Start.Line+1, at(text, s.Range)))
	}
	return out
}

// TestDefinition: from an expression, an instance and a template to where a name
// is given.
func TestDefinition(t *testing.T) {
	e := newEditor(t, fleet, nil)
	for _, name := range []string{"shop-rgd.yaml", "fair-rgd.yaml", "stands/market.yaml", "fair.yaml"} {
		e.open(name)
	}
	for _, c := range []struct{ file, place, want string }{
		{"shop-rgd.yaml", "goods: ${schema.spec.go¦ods}", "shop-rgd.yaml:10: goods"},
		{"shop-rgd.yaml", "of ${si¦gn.data.goods}", "shop-rgd.yaml:14: sign"},
		{"shop-rgd.yaml", "of ${sign.data.go¦ods}", "shop-rgd.yaml:21: goods"},
		{"shop-rgd.yaml", "name: ${sche¦ma.metadata.name}", "shop-rgd.yaml:8: Stand"},
		{"stands/market.yaml", "kind: St¦and", "shop-rgd.yaml:8: Stand"},
		{"stands/market.yaml", "go¦ods: pears", "shop-rgd.yaml:10: goods"},
		{"fair-rgd.yaml", "kind: St¦and", "shop-rgd.yaml:8: Stand"},
		{"fair-rgd.yaml", "          si¦ze: ${one.size}", "shop-rgd.yaml:11: size"},
		{"fair-rgd.yaml", "size: ${one.si¦ze}", "fair-rgd.yaml:12: size"},
		{"fair-rgd.yaml", "size: ${o¦ne.size}", "fair-rgd.yaml:20: one"},
		{"fair-rgd.yaml", "map(s, s.na¦me)", "fair-rgd.yaml:11: name"},
		{"fair.yaml", "    - na¦me: jam", "fair-rgd.yaml:11: name"},
		{"fair.yaml", "apiVer¦sion", ""},
	} {
		raw, err := e.ask("textDocument/definition", c.file, c.place, nil)
		if got := strings.Join(e.shown(result[[]spotted](t, raw, err)), "; "); got != c.want {
			t.Errorf("%s:\n  got  %s\n  want %s", c.place, got, c.want)
		}
	}
}

// TestReferences: everywhere a name is used, in the RGD, in instances, in
// templates of other RGDs.
func TestReferences(t *testing.T) {
	e := newEditor(t, fleet, nil)
	e.open("shop-rgd.yaml")
	e.open("fair-rgd.yaml")
	for _, c := range []struct {
		file, place string
		want        []string
	}{
		{"shop-rgd.yaml", "  go¦ods: string", []string{"shop-rgd.yaml:10: goods", "shop-rgd.yaml:21: goods", "stands/market.yaml:6: goods"}},
		{"shop-rgd.yaml", "(schema.spec.si¦ze)", []string{"fair-rgd.yaml:27: size", "shop-rgd.yaml:11: size", "shop-rgd.yaml:29: size"}},
		{"shop-rgd.yaml", "id: si¦gn", []string{"shop-rgd.yaml:14: sign", "shop-rgd.yaml:27: sign", "shop-rgd.yaml:29: sign"}},
		{"shop-rgd.yaml", "kind: Sta¦nd", []string{"fair-rgd.yaml:23: Stand", "shop-rgd.yaml:8: Stand", "stands/market.yaml:2: Stand"}},
		{"fair-rgd.yaml", "${one.na¦me}", []string{"fair-rgd.yaml:11: name", "fair-rgd.yaml:25: name", "fair-rgd.yaml:37: name", "fair.yaml:7: name", "fair.yaml:8: name"}},
	} {
		raw, err := e.ask("textDocument/references", c.file, c.place, map[string]any{"context": map[string]any{"includeDeclaration": true}})
		if diff := cmp.Diff(c.want, e.shown(result[[]spotted](t, raw, err))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.place, diff)
		}
	}
	raw, err := e.ask("textDocument/references", "shop-rgd.yaml", "id: si¦gn", map[string]any{"context": map[string]any{"includeDeclaration": false}})
	if got := e.shown(result[[]spotted](t, raw, err)); len(got) != 2 {
		t.Errorf("without the declaration: %q", got)
	}
}
