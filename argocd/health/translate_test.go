package health

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/render/schema"
)

// widget is a kind with a field of every type; open is one that nothing is known of.
func widget() *schema.Schema {
	scalar := func(typ string) *schema.Schema { return &schema.Schema{Type: typ} }
	condition := &schema.Schema{Type: "object", Properties: map[string]*schema.Schema{
		"type": scalar("string"), "status": scalar("string"), "count": scalar("integer"),
	}}
	list := func(items *schema.Schema) *schema.Schema { return &schema.Schema{Type: "array", Items: items} }
	labels := &schema.Schema{Type: "object", AdditionalProperties: scalar("string"), HasAdditional: true}
	fields := func(properties map[string]*schema.Schema) *schema.Schema {
		return &schema.Schema{Type: "object", Properties: properties}
	}
	return fields(map[string]*schema.Schema{
		"metadata": fields(map[string]*schema.Schema{"name": scalar("string"), "labels": labels, "generation": scalar("integer")}),
		"spec":     fields(map[string]*schema.Schema{"replicas": scalar("integer"), "paused": scalar("boolean")}),
		"status": fields(map[string]*schema.Schema{
			"phase": scalar("string"), "ready": scalar("integer"), "load": scalar("number"), "ok": scalar("boolean"),
			"observedGeneration": scalar("integer"), "when": {Type: "string", Format: "date-time"},
			"conditions": list(condition), "names": list(scalar("string")), "extra": labels,
		}),
	})
}

func open() *schema.Schema { return &schema.Schema{Type: "object", PreserveUnknown: true} }

// carried lists expressions that must have a counterpart for typed and for
// unknown kinds; those after "typed" need a schema.
const carried = `
w.status.phase == "Ready"
w.status.phase != "Failed"
!(w.status.phase == "Failed")
w.status.phase < "M"
w.status.phase >= "M"
"Ready" <= w.status.phase
w.status.ready > 0
w.status.ready >= w.spec.replicas
w.status.ready == w.spec.replicas
w.status.ready != w.spec.replicas
w.status.load > 0.5
w.status.load <= 1.0
dyn(w.status.ready) == 1.0
w.status.ok == true
w.status.ok == !w.spec.paused
w.status.ok && !w.spec.paused
w.status.ok || w.spec.paused
w.status.ok == true || w.status.phase == "Ready"
w.status.phase == "Ready" || w.status.ready > 1 && w.status.ok
!(w.status.ok && w.spec.paused) == true
w.status.missing == "x" || true typed:no
has(w.status) && has(w.status.phase)
has(w.status.phase) || has(w.spec.paused)
!has(w.status.phase)
has(w.status.phase) ? w.status.phase == "Ready" : w.status.ready > 0
(w.status.ok ? w.status.ready : w.spec.replicas) > 1
w.?status.?phase.orValue("x") == "Ready"
w.status.?phase.orValue("") != ""
w.?status.phase.orValue("none") != "none"
w.status.?phase.hasValue()
w.status.?phase.value() == "Ready"
w.status.?phase.or(w.metadata.?name).orValue("") == "a"
w.status.?ready.orValue(0) >= w.spec.?replicas.orValue(1)
w.status.?ok
w.status.?ok.orValue(false)
w.status.?conditions.orValue([]).size() > 0
w.status.?phase.optMap(p, p == "Ready").orValue(false)
optional.of(w.status.phase).orValue("a") == "Ready"
w.status.conditions.exists(c, c.type == "Ready" && c.status == "True")
w.status.conditions.exists(c, c.count > 1 || c.type == "Ready")
w.status.conditions.all(c, c.status == "True")
w.status.conditions.all(c, c.status == "True" || c.type != "Ready")
w.status.conditions.exists_one(c, c.type == "Ready")
w.status.conditions.filter(c, c.type == "Ready").size() == 1
w.status.conditions.filter(c, c.type == "Ready")[0].status == "True"
w.status.conditions.map(c, c.status).all(s, s == "True")
w.status.conditions.map(c, c.type == "Ready", c.status)[0] == "True"
w.status.conditions.map(c, c.type).exists(x, x in ["Ready", "Synced"])
w.status.conditions.exists(c, w.status.names.exists(n, n == c.type))
w.status.conditions.exists(c, w.status.conditions.all(c, c.status == "True") && c.type == "Ready")
w.status.conditions[0].status == "True"
w.status.conditions[1].?status.orValue("x") == "True"
w.status.conditions[?0].?status.orValue("x") == "True"
w.status.conditions[w.status.ready].status == "True"
w.status.names[0] + w.status.names[1] == "aa"
size(w.status.conditions) > 1
w.status.conditions.size() == w.spec.replicas
size(w.status.phase) > 0
w.status.phase.size() == 0
1 <= size(w.status.phase)
size(w.metadata.labels) > 0
w.metadata.labels["a.b/c"] == "true"
w.metadata.labels[?"a.b/c"].orValue("") == "true"
"a" in w.metadata.labels
"a" in w.status.names
!("a" in w.status.names)
w.status.phase in ["Ready", "Running"]
w.status.phase in {"Ready": true, "Running": 1}
w.status.ready in [1, 2]
w.metadata.labels.exists(k, k == "a")
w.metadata.labels.all(k, w.metadata.labels[k] == "a")
w.status.ready + 1 == 2
w.status.ready + w.spec.replicas > 2
w.status.phase + "-" + w.metadata.name == "a-a"
dyn(w.status.phase) != null
w.status.?when.orValue(null) != null
w.status.?when.orValue(null) == null
w.status.when != null
!(w.status.ready < 1)
cel.bind(s, w.status, s.phase == "Ready" && s.ready > 0)
w.status.observedGeneration == w.metadata.generation
dyn(w.status.phase) == "Ready"
true
`

// refused lists expressions with what their reason must say.
const refused = `
w.status.phase.startsWith("R") | startsWith() has no counterpart
w.status.phase.matches("R.*") | matches() has no counterpart
w.status.phase.contains("R") | contains() has no counterpart
w.status.phase.lowerAscii() == "a" | lowerAscii() has no counterpart
w.status.names.join(",") == "a" | join() has no counterpart
string(w.status.ready) == "1" | string() has no counterpart
int(w.status.phase) > 1 | int() has no counterpart
timestamp(w.status.phase) < timestamp("2026-01-01T00:00:00Z") | date and time values
quantity(w.status.phase).isGreaterThan(quantity("1")) | isGreaterThan() has no counterpart
w.status.ready - 1 == 0 | the operator - has no counterpart
w.status.ready * 2 == 2 | the operator * has no counterpart
w.status.ready / 2 == 2 | the operator / has no counterpart
w.status.ready % 2 == 0 | the operator % has no counterpart
w.status.load + 0.5 > 1.0 | + on double
-w.status.ready == 1 | the operator - has no counterpart
size(w.status.phase) > 3 | counts characters
w.status.names == ["a"] | lists and maps cannot be compared
w.metadata.labels == {"a": "b"} | lists and maps cannot be compared
w.status.when == null | cannot distinguish null from an absent field
w.status.?phase == optional.of("a") | optionals cannot be compared
w.status.ready > 9007199254740993 | too large
w.status.when < w.status.when | date and time values
b"a" == bytes(w.status.phase) | bytes
w.status.conditions.exists(i, c, c.status == "True") | two variables
w.status.ready in {1: "a"} | strings as keys
`

func lines(table string) []string { return strings.Split(strings.TrimSpace(table), "\n") }

func TestCarriedConditions(t *testing.T) {
	var total tally
	for _, line := range lines(carried) {
		source, untypedOnly := strings.CutSuffix(line, " typed:no")
		for name, kind := range map[string]*schema.Schema{"typed": widget(), "open": open()} {
			if name == "typed" && untypedOnly {
				continue
			}
			p, err := pairOf(t, source, "w", kind)
			if err != nil {
				t.Errorf("%s, %s: %v", source, name, err)
				continue
			}
			total.expressions++
			total.run(t, name, p, 80)
		}
	}
	t.Logf("%d expressions, %d comparisons, %d ready, %d with null where CEL says otherwise",
		total.expressions, total.comparisons, total.ready, total.nulls)
	if total.comparisons < 10_000 {
		t.Errorf("%d comparisons, want 10000", total.comparisons)
	}
}

func TestRefusedConditions(t *testing.T) {
	for _, line := range lines(refused) {
		source, want, _ := strings.Cut(line, " | ")
		lua, err := translate(source, "w", widget())
		if err == nil {
			t.Errorf("%s becomes %s, want a reason with %q", source, lua, want)
		} else if !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want a reason with %q", source, err, want)
		}
	}
}

func TestQuote(t *testing.T) {
	text := "a\"b\\c\nd\x00\t\u00e9\r]]--"
	got, message, err := argoCD(`return {status = `+quote(text)+`, message = "x"}`, nil)
	if diff := cmp.Diff([]any{text, "x", nil}, []any{got, message, err}); diff != "" {
		t.Error(diff)
	}
	if !regexp.MustCompile(`^[ -~]*$`).MatchString(quote(text)) {
		t.Errorf("%q is not printable ASCII", quote(text))
	}
}

// TestNumbersBeyondFloats: where Lua's floats cannot tell, nothing is ready.
func TestNumbersBeyondFloats(t *testing.T) {
	p, err := pairOf(t, "w.status.ready == w.spec.replicas", "w", widget())
	if err != nil {
		t.Fatal(err)
	}
	text := script([]nodeCheck{{origin: "rgd/w", conditions: []condition{{text: p.source, lua: p.lua}}}})
	for _, c := range []struct {
		ready, replicas int64
		want            string
	}{
		{1<<53 - 1, 1<<53 - 1, "Healthy"}, {1 << 53, 1<<53 + 1, "Progressing"}, {1 << 53, 1 << 53, "Progressing"}, {-1 << 60, -1 << 60, "Progressing"},
	} {
		object := map[string]any{"spec": map[string]any{"replicas": c.replicas}, "status": map[string]any{"ready": c.ready}}
		annotate(object, "rgd/w")
		if got, _, err := argoCD(text, object); got != c.want || err != nil {
			t.Errorf("%d == %d: %s %v, want %s", c.ready, c.replicas, got, err, c.want)
		}
	}
}
