package lsp_test

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sourcegraph/jsonrpc2"
)

const shop = `
-- shop-rgd.yaml --
apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
metadata:
  name: stand
spec:
  schema:
    apiVersion: v1alpha1
    kind: Stand
    spec:
      goods: string | default="apples" description="what is sold"
      size: integer | default=1 minimum=1 maximum=9
      tier: string | enum="small,large" default="small"
  resources:
    - id: sign
      template:
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: ${schema.metadata.name}
        data:
          goods: ${schema.spec.goods}
    - id: door
      template:
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: ${sign.metadata.name + "-door"}
        data:
          text: "größe 🍎: ${string(schema.spec.size)} of ${sign.data.goods}"
-- stands/market.yaml --
apiVersion: kro.run/v1alpha1
kind: Stand
metadata:
  name: market
spec:
  goods: pears
`

// validated is what krowave validate finds, as rule and position of each finding.
func validated(t *testing.T, dir string) []string {
	t.Helper()
	program, err := krowave()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "validate", "-o", "json", ".")
	cmd.Dir = dir
	out, _ := cmd.Output()
	var report struct {
		Diagnostics []struct{ Rule, File, Message string }
	}
	if err := json.Unmarshal(out, &report); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var list []string
	for _, f := range report.Diagnostics {
		list = append(list, f.Rule+" "+f.File+" "+f.Message)
	}
	return list
}

// TestFindings: findings come as one types, at the characters that the editor
// counts, and are those of krowave validate.
func TestFindings(t *testing.T) {
	e := newEditor(t, shop, nil)
	e.open("shop-rgd.yaml")
	e.open("stands/market.yaml")
	e.replace("stands/market.yaml", "goods: pears", "goods: pears\n  size: 12\n")
	e.await("stands/market.yaml", "object-schema: 12")
	e.replace("stands/market.yaml", "size: 12", "size: 2")
	e.await("stands/market.yaml")
	e.replace("shop-rgd.yaml", "${sign.data.goods}", "${sgin.data.goods}")
	found := e.await("shop-rgd.yaml", "cel-reference: sgin.data.goods")
	if !strings.Contains(found[0].Message, "did you mean") || !strings.HasSuffix(found[0].CodeDescription.Href, "#cel-reference") || found[0].Source != "krowave" {
		t.Errorf("finding %+v", found[0])
	}
	if want := (place{Line: 28, Character: 60}); found[0].Range.Start != want { // an apple is two units
		t.Errorf("the finding starts at %+v, not at %+v", found[0].Range.Start, want)
	}
	for name, text := range e.texts {
		if err := os.WriteFile(filepath.Join(e.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	e.mu.Lock()
	for uri, list := range e.findings {
		name, _ := e.text(uri)
		for _, f := range list {
			first, _, _ := strings.Cut(f.Message, "\n")
			got = append(got, f.Code+" "+name+" "+first)
		}
	}
	e.mu.Unlock()
	if diff := cmp.Diff(validated(t, e.dir), got); diff != "" {
		t.Errorf("krowave validate finds (-) what the editor shows (+):\n%s", diff)
	}
	e.replace("shop-rgd.yaml", "sgin", "sign")
	e.await("shop-rgd.yaml")
	if code := e.bye(); code != 0 {
		t.Errorf("exit code %d\n%s", code, e.err)
	}
}

// TestWholeTextAndClose: a change without a range is the whole text, a file that
// is closed counts as it is on disk, and one that nobody has open is checked too.
func TestWholeTextAndClose(t *testing.T) {
	e := newEditor(t, shop, nil)
	e.open("shop-rgd.yaml")
	e.await("shop-rgd.yaml")
	e.openText("stands/new.yaml", "apiVersion: kro.run/v1alpha1\nkind: Stand\nmetadata:\n  name: new\nspec:\n  good: x\n")
	e.await("stands/new.yaml", "unknown-field: good")
	e.texts["stands/new.yaml"] = "apiVersion: kro.run/v1alpha1\nkind: Stand\nmetadata:\n  name: market\n"
	e.notify("textDocument/didChange", map[string]any{
		"textDocument":   map[string]any{"uri": e.uri("stands/new.yaml"), "version": 2},
		"contentChanges": []any{map[string]any{"text": "garbage"}, map[string]any{"text": e.texts["stands/new.yaml"]}},
	})
	e.await("stands/new.yaml", "duplicate-object: apiVersion") // with stands/market.yaml
	e.replace("stands/new.yaml", "market", "fair")
	e.await("stands/new.yaml")
	e.replace("shop-rgd.yaml", "default=1 minimum=1 maximum=9", "required=true")
	e.await("stands/market.yaml", "object-schema: goods")
	e.close("shop-rgd.yaml")
	e.await("stands/market.yaml")
	e.replace("stands/new.yaml", "Stand", "Stend")
	e.await("stands/new.yaml", "unknown-instance: Stend")
	e.close("stands/new.yaml")
	e.await("stands/new.yaml")
}

// TestBrokenFiles: whatever a file holds while somebody types, the server goes on.
func TestBrokenFiles(t *testing.T) {
	e := newEditor(t, shop, nil)
	e.open("shop-rgd.yaml")
	for _, text := range []string{
		"", "\x00\xff", "a: [", "apiVersion: kro.run/v1alpha1\nkind: ResourceGraphDefinition\n", "a: &a [*a]\n", "${", "- - -", "a: ${schema.spec.\r",
		strings.Repeat("[", 5000), "kind: ResourceGraphDefinition\nspec: {resources: [{id: 1, template: {a: '${'}}, 2, null]}\n",
	} {
		e.texts["shop-rgd.yaml"] = text
		e.notify("textDocument/didChange", map[string]any{
			"textDocument":   map[string]any{"uri": e.uri("shop-rgd.yaml"), "version": 2},
			"contentChanges": []any{map[string]any{"text": text}},
		})
		for _, method := range []string{"textDocument/hover", "textDocument/completion", "textDocument/definition", "textDocument/references",
			"textDocument/documentSymbol", "textDocument/codeAction", "textDocument/rename", "textDocument/prepareRename"} {
			for _, p := range []place{{0, 0}, {0, 1 << 20}, {1 << 20, 3}, {-1, -1}, {0, len(text) / 2}} {
				_, err := e.try(method, map[string]any{
					"textDocument": map[string]any{"uri": e.uri("shop-rgd.yaml")}, "position": map[string]any{"line": p.Line, "character": p.Character},
					"newName": "x", "context": map[string]any{"diagnostics": []any{}}, "range": map[string]any{"start": map[string]any{}, "end": map[string]any{}},
				})
				var refused *jsonrpc2.Error
				if err != nil && (!errors.As(err, &refused) || refused.Code == jsonrpc2.CodeInternalError) {
					t.Fatalf("%s of %q at %+v: %v\n%s", method, text, p, err, e.err)
				}
			}
		}
	}
	e.texts["shop-rgd.yaml"] = ""
	data, err := os.ReadFile(filepath.Join(e.dir, "shop-rgd.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	e.openText("shop-rgd.yaml", string(data))
	e.await("shop-rgd.yaml")
	if code := e.bye(); code != 0 || strings.Contains(e.err.String(), "panic") {
		t.Errorf("exit code %d\n%s", code, e.err)
	}
}

// TestLife: what comes at the wrong time is refused, and an end without a
// farewell is an error.
func TestLife(t *testing.T) {
	e := newEditor(t, shop, nil)
	for _, c := range []struct {
		method string
		code   int64
	}{{"initialize", jsonrpc2.CodeInvalidRequest}, {"textDocument/unheardOf", jsonrpc2.CodeMethodNotFound}} {
		_, err := e.try(c.method, map[string]any{})
		var refused *jsonrpc2.Error
		if !errors.As(err, &refused) || refused.Code != c.code {
			t.Errorf("%s: %v", c.method, err)
		}
	}
	e.notify("$/cancelRequest", map[string]any{"id": 12345})
	e.notify("$/unheardOf", nil)
	if got := e.calls(1); !cmp.Equal([]string{"client/registerCapability"}, got) {
		t.Errorf("calls of the server: %q", got)
	}
	e.notify("exit", nil)
	_ = e.cmd.Wait()
	if code := e.cmd.ProcessState.ExitCode(); code == 0 {
		t.Error("the exit code of a client without shutdown is 0")
	}
}
