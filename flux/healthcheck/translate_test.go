package healthcheck

import (
	"testing"

	fluxcel "github.com/fluxcd/pkg/runtime/cel"
	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/render/schema"
)

func TestTranslate(t *testing.T) {
	object := &schema.Schema{Type: "object", PreserveUnknown: true}
	for _, tt := range []struct{ source, want, reason string }{
		{source: `db.status.ready`, want: `status.ready`},
		{source: `db.status.state == "available"`, want: `status.state == "available"`},
		{source: `has(db.status) && db.status.ready == true`, want: `status.ready == true`},
		{source: `has(db.status) && has(db.status.ready) && db.status.ready`, want: `has(status.ready) && status.ready`},
		{source: `has(db.status)`, want: `status == status`},
		{source: `"status" in db && db["status"]["ready"]`, want: `status["ready"]`},
		{source: `has(db.status) && db.spec.replicas == 1`, want: `status == status && spec.replicas == 1`},
		{source: `!has(db.status) || db.status.ready`, reason: `it can be true while the object has no status, and Flux cannot evaluate an absent field`},
		{source: `db.?status.?ready.orValue(false)`, want: `status.?ready.orValue(false)`},
		{source: `db.?status.ready.orValue(false)`, want: `status.?ready.orValue(false)`},
		{source: `db.?status.?ready.orValue(true)`, reason: `it can be true while the object has no status, and Flux cannot evaluate an absent field`},
		{source: `db.?status.?conditions.orValue([]).exists(c, c.type == "Ready" && c.status == "True")`,
			want: `status.?conditions.orValue([]).exists(c, c.type == "Ready" && c.status == "True")`},
		{source: `db.status.?ready`, want: `(status.?ready).orValue(false)`},
		{source: `db.?status`, want: `(optional.of(status)).orValue(false)`},
		// A loop variable that is called as a field, or as the node itself.
		{source: `db.status.items.all(status, status.ready == db.status.ready)`, want: `status.items.all(status_, status_.ready == status.ready)`},
		{source: `db.status.items.all(db, db.ready)`, want: `status.items.all(db, db.ready)`},
		{source: `db.status.message == "db.status" + 'x"y'`, want: `status.message == "db.status" + "x\"y"`},
		{source: `[db.status.a, db.status.b].exists(x, x > 1)`, want: `[status.a, status.b].exists(x, x > 1)`},
		{source: `{"a": db.status.a}["a"] == 1`, want: `{"a": status.a}["a"] == 1`},
		{source: `db.status.a ? db.status.b : !db.status.c`, want: `status.a ? status.b : !status.c`},
		{source: `size(db) > 1`, reason: errWhole.Error()},
		{source: `db.status.items.all(i, v, v.ready)`, reason: `undeclared reference to 'all' (in container '') in Flux's CEL`},
		{source: `math.greatest(db.status.a, 1) == 1`, reason: `undeclared reference to 'math' (in container '') in Flux's CEL`},
		{source: `db.status.items.sum() == 1`, reason: `undeclared reference to 'sum' (in container '') in Flux's CEL`},
		{source: `isQuantity(db.status.size)`, reason: `undeclared reference to 'isQuantity' (in container '') in Flux's CEL`},
		{source: `db.status.name.matches("^a+$") && db.status.name.split("a").size() == 1`, want: `status.name.matches("^a+$") && status.name.split("a").size() == 1`},
		{source: `timestamp(db.status.time) < timestamp("2030-01-01T00:00:00Z")`, want: `timestamp(status.time) < timestamp("2030-01-01T00:00:00Z")`},
		{source: `db.namespace == "x"`, reason: `Flux has no variable for the field namespace, which is not a valid CEL name`},
	} {
		got, err := translate(tt.source, "db", object)
		why := ""
		if err != nil {
			why = err.Error()
		}
		if diff := cmp.Diff([]string{tt.want, tt.reason}, []string{got, why}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.source, diff)
		}
	}
}

// TestEnvironmentIsThatOfFlux compiles one call of every library in both
// environments.
func TestEnvironmentIsThatOfFlux(t *testing.T) {
	env, err := environment()
	if err != nil {
		t.Fatal(err)
	}
	accepted := 0
	for _, source := range []string{
		`"a".split("b").size() == 1`, `"a".lowerAscii() == "a"`, `["a"].join(",") == "a"`, `"%d".format([1]) == "1"`, `"a".reverse() == "a"`,
		`strings.quote("a") == "a"`, `"a".matches("a")`, `sets.contains([1], [1])`, `base64.encode(b"a") == ""`, `optional.of(1).hasValue()`,
		`1 < 1.5`, `[1, "a"].size() == 2`, `timestamp("2020-01-01T00:00:00Z").getHours() == 1`, `duration("1s") == duration("1s")`,
		`[1].all(i, v, v == 1)`, `lists.range(2) == [1]`, `[1].flatten() == [1]`, `math.abs(1) == 1`, `cel.bind(a, 1, a == 1)`, `quantity("1") == quantity("1")`,
		`isURL("a")`, `ip("1.1.1.1") == ip("1.1.1.1")`, `semver("1.0.0") == semver("1.0.0")`, `"a".find("a") == "a"`, `[1].sum() == 1`, `[1].isSorted()`,
		`json.marshal(1) == ""`, `hash.md5("a") == ""`, `random.seededString(1, "a") == ""`, `{}.merge({}) == {}`, `optional.of(1).optMap(x, x == 1).hasValue()`,
		"{}.`a-b` == 1", `[1].first().hasValue()`, `"a".charAt(0) == "a"`, `"a".format([1]) == ""`, `regex.replace("a", "a", "b") == ""`,
	} {
		_, issues := env.Compile(source)
		_, err := fluxcel.NewExpression(source, fluxcel.WithCompile())
		if (issues.Err() == nil) != (err == nil) {
			t.Errorf("%s: ours %v, Flux's %v", source, issues.Err(), err)
		}
		if err == nil {
			accepted++
		}
	}
	if accepted < 10 {
		t.Errorf("only %d expressions were accepted", accepted)
	}
}

func TestJoin(t *testing.T) {
	check := func(name, current string) Check {
		return Check{APIVersion: "db.example.com/v1", Kind: "Database", Namespace: "shop", Name: name, Current: current}
	}
	elsewhere := check("a", "status.b")
	elsewhere.Namespace = "other"
	for _, tt := range []struct {
		name   string
		checks []Check
		want   string
	}{
		{"one", []Check{check("a", "status.a")}, "status.a"},
		{"the same twice", []Check{check("b", "status.a"), check("a", "status.a")}, "status.a"},
		{"several", []Check{check("c", "status.c || status.d"), check("b", "status.a"), check("a", "status.a")},
			`metadata.name in ["a", "b"] ? (status.a) : metadata.name == "c" ? (status.c || status.d) : true`},
		{"one name in two namespaces", []Check{check("a", "status.a"), check("b", "status.b"), elsewhere},
			`metadata.namespace == "shop" && metadata.name == "a" ? (status.a) : ` +
				`metadata.name == "b" || metadata.namespace == "other" && metadata.name == "a" ? (status.b) : true`},
	} {
		got := Join(tt.checks)
		if len(got) != 1 || got[0].Current != tt.want || got[0].Kind != "Database" || got[0].APIVersion != "db.example.com/v1" {
			t.Errorf("%s: got %+v, want %s", tt.name, got, tt.want)
			continue
		}
		if _, err := fluxcel.NewExpression(got[0].Current); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	if got := Join([]Check{{APIVersion: "batch/v1", Kind: "Job", Name: "a"}}); len(got) != 0 {
		t.Errorf("Flux's own check was replaced: %+v", got)
	}
}
